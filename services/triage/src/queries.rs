//! Reads: the lists, and a case with everything known of it.

use std::collections::HashMap;

use flare_contracts::{
    Refusal,
    common::v1::{NeedKind, SealedField},
    input::{self, lane_out, money_out, timestamp_out},
    triage::v1::{
        CanSeeResponse, CaseSummary, CheckMethod, CheckResult, Confidence, GetCaseResponse, LinkedGrant,
        ListMatchesResponse, Need, Outcome, Person, PersonStatus, Recommendation, Reference, Referral,
        ReferralState, Scores, Stage,
    },
};
use flare_kernel::{CaseId, StaffId, codename};
use flare_store::{Error, Tx, Write};

use crate::{
    Triage,
    commands::{CLOSE, CONTACT_PLAN},
    domain::Case,
    store::{self, Place, ReferenceRow},
};

/// The most cases that are shown as sharing a fingerprint with one.
const MOST_MATCHES: i64 = 200;
/// The most members of staff that one call may ask about.
const MOST_ASKED: usize = 1_000;

/// A page of cases, and the token of the next one.
pub(crate) struct Page {
    pub(crate) cases: Vec<CaseSummary>,
    pub(crate) next_page_token: String,
}

impl Triage {
    /// A page of the queue, or of one owner's part of it.
    pub(crate) async fn page(&self, owner: Option<StaffId>, size: i32, token: &str) -> Result<Page, Error> {
        let size = input::page_size(size)?;
        let after = place(token)?;
        // One row more than asked for tells whether there is a next page.
        let mut cases = match owner {
            None => store::page_of_queue(self.database(), after, size + 1).await?,
            Some(owner) => store::page_of_owner(self.database(), owner, after, size + 1).await?,
        };
        let shown = usize::try_from(size).unwrap_or(usize::MAX);
        let more = cases.len() > shown;
        cases.truncate(shown);
        let next_page_token = cases.last().filter(|_| more).map_or_else(String::new, token_after);
        Ok(Page { cases: cases.iter().map(summary).collect(), next_page_token })
    }

    /// Other cases that share a fingerprint with one.
    pub(crate) async fn matches(&self, case: CaseId) -> Result<ListMatchesResponse, Error> {
        if !store::exists(self.database(), case).await? {
            return Err(Refusal::not_found("case").into());
        }
        let cases = store::matches(self.database(), case, MOST_MATCHES).await?;
        Ok(ListMatchesResponse { cases: cases.iter().map(summary).collect() })
    }

    /// Which members of staff may know of a case: all who are asked about, as long as no case is restricted; nobody,
    /// when there is no such case.
    pub(crate) async fn can_see(&self, case: CaseId, staff: &[String]) -> Result<CanSeeResponse, Error> {
        let staff: Vec<StaffId> = input::ids("staff_ids", staff, MOST_ASKED)?;
        if !store::exists(self.database(), case).await? {
            return Ok(CanSeeResponse::default());
        }
        Ok(CanSeeResponse { staff_ids: staff.iter().map(ToString::to_string).collect() })
    }
}

fn place(token: &str) -> Result<Place, Refusal> {
    let Some([lane, submitted, case]) = input::page_token(token)? else { return Ok(Place::top()) };
    let number = |text: &str| text.parse::<i64>().map_err(|_| input::bad_page_token());
    Ok(Place { lane: number(&lane)?, submitted: number(&submitted)?, case })
}

fn token_after(case: &Case) -> String {
    let place = Place::of(case);
    input::next_page_token(&[place.lane.to_string(), place.submitted.to_string(), place.case])
}

/// A case in a list.
fn summary(case: &Case) -> CaseSummary {
    let (next, due) = case.next();
    CaseSummary {
        case_id: case.id.to_string(),
        codename: codename(case.id),
        lane: lane_out(case.lane).into(),
        stage: Stage::from(case.stage()).into(),
        owner: case.owner.map(|owner| owner.to_string()).unwrap_or_default(),
        submitted: Some(timestamp_out(case.submitted)),
        due: due.map(timestamp_out),
        next: next.to_owned(),
        has_news: case.has_news,
    }
}

/// Reads a case with everything known of it. In a transaction, because its clocks need the time; it changes nothing.
pub(crate) struct ReadCase {
    pub(crate) case: CaseId,
    pub(crate) desk: Triage,
}

