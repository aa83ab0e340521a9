//! The queue, an officer's own cases, and the cases that share a way to be reached: lists of cases, without content.

use flare_contracts::{
    common::v1::Lane,
    input,
    triage::v1::{
        self as wire, CaseSummary, ListMatchesRequest, ListMyCasesRequest, ListQueueRequest, Stage, WaitsFor,
    },
};
use flare_kernel::{CaseId, Timestamp};
use serde::Serialize;

use super::{
    Desk, People,
    pages::{Pages, Wanted},
};
use crate::{
    EdgeError,
    call::call,
    view::{text_or_none, told_codename, word},
};

/// A case in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueueLine {
    /// The case.
    pub case_id: String,
    /// Its name on screens that others may see.
    pub codename: String,
    /// How urgent it is.
    #[serde(serialize_with = "word")]
    pub lane: Lane,
    /// How far it is.
    #[serde(serialize_with = "word")]
    pub stage: Stage,
    /// The id of its owner; empty when it has none.
    pub owner_id: String,
    /// The name of its owner; none when it has none.
    pub owner: Option<String>,
    /// When it was sent.
    #[serde(serialize_with = "text_or_none")]
    pub submitted: Option<Timestamp>,
    /// When what is next is due.
    #[serde(serialize_with = "text_or_none")]
    pub due: Option<Timestamp>,
    /// What is next, as a stable code such as `welfare_check`.
    pub next: String,
    /// The requester wrote and nobody has answered since.
    pub has_news: bool,
    /// Whose act comes next; unspecified where the case has ended and nobody waits.
    #[serde(serialize_with = "word")]
    pub waits_for: WaitsFor,
}

/// A list of cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueuePage {
    /// In the order of the list.
    pub cases: Vec<QueueLine>,
    /// Where those begin that are not among them; empty when all are.
    pub next_page_token: String,
    /// How many cases wait for whom, when the list is a queue and was read from its beginning.
    pub counts: Vec<QueueCount>,
}

/// How many cases of a queue wait for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QueueCount {
    /// For whom.
    #[serde(serialize_with = "word")]
    pub waits_for: WaitsFor,
    /// How many, counted no further than [`QueueCount::MOST`].
    pub cases: i64,
}

impl QueueCount {
    /// How far cases are counted: it stands for so many or more.
    pub const MOST: i64 = 1_000;
}

/// The rows of a queue that wait for somebody, as triage lists them.
macro_rules! queue {
    ($desk:expr, $rpc:ident, $Request:ident, $waits_for:expr, $wanted:expr) => {{
        let (mut pages, mut counts) = (Pages::new($wanted), Vec::new());
        while let Some((page_size, page_token)) = pages.next() {
            let waits_for = $waits_for.unwrap_or_default().into();
            let page = call!($desk, triage.$rpc($Request { page_size, page_token, waits_for }))?;
            counts.extend(page.counts);
            pages.take(page.cases, page.next_page_token);
        }
        Ok(QueuePage::of(pages.end(), &counts, &$desk.people().await?))
    }};
}

impl Desk {
    /// The cases of the queue that wait for us or, if it is said, for somebody else.
    pub async fn queue_page(
        &self,
        waits_for: Option<WaitsFor>,
        wanted: Wanted,
    ) -> Result<QueuePage, EdgeError> {
        queue!(self, list_queue, ListQueueRequest, waits_for, wanted)
    }

    /// The same of one's own cases.
    pub async fn my_cases_page(
        &self,
        waits_for: Option<WaitsFor>,
        wanted: Wanted,
    ) -> Result<QueuePage, EdgeError> {
        queue!(self, list_my_cases, ListMyCasesRequest, waits_for, wanted)
    }

    /// The cases that share a way to be reached with this one.
    pub async fn matches(&self, case: CaseId) -> Result<QueuePage, EdgeError> {
        let found = call!(self, triage.list_matches(ListMatchesRequest { case_id: case.to_string() }))?;
        Ok(QueuePage::of((found.cases, String::new()), &[], &self.people().await?))
    }
}

impl QueuePage {
    fn of(
        (cases, next_page_token): (Vec<CaseSummary>, String),
        counts: &[wire::QueueCount],
        people: &People,
    ) -> Self {
        let count =
            |count: &wire::QueueCount| QueueCount { waits_for: count.waits_for(), cases: count.cases };
        Self {
            cases: cases.iter().map(|case| QueueLine::of(case, people)).collect(),
            next_page_token,
            counts: counts.iter().map(count).collect(),
        }
    }
}

impl QueueLine {
    pub(super) fn of(case: &CaseSummary, people: &People) -> Self {
        Self {
            case_id: case.case_id.clone(),
            codename: told_codename(case.codename.clone()),
            lane: case.lane(),
            stage: case.stage(),
            owner_id: case.owner.clone(),
            owner: (!case.owner.is_empty()).then(|| people.name(&case.owner)),
            submitted: case.submitted.as_ref().map(input::timestamp_in),
            due: case.due.as_ref().map(input::timestamp_in),
            next: case.next.clone(),
            has_news: case.has_news,
            waits_for: case.waits_for(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_printed_as_it_always_was_and_says_whom_each_case_waits_for() {
        let people = People::named(&[("staff_1", "amal")]);
        let at = |micros| Some(input::timestamp_out(Timestamp::from_micros(micros)));
        let owned = CaseSummary {
            case_id: "case_1".to_owned(),
            codename: "amber-kestrel-27".to_owned(),
            lane: Lane::Critical.into(),
            stage: Stage::AwaitingRequester.into(),
            owner: "staff_1".to_owned(),
            submitted: at(1_795_300_000_000_000),
            due: at(1_795_300_060_000_000),
            next: "welfare_check".to_owned(),
            has_news: true,
            waits_for: WaitsFor::Us.into(),
        };
        let unowned = CaseSummary { case_id: "case_2".to_owned(), ..CaseSummary::default() };
        let counts = [wire::QueueCount { waits_for: WaitsFor::Requester.into(), cases: 3 }];
        let page = QueuePage::of((vec![owned, unowned], "more".to_owned()), &counts, &people);
        assert_eq!(
            serde_json::to_value(&page).unwrap(),
            json!({
                "cases": [
                    {
                        "case_id": "case_1", "codename": "amber-kestrel-27", "lane": "critical",
                        "stage": "awaiting-requester", "owner_id": "staff_1", "owner": "amal",
                        "submitted": "2026-11-21T22:26:40Z", "due": "2026-11-21T22:27:40Z",
                        "next": "welfare_check", "has_news": true, "waits_for": "us",
                    },
                    {
                        "case_id": "case_2", "codename": "", "lane": "-", "stage": "-", "owner_id": "",
                        "owner": null, "submitted": null, "due": null, "next": "", "has_news": false,
                        "waits_for": "-",
                    },
                ],
                "next_page_token": "more",
                "counts": [{ "waits_for": "requester", "cases": 3 }],
            })
        );
    }
}
