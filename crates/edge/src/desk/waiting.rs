//! What waits for one person, across cases and grants, in one list.

use flare_contracts::{common::v1::Lane, words::Worded as _};
use flare_kernel::Timestamp;
use serde::Serialize;

use super::{Desk, GrantLine, QueueLine, pages::Wanted};
use crate::{
    EdgeError,
    view::{text_or_none, word},
};

/// What is asked of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// The next act in a case of theirs.
    Case,
    /// Their vote on a grant.
    Vote,
    /// A payment, a check or a reservation for a grant.
    Finance,
}

/// Something that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingLine {
    /// What is asked.
    pub asked: Asked,
    /// The name of the case on screens that others may see.
    pub codename: String,
    /// The case.
    pub case_id: String,
    /// The grant; empty where a case waits.
    pub grant_id: String,
    /// How urgent it is.
    #[serde(serialize_with = "word")]
    pub lane: Lane,
    /// What is next: a stable code of the case such as `welfare_check`, or the stage of the grant.
    pub next: String,
    /// When it is due.
    #[serde(serialize_with = "text_or_none")]
    pub due: Option<Timestamp>,
}

/// What waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The most urgent first, then what is due first; what is never due comes last.
    pub waiting: Vec<WaitingLine>,
    /// Whether there is more than is told here.
    pub more: bool,
}

impl Desk {
    /// What waits for whoever works here: the next acts in their own cases, their votes, and what finance does, as far as
    /// their roles reach. Of each kind no more than `most` are told.
    pub async fn waiting(&self, most: usize) -> Result<Waiting, EdgeError> {
        let wanted = || Wanted { most, page_token: String::new() };
        let cases = if_allowed(self.my_cases_page(None, wanted()).await)?;
        let votes = if_allowed(self.my_votes(wanted()).await)?;
        let finance = if_allowed(self.grants_for_finance(wanted()).await)?;
        let more = [
            cases.as_ref().map(|page| &page.next_page_token),
            votes.as_ref().map(|page| &page.next_page_token),
            finance.as_ref().map(|page| &page.next_page_token),
        ];
        let more = more.into_iter().flatten().any(|token| !token.is_empty());
        let mut waiting: Vec<_> = cases.into_iter().flat_map(|page| page.cases).map(of_case).collect();
        waiting
            .extend(votes.into_iter().flat_map(|page| page.grants).map(|grant| of_grant(Asked::Vote, grant)));
        waiting.extend(
            finance.into_iter().flat_map(|page| page.grants).map(|grant| of_grant(Asked::Finance, grant)),
        );
        waiting.sort_by_key(rank);
        Ok(Waiting { waiting, more })
    }
}

/// A list, or none for somebody whose roles do not reach it.
fn if_allowed<T>(list: Result<T, EdgeError>) -> Result<Option<T>, EdgeError> {
    match list {
        Ok(list) => Ok(Some(list)),
        Err(error) if error.is_not_allowed() => Ok(None),
        Err(error) => Err(error),
    }
}

fn of_case(case: QueueLine) -> WaitingLine {
    WaitingLine {
        asked: Asked::Case,
        codename: case.codename,
        case_id: case.case_id,
        grant_id: String::new(),
        lane: case.lane,
        next: case.next,
        due: case.due,
    }
}

fn of_grant(asked: Asked, grant: GrantLine) -> WaitingLine {
    WaitingLine {
        asked,
        codename: grant.codename,
        case_id: grant.case_id,
        grant_id: grant.grant_id,
        lane: grant.lane,
        next: grant.stage.word().to_owned(),
        due: grant.due,
    }
}

/// By lane, then by when it is due, then by kind and name.
fn rank(line: &WaitingLine) -> (u8, Timestamp, Asked, String) {
    let urgency = match line.lane {
        Lane::Critical => 0,
        Lane::Urgent => 1,
        Lane::Standard => 2,
        Lane::Unspecified => 3,
    };
    let due = line.due.unwrap_or(Timestamp::from_micros(i64::MAX));
    (urgency, due, line.asked, line.codename.clone())
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    fn line(name: &str, lane: Lane, due: Option<i64>) -> WaitingLine {
        WaitingLine {
            asked: Asked::Case,
            codename: name.to_owned(),
            case_id: String::new(),
            grant_id: String::new(),
            lane,
            next: String::new(),
            due: due.map(Timestamp::from_micros),
        }
    }

    #[test]
    fn the_most_urgent_stands_first_then_what_is_due_first() {
        let mut lines = [
            line("never due", Lane::Critical, None),
            line("standard", Lane::Standard, Some(1)),
            line("later", Lane::Critical, Some(9)),
            line("urgent", Lane::Urgent, Some(1)),
            line("sooner", Lane::Critical, Some(2)),
        ];
        lines.sort_by_key(rank);
        let names: Vec<_> = lines.iter().map(|line| line.codename.as_str()).collect();
        assert_eq!(names, ["sooner", "later", "never due", "urgent", "standard"]);
    }

    #[test]
    fn a_list_beyond_somebodys_roles_is_none_and_one_that_fails_is_told() {
        assert_eq!(if_allowed(Ok(1)).unwrap(), Some(1));
        let denied = EdgeError::Answered(Status::permission_denied("not open to you"));
        assert_eq!(if_allowed::<u8>(Err(denied)).unwrap(), None);
        let away = EdgeError::Answered(Status::unavailable("away"));
        assert!(if_allowed::<u8>(Err(away)).is_err());
    }
}
