//! Needs, referrals and recommendations.

use std::collections::HashMap;

use flare_kernel::{CaseId, NeedId, PersonId, ReferralId, StaffId, Timestamp};
use flare_store::{Error, Reads, Record, Row, Tx, sql};

use super::count;
use crate::domain::{Need, Needs, Recommendation, Referral, ReferralState, Scores};

/// The columns of a recommendation's scores, in their order.
const SCORES: [&str; 5] = [
    "relevance_to_context",
    "potential_for_result",
    "fit_with_what_we_support",
    "quality_and_feasibility",
    "added_value",
];

/// Adds a need of some persons of the case.
pub(crate) async fn add_need(
    tx: &mut Tx,
    case: CaseId,
    need: &Need,
    persons: &[PersonId],
    number: usize,
) -> Result<(), Error> {
    Record::of("needs")
        .key("case_id", case)
        .key("need_id", need.id)
        .set("number", count(number))
        .set("kind", need.kind.as_str())
        .set("outcome", need.outcome.as_str())
        .insert(tx)
        .await?;
    let person = |person: &PersonId| {
        Record::of("need_persons").key("case_id", case).key("need_id", need.id).key("person_id", *person)
    };
    tx.insert(persons.iter().map(person).collect()).await
}

/// Saves what became of a need.
pub(crate) async fn save_need(tx: &mut Tx, case: CaseId, need: &Need) -> Result<(), Error> {
    let (reason, message) = need.decline.clone().unzip();
    Record::of("needs")
        .key("case_id", case)
        .key("need_id", need.id)
        .set("outcome", need.outcome.as_str())
        .set("reason", reason)
        .set("message_id", message)
        .set("referral_id", need.referral)
        .set("declined_by", need.declined_by)
        .set("reviewed_by", need.reviewed_by)
        .update(tx)
        .await
        .map(drop)
}

/// The needs of a case, in the order they were added.
pub(crate) async fn needs(reads: &mut impl Reads, case: CaseId) -> Result<Needs, Error> {
    let query = sql("SELECT n.need_id, n.kind, n.outcome, n.reason, n.message_id, n.declined_by, \
                     n.reviewed_by, n.referral_id, \
                     CAST(CASE WHEN EXISTS (\
                         SELECT 1 FROM grant_needs d JOIN case_grants g \
                         ON g.case_id = d.case_id AND g.grant_id = d.grant_id \
                         WHERE d.case_id = n.case_id AND d.need_id = n.need_id \
                         AND g.stage NOT IN ('rejected', 'withdrawn', 'terminated')\
                     ) THEN 1 ELSE 0 END AS BIGINT) AS has_grant \
                     FROM needs n WHERE n.case_id = $1 ORDER BY n.number, n.need_id");
    let rows = reads.rows(query.bind(case.to_string())).await?;
    rows.iter().map(need_from_row).collect::<Result<_, _>>().map(Needs)
}

fn need_from_row(row: &Row) -> Result<Need, Error> {
    Ok(Need {
        id: row.id("need_id")?,
        kind: row.parse("kind")?,
        outcome: row.parse("outcome")?,
        decline: row.text_or_null("reason")?.zip(row.id_or_null("message_id")?),
        declined_by: row.id_or_null("declined_by")?,
        reviewed_by: row.id_or_null("reviewed_by")?,
        referral: row.id_or_null("referral_id")?,
        has_grant: row.flag("has_grant")?,
    })
}

/// How many needs a case has.
pub(crate) async fn need_count(tx: &mut Tx, case: CaseId) -> Result<usize, Error> {
    needs(tx, case).await.map(|needs| needs.0.len())
}

/// The needs of a case, each with the persons who have it.
pub(crate) async fn needs_with_persons(
    reads: &mut impl Reads,
    case: CaseId,
) -> Result<Vec<(Need, Vec<PersonId>)>, Error> {
    let query =
        sql("SELECT need_id, person_id FROM need_persons WHERE case_id = $1 ORDER BY need_id, person_id");
    let mut persons: HashMap<NeedId, Vec<PersonId>> = HashMap::new();
    for row in reads.rows(query.bind(case.to_string())).await? {
        persons.entry(row.id("need_id")?).or_default().push(row.id("person_id")?);
    }
    let needs = needs(reads, case).await?.0;
    Ok(needs.into_iter().map(|need| (need.clone(), persons.remove(&need.id).unwrap_or_default())).collect())
}

