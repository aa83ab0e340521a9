//! Words that cross: what the requester wrote while an officer did is read before anything is said.

use flare_contracts::intake::v1::{Message, PostMessageRequest, PostMessageResponse};
use flare_seal::Compartment;

use super::{
    desk::{Desk, call},
    record::CaseRecord,
};
use crate::cli::{
    CliError,
    output::{indented, isolated},
    prompt,
};

/// Who wrote a message that staff did not.
const REQUESTER: &str = "requester";

/// Posts a message. When the requester wrote since the place that the writer has seen, shows that first and asks whether
/// the words still hold; where nobody can be asked, nothing is said.
pub(super) async fn post_seen(
    desk: &Desk<'_>,
    record: &CaseRecord,
    mut request: PostMessageRequest,
) -> Result<PostMessageResponse, CliError> {
    loop {
        let error = match call!(desk, intake.post_message(request.clone())) {
            Ok(posted) => return Ok(posted),
            Err(error) if error.reason == "MESSAGES_CROSSED" => error,
            Err(error) => return Err(error),
        };
        let thread = record.messages(desk).await?;
        let newest = newest_place(&thread);
        show(desk, record, "They wrote while you did", &since(&thread, request.seen));
        if desk.context.output.is_json() || !prompt::is_possible() {
            let case = record.id;
            return Err(error.hint(format!(
                "nothing was sent; read the thread with `flare case show {case}`, then repeat with --seen {newest}"
            )));
        }
        if !prompt::confirm("Send yours all the same?", "--seen")? {
            return Err(error.hint("nothing was sent"));
        }
        request.seen = newest;
    }
}

/// Shows what the requester wrote since staff last did, and says up to which place the thread was read.
pub(super) async fn show_unanswered(desk: &Desk<'_>, record: &CaseRecord) -> Result<i64, CliError> {
    let thread = record.messages(desk).await?;
    let answered = thread.iter().rev().find(|message| message.author != REQUESTER);
    let unanswered = since(&thread, answered.map_or(0, |message| message.place));
    show(desk, record, "They wrote, and nobody has answered", &unanswered);
    Ok(newest_place(&thread))
}

fn show(desk: &Desk<'_>, record: &CaseRecord, heading: &str, messages: &[&Message]) {
    let output = &desk.context.output;
    if messages.is_empty() {
        return;
    }
    output.heading(heading);
    for message in messages {
        let text = record.text(Compartment::Thread, message.text.as_ref()).unwrap_or_default();
        output.line(format!(
            "{}\n{}",
            output.dim(output.happened(message.at.as_ref())),
            indented(&isolated(&text))
        ));
    }
    output.line("");
}

/// What the requester wrote after a place in the thread.
fn since(thread: &[Message], place: i64) -> Vec<&Message> {
    thread.iter().filter(|message| message.place > place && message.author == REQUESTER).collect()
}

fn newest_place(thread: &[Message]) -> i64 {
    thread.iter().map(|message| message.place).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_requester_wrote_since_is_news_and_what_staff_wrote_is_not() {
        let message =
            |place, author: &str| Message { place, author: author.to_owned(), ..Message::default() };
        let thread = [
            message(2, REQUESTER),
            message(3, "staff_1"),
            message(5, REQUESTER),
            message(6, "staff_2"),
            message(9, REQUESTER),
        ];
        let places = |place| since(&thread, place).iter().map(|message| message.place).collect::<Vec<_>>();
        assert_eq!((places(0), places(2), places(6)), (vec![2, 5, 9], vec![5, 9], vec![9]));
        assert!(places(9).is_empty());
        assert_eq!((newest_place(&thread), newest_place(&[])), (9, 0));
    }
}
