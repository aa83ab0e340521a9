//! Reads: the lists, and a case with everything known of it.

use std::collections::HashMap;

use flare_contracts::{
    Refusal,
    common::v1::{NeedKind, SealedField},
    fields::{self, Field},
    input::{self, lane_out, money_out, timestamp_out},
    triage::v1::{
        CanSeeResponse, CaseSummary, CheckMethod, CheckResult, Confidence, FindCaseResponse, GetCaseResponse,
        LinkedGrant, ListMatchesResponse, Need, Outcome, Person, PersonStatus, QueueCount, Recommendation,
        Reference, Referral, ReferralState, Scores, Stage, WaitsFor as WireWaitsFor,
    },
};
use flare_kernel::{CaseId, Codename, StaffId};
use flare_seal::Compartment;
use flare_store::{Error, Page, Reads, keys};

use crate::{
    Triage,
    domain::{Case, WaitsFor},
    store::{self, ReferenceRow},
};

/// The most cases that are shown as sharing a fingerprint with one.
const MOST_MATCHES: i64 = 200;
/// The most members of staff that one call may ask about.
const MOST_ASKED: usize = 1_000;

/// A page of the queue.
pub(crate) struct QueuePage {
    pub(crate) cases: Vec<CaseSummary>,
    pub(crate) next_page_token: String,
    /// How many cases wait for whom, with the first page.
    pub(crate) counts: Vec<QueueCount>,
}

impl Triage {
    /// A page of those rows of the queue, or of one owner's part of it, that wait for somebody.
    pub(crate) async fn queue(
        &self,
        owner: Option<StaffId>,
        waits_for: WaitsFor,
        page_size: i32,
        page_token: &str,
    ) -> Result<QueuePage, Error> {
        let page: Page<store::PagePlace> = Page::asked(page_size, page_token)?;
        self.database()
            .read(async |reads| {
                let (as_of, counts) = match store::as_of(&page) {
                    Some(as_of) => (as_of, Vec::new()),
                    None => (reads.now().await?, store::queue_counts(reads, owner).await?),
                };
                let rows = store::page_of_queue(reads, (owner, waits_for), &page, as_of).await?;
                let (cases, next_page_token) = page.cut(rows);
                let counts = counts.into_iter().map(|(waits_for, cases)| QueueCount {
                    waits_for: WireWaitsFor::from(waits_for).into(),
                    cases,
                });
                Ok(QueuePage {
                    cases: cases.iter().map(summary).collect(),
                    next_page_token,
                    counts: counts.collect(),
                })
            })
            .await
    }

    /// The case of a codename.
    pub(crate) async fn find_case(&self, codename: &Codename) -> Result<FindCaseResponse, Error> {
        let case = store::case_named(&mut self.database().clone(), codename).await?;
        let case = case.ok_or_else(|| Refusal::not_found("case"))?;
        Ok(FindCaseResponse { case_id: case.to_string() })
    }

    /// Other cases that share a fingerprint with one.
    pub(crate) async fn matches(&self, case: CaseId) -> Result<ListMatchesResponse, Error> {
        let cases = self
            .database()
            .read(async |reads| {
                if !store::exists(reads, case).await? {
                    return Err(Refusal::not_found("case").into());
                }
                store::matches(reads, case, MOST_MATCHES).await
            })
            .await?;
        Ok(ListMatchesResponse { cases: cases.iter().map(summary).collect() })
    }

    /// A case with everything known of it.
    pub(crate) async fn case(&self, id: CaseId) -> Result<GetCaseResponse, Error> {
        self.database()
            .read(async |reads| {
                let case = store::find_case(reads, id).await?.ok_or_else(|| Refusal::not_found("case"))?;
                let mut words = Words(store::newest_sealed(reads, id).await?);
                let now = reads.now().await?;
                Ok(GetCaseResponse {
                    summary: Some(summary(&case)),
                    version: store::version_of(reads, id).await?,
                    contact_plan: words.take(&fields::CONTACT_PLAN),
                    persons: persons(reads, id, &mut words).await?,
                    needs: needs(reads, id, &mut words).await?,
                    references: references(reads, id, &mut words).await?,
                    referrals: referrals(reads, id, &mut words).await?,
                    recommendations: recommendations(reads, id, &mut words).await?,
                    notes: store::notes(reads, id)
                        .await?
                        .into_iter()
                        .map(|mut note| {
                            let id = note.note_id.parse().ok();
                            note.text = id.and_then(|id| words.take(&fields::note(id)));
                            note
                        })
                        .collect(),
                    contacts: store::contacts(reads, id)
                        .await?
                        .into_iter()
                        .map(|mut contact| {
                            let id = contact.contact_id.parse().ok();
                            contact.words = id.and_then(|id| words.take(&fields::contact(id)));
                            contact
                        })
                        .collect(),
                    keys: keys::all(reads, id, &[Compartment::Notes], self.service_key()).await?,
                    grants: store::grants(reads, id)
                        .await?
                        .into_iter()
                        .map(|(grant_id, stage)| LinkedGrant { grant_id, stage })
                        .collect(),
                    our_clock_seconds: case.clock.at(now).as_micros() / 1_000_000,
                    total_clock_seconds: now.since(case.submitted).as_micros().max(0) / 1_000_000,
                    exit: case.exit.unwrap_or_default(),
                    exit_words: words.take(&fields::CLOSE),
                })
            })
            .await
    }

