//! The grants of a case, those that wait for a vote, and those that wait for finance: lists of grants, without content.

use flare_contracts::{
    common::v1::Lane,
    grants::v1::{
        GrantStage, GrantSummary, ListCaseGrantsRequest, ListForFinanceRequest, ListMyVotesRequest,
    },
    input,
};
use flare_kernel::{CaseId, Timestamp};
use serde::Serialize;

use super::{
    Desk,
    pages::{Pages, Wanted},
};
use crate::{
    EdgeError,
    call::call,
    view::{money_text, text_or_none, told_codename, word},
};

/// A grant in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrantLine {
    /// The grant.
    pub grant_id: String,
    /// Its case.
    pub case_id: String,
    /// The name of its case on screens that others may see.
    pub codename: String,
    /// How urgent it is.
    #[serde(serialize_with = "word")]
    pub lane: Lane,
    /// How far it is.
    #[serde(serialize_with = "word")]
    pub stage: GrantStage,
    /// The most that it may cost, such as `9400.00 EUR`.
    pub ceiling: String,
    /// Its last day, `YYYY-MM-DD`.
    pub end: String,
    /// When what is next is due.
    #[serde(serialize_with = "text_or_none")]
    pub due: Option<Timestamp>,
}

/// A list of grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrantPage {
    /// In the order of the list.
    pub grants: Vec<GrantLine>,
    /// Where those begin that are not among them; empty when all are.
    pub next_page_token: String,
}

/// The rows of a list of grants. A list is asked for by the place of the page, and of what else is named.
macro_rules! list {
    ($desk:expr, $rpc:ident, $Request:ident { $($field:ident: $value:expr)? }, $wanted:expr) => {{
        let mut pages = Pages::new($wanted);
        while let Some((page_size, page_token)) = pages.next() {
            let request = $Request { $($field: $value,)? page_size, page_token };
            let page = call!($desk, grants.$rpc(request))?;
            pages.take(page.grants, page.next_page_token);
        }
        Ok(GrantPage::of(pages.end()))
    }};
}

impl Desk {
    /// The grants of a case.
    pub async fn case_grants(&self, case: CaseId, wanted: Wanted) -> Result<GrantPage, EdgeError> {
        list!(self, list_case_grants, ListCaseGrantsRequest { case_id: case.to_string() }, wanted)
    }

    /// The grants that wait for one's vote, the one due first on top.
    pub async fn my_votes(&self, wanted: Wanted) -> Result<GrantPage, EdgeError> {
        list!(self, list_my_votes, ListMyVotesRequest {}, wanted)
    }

    /// The grants that wait for finance.
    pub async fn grants_for_finance(&self, wanted: Wanted) -> Result<GrantPage, EdgeError> {
        list!(self, list_for_finance, ListForFinanceRequest {}, wanted)
    }
}

impl GrantPage {
    fn of((grants, next_page_token): (Vec<GrantSummary>, String)) -> Self {
        Self { grants: grants.iter().map(GrantLine::of).collect(), next_page_token }
    }
}

impl GrantLine {
    fn of(grant: &GrantSummary) -> Self {
        Self {
            grant_id: grant.grant_id.clone(),
            case_id: grant.case_id.clone(),
            codename: told_codename(grant.codename.clone()),
            lane: grant.lane(),
            stage: grant.stage(),
            ceiling: money_text(grant.ceiling.as_ref()),
            end: grant.end.clone(),
            due: grant.due.as_ref().map(input::timestamp_in),
        }
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::common::v1::Money;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_of_grants_is_printed_as_it_always_was() {
        let grant = GrantSummary {
            grant_id: "grant_1".to_owned(),
            case_id: "case_1".to_owned(),
            codename: "amber-kestrel-27".to_owned(),
            stage: GrantStage::InApproval.into(),
            lane: Lane::Urgent.into(),
            ceiling: Some(Money { currency: "EUR".to_owned(), minor_units: 940_000 }),
            end: "2027-02-28".to_owned(),
            due: Some(input::timestamp_out(Timestamp::from_micros(1_795_300_000_000_000))),
        };
        assert_eq!(
            serde_json::to_value(GrantPage::of((vec![grant], "more".to_owned()))).unwrap(),
            json!({
                "grants": [{
                    "grant_id": "grant_1", "case_id": "case_1", "codename": "amber-kestrel-27",
                    "lane": "urgent", "stage": "in-approval", "ceiling": "9400.00 EUR", "end": "2027-02-28",
                    "due": "2026-11-21T22:26:40Z",
                }],
                "next_page_token": "more",
            })
        );
    }
}
