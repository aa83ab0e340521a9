//! Stopping a case and letting it go on: withdraw, pause, hold, resume, close, reopen.

use flare_contracts::{
    fields,
    triage::v1::{
        CloseCaseRequest, HoldCaseRequest, PauseCaseRequest, ReopenCaseRequest, ResumeCaseRequest, StopReply,
        WithdrawCaseRequest,
    },
};
use flare_kernel::CaseId;
use serde::Serialize;

use super::{CaseRecord, CaseStanding, Desk, case_record::next_version};
use crate::{EdgeError, call::call};

/// What stopping a case left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// Where the case stands.
    #[serde(flatten)]
    pub standing: CaseStanding,
    /// Whether grants confirmed that money has stopped; until then it was only asked to.
    pub money_stopped: bool,
}

/// An act that a case, a reason and a version are all there is to.
macro_rules! plain_act {
    ($desk:expr, $rpc:ident, $Request:ident, $case:expr, $reason:expr, $seen:expr) => {{
        let version = $desk.case_version($case, $seen).await?;
        let request = $Request {
            request_id: $desk.key.use_it(),
            case_id: $case.to_string(),
            version,
            reason: $reason.to_owned(),
        };
        let answer = call!($desk, triage.$rpc(request));
        $desk.case_changed($case, answer).await
    }};
}

impl Desk {
    /// Withdraws a case on the requester's behalf; money stops first.
    pub async fn withdraw(
        &self,
        case: CaseId,
        reason: &str,
        seen: Option<i64>,
    ) -> Result<Stopped, EdgeError> {
        stopped(plain_act!(self, withdraw_case, WithdrawCaseRequest, case, reason, seen)?)
    }

    /// Pauses a case for safety: nothing goes out and no money moves until it is resumed.
    pub async fn pause(&self, case: CaseId, reason: &str, seen: Option<i64>) -> Result<Stopped, EdgeError> {
        stopped(plain_act!(self, pause_case, PauseCaseRequest, case, reason, seen)?)
    }

    /// Holds a case for an inquiry: no money moves until it is resumed.
    pub async fn hold(&self, case: CaseId, reason: &str, seen: Option<i64>) -> Result<Stopped, EdgeError> {
        stopped(plain_act!(self, hold_case, HoldCaseRequest, case, reason, seen)?)
    }

    /// Ends a pause or an inquiry; not by the person who began it.
    pub async fn resume(
        &self,
        case: CaseId,
        reason: &str,
        seen: Option<i64>,
    ) -> Result<CaseStanding, EdgeError> {
        Ok(plain_act!(self, resume_case, ResumeCaseRequest, case, reason, seen)?.into())
    }

    /// Opens a closed or withdrawn case again.
    pub async fn reopen(
        &self,
        case: CaseId,
        reason: &str,
        seen: Option<i64>,
    ) -> Result<CaseStanding, EdgeError> {
        Ok(plain_act!(self, reopen_case, ReopenCaseRequest, case, reason, seen)?.into())
    }

    /// Closes a case in which every need has ended, with a note for staff if there is one.
    pub async fn close(
        &self,
        record: &mut CaseRecord,
        exit: &str,
        note: Option<&str>,
    ) -> Result<CaseStanding, EdgeError> {
        record.make_notes_writable(self).await?;
        let version = next_version(record.case.exit_words.as_ref());
        let words = note.map(|note| record.seal_note(&fields::CLOSE, version, note)).transpose()?;
        let request = CloseCaseRequest {
            request_id: self.key.use_it(),
            case_id: record.id.to_string(),
            version: record.version(),
            exit: exit.to_owned(),
            words,
        };
        let answer = call!(self, triage.close_case(request));
        Ok(self.case_changed(record.id, answer).await?.into())
    }
}

fn stopped(reply: StopReply) -> Result<Stopped, EdgeError> {
    let state = reply.state.ok_or(EdgeError::Incomplete("the case's state"))?;
    Ok(Stopped { standing: state.into(), money_stopped: reply.money_stopped })
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        common::v1::Lane,
        triage::v1::{CaseState, Stage},
    };
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stopped_case_says_where_it_stands_and_whether_money_has_stopped() {
        for money_stopped in [false, true] {
            let state = CaseState {
                case_id: "case_1".to_owned(),
                codename: "amber-kestrel-27".to_owned(),
                version: 7,
                stage: Stage::Paused.into(),
                lane: Lane::Urgent.into(),
            };
            let document = json!({
                "case_id": "case_1",
                "codename": "amber-kestrel-27",
                "version": 7,
                "stage": "paused",
                "lane": "urgent",
                "money_stopped": money_stopped,
            });
            let told = stopped(StopReply { state: Some(state), money_stopped }).unwrap();
            assert_eq!(serde_json::to_value(told).unwrap(), document);
            assert!(stopped(StopReply { state: None, money_stopped }).is_err());
        }
    }
}