impl Write for ReadCase {
    type Output = GetCaseResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<GetCaseResponse, Error> {
        let id = self.case;
        // The version first: what is read after it can only be newer, and then a change that names it is refused.
        let version = store::version_of(tx, id).await?;
        let case = store::find_case(tx, id).await?.ok_or_else(|| Refusal::not_found("case"))?;
        let mut words = Words(store::newest_sealed(tx, id).await?);
        Ok(GetCaseResponse {
            summary: Some(summary(&case)),
            version,
            contact_plan: words.take(CONTACT_PLAN),
            persons: persons(tx, id, &mut words).await?,
            needs: needs(tx, id, &mut words).await?,
            references: references(tx, id, &mut words).await?,
            referrals: referrals(tx, id, &mut words).await?,
            recommendations: recommendations(tx, id, &mut words).await?,
            notes: store::notes(tx, id)
                .await?
                .into_iter()
                .map(|mut note| {
                    note.text = words.take(&format!("notes.note.{}", note.note_id));
                    note
                })
                .collect(),
            contacts: store::contacts(tx, id)
                .await?
                .into_iter()
                .map(|mut contact| {
                    contact.words = words.take(&format!("notes.contact.{}", contact.contact_id));
                    contact
                })
                .collect(),
            keys: store::epochs(tx, &self.desk.service_key(), id).await?,
            grants: store::grants(tx, id)
                .await?
                .into_iter()
                .map(|(grant_id, stage)| LinkedGrant { grant_id, stage })
                .collect(),
            our_clock_seconds: case.clock.at(tx.now()).as_micros() / 1_000_000,
            total_clock_seconds: tx.now().since(case.submitted).as_micros().max(0) / 1_000_000,
            exit: case.exit.unwrap_or_default(),
            exit_words: words.take(CLOSE),
        })
    }
}

/// The newest sealed words of a case; each is shown in one place.
struct Words(HashMap<String, SealedField>);

impl Words {
    fn take(&mut self, name: &str) -> Option<SealedField> {
        self.0.remove(name)
    }
}

async fn persons(tx: &mut Tx, case: CaseId, words: &mut Words) -> Result<Vec<Person>, Error> {
    let persons = store::persons(tx, case).await?.into_iter();
    let person = |(id, status): (flare_kernel::PersonId, crate::domain::PersonStatus)| Person {
        person_id: id.to_string(),
        status: PersonStatus::from(status).into(),
        description: words.take(&format!("notes.person.{id}")),
    };
    Ok(persons.map(person).collect())
}

async fn needs(tx: &mut Tx, case: CaseId, words: &mut Words) -> Result<Vec<Need>, Error> {
    let needs = store::needs_with_persons(tx, case).await?.into_iter();
    let shown = needs.map(|(need, persons)| Need {
        need_id: need.id.to_string(),
        kind: NeedKind::from(need.kind).into(),
        outcome: Outcome::from(need.outcome).into(),
        person_ids: persons.iter().map(ToString::to_string).collect(),
        reason: need.decline.map(|(reason, _)| reason).unwrap_or_default(),
        words: words.take(&format!("notes.need.{}", need.id)),
    });
    Ok(shown.collect())
}

async fn references(tx: &mut Tx, case: CaseId, words: &mut Words) -> Result<Vec<Reference>, Error> {
    let references = store::references(tx, case).await?.into_iter();
    let shown = references.map(|ReferenceRow { id, checked }| {
        let mut reference = Reference {
            reference_id: id.to_string(),
            description: words.take(&format!("notes.reference.{id}")),
            words: words.take(&format!("notes.reference_check.{id}")),
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

async fn referrals(tx: &mut Tx, case: CaseId, words: &mut Words) -> Result<Vec<Referral>, Error> {
    let referrals = store::referrals(tx, case).await?.into_iter();
    let shown = referrals.map(|referral| Referral {
        referral_id: referral.id.to_string(),
        need_id: referral.need.to_string(),
        state: ReferralState::from(referral.state).into(),
        sent: Some(timestamp_out(referral.sent)),
        description: words.take(&format!("notes.referral.{}", referral.id)),
    });
    Ok(shown.collect())
}

async fn recommendations(tx: &mut Tx, case: CaseId, words: &mut Words) -> Result<Vec<Recommendation>, Error> {
    let mut shown = Vec::new();
    // From the newest back: words that were written again belong to the newest recommendation of their name.
    for (recommendation, author, at) in store::recommendations(tx, case).await?.into_iter().rev() {
        let first = recommendation.needs.first().map(ToString::to_string).unwrap_or_default();
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
            words: words.take(&format!("notes.recommendation.{first}")),
        });
    }
    shown.reverse();
    Ok(shown)
}

#[cfg(test)]
mod tests;
