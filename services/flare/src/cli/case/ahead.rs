//! Words that go ahead of an act: a proposal, an agreement and a refusal stand in the requester's thread before the act is
//! done. What would stop the act is looked at before anything is said, for nothing that was said can be taken back.

use flare_contracts::{fields, intake::v1::MessageKind};
use flare_edge::ContactPlan;

use super::{
    desk::Desk,
    record::CaseRecord,
    saying::{Said, message_of, post},
};
use crate::cli::CliError;

/// Passes on why the act would be refused. When this very command has said its words before, under the same
/// `--request-id`, it is only brought to its end, and what it changed itself does not stop it.
pub(crate) async fn check_ahead(
    desk: &Desk<'_>,
    case: &CaseRecord,
    (kind, about): (MessageKind, &str),
    check: Result<(), CliError>,
) -> Result<(), CliError> {
    let Err(error) = check else { return Ok(()) };
    if desk.context.may_be_a_repetition() {
        let message = message_of(desk, case, (kind, about)).to_string();
        if case.messages(desk).await?.iter().any(|said| said.message_id == message) {
            return Ok(());
        }
    }
    Err(error)
}

/// Says something about a grant as it is at a version. Whoever is cut off between the words and the act, and gives the
/// command again, finds the same message: its id follows from the grant, the version, the kind and the words.
pub(crate) async fn post_ahead(
    desk: &mut Desk<'_>,
    case: &mut CaseRecord,
    plan: &ContactPlan,
    (kind, about, version): (MessageKind, &str, i64),
    text: &str,
) -> Result<Said, CliError> {
    case.begin_thread_to_write(desk).await?;
    // Sealed for its tag alone.
    let tag = case.keys.seal(&fields::WORDS_AHEAD, 1, text)?.tag;
    desk.mean(&format!("{about}/{version}/{}", kind.as_str_name()), &tag)?;
    post(desk, case, plan, (kind, about), text).await
}