/// Adds a referral.
pub(crate) async fn add_referral(tx: &mut Tx, case: CaseId, referral: &Referral) -> Result<(), Error> {
    Record::of("referrals")
        .key("case_id", case)
        .key("referral_id", referral.id)
        .set("need_id", referral.need)
        .set("state", referral.state.as_str())
        .set("sent", referral.sent)
        .set("due", referral.due)
        .insert(tx)
        .await
}

/// Saves where a referral stands.
pub(crate) async fn save_referral(tx: &mut Tx, case: CaseId, referral: &Referral) -> Result<(), Error> {
    let row = Record::of("referrals").key("case_id", case).key("referral_id", referral.id);
    row.set("state", referral.state.as_str()).update(tx).await.map(drop)
}

/// One referral of a case.
pub(crate) async fn referral(tx: &mut Tx, case: CaseId, id: ReferralId) -> Result<Option<Referral>, Error> {
    Ok(referrals(tx, case).await?.into_iter().find(|referral| referral.id == id))
}

/// The referrals of a case, in the order they were sent.
pub(crate) async fn referrals(reads: &mut impl Reads, case: CaseId) -> Result<Vec<Referral>, Error> {
    let query = sql("SELECT referral_id, need_id, state, sent, due FROM referrals WHERE case_id = $1 \
                     ORDER BY sent, referral_id");
    let rows = reads.rows(query.bind(case.to_string())).await?;
    rows.iter()
        .map(|row| {
            Ok(Referral {
                id: row.id("referral_id")?,
                need: row.id("need_id")?,
                state: row.parse("state")?,
                sent: row.timestamp("sent")?,
                due: row.timestamp("due")?,
            })
        })
        .collect()
}

/// The referrals that nobody has answered and that are not given up yet.
pub(crate) async fn sent_referrals(tx: &mut Tx, case: CaseId) -> Result<Vec<Referral>, Error> {
    let mut sent = referrals(tx, case).await?;
    sent.retain(|referral| referral.state == ReferralState::Sent);
    Ok(sent)
}

/// Adds a recommendation.
pub(crate) async fn add_recommendation(
    tx: &mut Tx,
    case: CaseId,
    author: StaffId,
    recommendation: &Recommendation,
) -> Result<(), Error> {
    let number = count(recommendations(tx, case).await?.len()) + 1;
    let mut row = Record::of("recommendations")
        .key("case_id", case)
        .key("number", number)
        .set("currency", recommendation.amount.currency().code())
        .set("minor_units", recommendation.amount.minor())
        .set("author", author)
        .set("at", tx.now());
    for (place, column) in SCORES.into_iter().enumerate() {
        row = row.set(column, recommendation.scores.map(|scores| scores[place]));
    }
    row.insert(tx).await?;
    let need = |(place, need): (i64, &NeedId)| {
        let row = Record::of("recommended_needs").key("case_id", case).key("number", number);
        row.key("place", place).set("need_id", *need)
    };
    tx.insert((0..).zip(&recommendation.needs).map(need).collect()).await
}

/// The recommendations of a case, oldest first, each with its author and time.
pub(crate) async fn recommendations(
    reads: &mut impl Reads,
    case: CaseId,
) -> Result<Vec<(Recommendation, StaffId, Timestamp)>, Error> {
    let query =
        sql("SELECT number, need_id FROM recommended_needs WHERE case_id = $1 ORDER BY number, place");
    let mut needs: HashMap<i64, Vec<NeedId>> = HashMap::new();
    for row in reads.rows(query.bind(case.to_string())).await? {
        needs.entry(row.int("number")?).or_default().push(row.id("need_id")?);
    }
    let query = sql("SELECT number, currency, minor_units, relevance_to_context, potential_for_result, \
                     fit_with_what_we_support, quality_and_feasibility, added_value, author, at \
                     FROM recommendations WHERE case_id = $1 ORDER BY number");
    let rows = reads.rows(query.bind(case.to_string())).await?;
    rows.iter()
        .map(|row| {
            let needs = needs.remove(&row.int("number")?).unwrap_or_default();
            let (amount, scores) = (row.money("minor_units")?, scores(row)?);
            Ok((Recommendation { needs, amount, scores }, row.id("author")?, row.timestamp("at")?))
        })
        .collect()
}

fn scores(row: &Row) -> Result<Option<Scores>, Error> {
    let mut scores = [0; 5];
    for (score, column) in scores.iter_mut().zip(SCORES) {
        let Some(stored) = row.small_or_null(column)? else { return Ok(None) };
        *score = stored;
    }
    Ok(Some(scores))
}