    /// Which members of staff may know of a case: all who are asked about, as long as no case is restricted; nobody,
    /// when there is no such case.
    pub(crate) async fn can_see(&self, case: CaseId, staff: &[String]) -> Result<CanSeeResponse, Error> {
        let staff: Vec<StaffId> = input::ids("staff_ids", staff, MOST_ASKED)?;
        if !store::exists(&mut self.database().clone(), case).await? {
            return Ok(CanSeeResponse::default());
        }
        Ok(CanSeeResponse { staff_ids: staff.iter().map(ToString::to_string).collect() })
    }
}

/// A case in a list.
fn summary(case: &Case) -> CaseSummary {
    let (next, due) = case.next();
    let waits_for =
        if case.in_queue() { WireWaitsFor::from(case.waits_for()) } else { WireWaitsFor::Unspecified };
    CaseSummary {
        case_id: case.id.to_string(),
        codename: case.codename.to_string(),
        lane: lane_out(case.lane).into(),
        stage: Stage::from(case.stage()).into(),
        owner: case.owner.map(|owner| owner.to_string()).unwrap_or_default(),
        submitted: Some(timestamp_out(case.submitted)),
        due: due.map(timestamp_out),
        next: next.to_owned(),
        has_news: case.has_news,
        waits_for: waits_for.into(),
    }
}

/// The newest sealed words of a case; each is shown in one place.
struct Words(HashMap<String, SealedField>);

impl Words {
    fn take(&mut self, field: &Field) -> Option<SealedField> {
        self.0.remove(&*field.name)
    }
}

async fn persons(reads: &mut impl Reads, case: CaseId, words: &mut Words) -> Result<Vec<Person>, Error> {
    let persons = store::persons(reads, case).await?.into_iter();
    let person = |(id, status): (flare_kernel::PersonId, crate::domain::PersonStatus)| Person {
        person_id: id.to_string(),
        status: PersonStatus::from(status).into(),
        description: words.take(&fields::person(id)),
    };
    Ok(persons.map(person).collect())
}

async fn needs(reads: &mut impl Reads, case: CaseId, words: &mut Words) -> Result<Vec<Need>, Error> {
    let needs = store::needs_with_persons(reads, case).await?.into_iter();
    let shown = needs.map(|(need, persons)| Need {
        need_id: need.id.to_string(),
        kind: NeedKind::from(need.kind).into(),
        outcome: Outcome::from(need.outcome).into(),
        person_ids: persons.iter().map(ToString::to_string).collect(),
        reason: need.decline.map(|(reason, _)| reason).unwrap_or_default(),
        words: words.take(&fields::need(need.id)),
    });
    Ok(shown.collect())
}

async fn references(
    reads: &mut impl Reads,
    case: CaseId,
    words: &mut Words,
) -> Result<Vec<Reference>, Error> {
    let references = store::references(reads, case).await?.into_iter();
    let shown = references.map(|ReferenceRow { id, checked }| {
        let mut reference = Reference {
            reference_id: id.to_string(),
            description: words.take(&fields::reference(id)),
            words: words.take(&fields::reference_check(id)),
            ..Reference::default()
        };
        if let Some((check, by)) = checked {
            reference.set_method(CheckMethod::from(check.method));
            reference.set_confidence(Confidence::from(check.confidence));
            reference.set_result(CheckResult::from(check.result));
            reference.independent = check.independent;
            reference.checked_by = by.to_string();
        }
        reference
    });
    Ok(shown.collect())
}

async fn referrals(reads: &mut impl Reads, case: CaseId, words: &mut Words) -> Result<Vec<Referral>, Error> {
    let referrals = store::referrals(reads, case).await?.into_iter();
    let shown = referrals.map(|referral| Referral {
        referral_id: referral.id.to_string(),
        need_id: referral.need.to_string(),
        state: ReferralState::from(referral.state).into(),
        sent: Some(timestamp_out(referral.sent)),
        description: words.take(&fields::referral(referral.id)),
    });
    Ok(shown.collect())
}

async fn recommendations(
    reads: &mut impl Reads,
    case: CaseId,
    words: &mut Words,
) -> Result<Vec<Recommendation>, Error> {
    let mut shown = Vec::new();
    // From the newest back: words that were written again belong to the newest recommendation of their name.
    for (recommendation, author, at) in store::recommendations(reads, case).await?.into_iter().rev() {
        let first = recommendation.needs.first().copied();
        shown.push(Recommendation {
            need_ids: recommendation.needs.iter().map(ToString::to_string).collect(),
            amount: Some(money_out(recommendation.amount)),
            scores: recommendation.scores.map(|[relevance, potential, fit, quality, added]| Scores {
                relevance_to_context: relevance,
                potential_for_result: potential,
                fit_with_what_we_support: fit,
                quality_and_feasibility: quality,
                added_value: added,
            }),
            author: author.to_string(),
            at: Some(timestamp_out(at)),
            words: first.and_then(|first| words.take(&fields::recommendation(first))),
        });
    }
    shown.reverse();
    Ok(shown)
}

#[cfg(test)]
mod tests;
