//! Needs, referrals and recommendations.

use std::collections::HashMap;

use flare_kernel::{CaseId, Currency, Money, NeedId, PersonId, ReferralId, StaffId, Timestamp};
use flare_store::{Error, Row, Tx, sql};

use super::count;
use crate::domain::{Need, Needs, Recommendation, Referral, ReferralState, Scores};

/// Adds a need of some persons of the case.
pub(crate) async fn add_need(
    tx: &mut Tx,
    case: CaseId,
    need: &Need,
    persons: &[PersonId],
    number: usize,
) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO needs (case_id, need_id, number, kind, outcome) VALUES ($1, $2, $3, $4, $5)")
            .bind(case.to_string())
            .bind(need.id.to_string())
            .bind(count(number))
            .bind(need.kind.as_str())
            .bind(need.outcome.as_str()),
    )
    .await?;
    for person in persons {
        tx.execute(
            sql("INSERT INTO need_persons (case_id, need_id, person_id) VALUES ($1, $2, $3)")
                .bind(case.to_string())
                .bind(need.id.to_string())
                .bind(person.to_string()),
        )
        .await?;
    }
    Ok(())
}

/// Saves what became of a need.
pub(crate) async fn save_need(tx: &mut Tx, case: CaseId, need: &Need) -> Result<(), Error> {
    let (reason, message) = need.decline.clone().unzip();
    tx.execute(
        sql("UPDATE needs SET outcome = $3, reason = CAST($4 AS TEXT), message_id = CAST($5 AS TEXT), \
             referral_id = CAST($6 AS TEXT), declined_by = CAST($7 AS TEXT), reviewed_by = CAST($8 AS TEXT) \
             WHERE case_id = $1 AND need_id = $2")
        .bind(case.to_string())
        .bind(need.id.to_string())
        .bind(need.outcome.as_str())
        .bind(reason)
        .bind(message.map(|message| message.to_string()))
        .bind(need.referral.map(|referral| referral.to_string()))
        .bind(need.declined_by.map(|by| by.to_string()))
        .bind(need.reviewed_by.map(|by| by.to_string())),
    )
    .await
    .map(drop)
}

/// The needs of a case, in the order they were added.
pub(crate) async fn needs(tx: &mut Tx, case: CaseId) -> Result<Needs, Error> {
    let query = sql("SELECT n.need_id, n.kind, n.outcome, n.reason, n.message_id, n.declined_by, \
                     n.reviewed_by, n.referral_id, \
                     CAST(CASE WHEN EXISTS (\
                         SELECT 1 FROM grant_needs d JOIN case_grants g \
                         ON g.case_id = d.case_id AND g.grant_id = d.grant_id \
                         WHERE d.case_id = n.case_id AND d.need_id = n.need_id \
                         AND g.stage NOT IN ('rejected', 'withdrawn', 'terminated')\
                     ) THEN 1 ELSE 0 END AS BIGINT) AS has_grant \
                     FROM needs n WHERE n.case_id = $1 ORDER BY n.number, n.need_id");
    let rows = tx.fetch_all(query.bind(case.to_string())).await?;
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
    tx: &mut Tx,
    case: CaseId,
) -> Result<Vec<(Need, Vec<PersonId>)>, Error> {
    let query =
        sql("SELECT need_id, person_id FROM need_persons WHERE case_id = $1 ORDER BY need_id, person_id");
    let mut persons: HashMap<NeedId, Vec<PersonId>> = HashMap::new();
    for row in tx.fetch_all(query.bind(case.to_string())).await? {
        persons.entry(row.id("need_id")?).or_default().push(row.id("person_id")?);
    }
    let needs = needs(tx, case).await?.0;
    Ok(needs.into_iter().map(|need| (need.clone(), persons.remove(&need.id).unwrap_or_default())).collect())
}

/// Adds a referral.
pub(crate) async fn add_referral(tx: &mut Tx, case: CaseId, referral: &Referral) -> Result<(), Error> {
    tx.execute(
        sql("INSERT INTO referrals (case_id, referral_id, need_id, state, sent, due) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(case.to_string())
            .bind(referral.id.to_string())
            .bind(referral.need.to_string())
            .bind(referral.state.as_str())
            .bind(referral.sent.as_micros())
            .bind(referral.due.as_micros()),
    )
    .await
    .map(drop)
}

/// Saves where a referral stands.
pub(crate) async fn save_referral(tx: &mut Tx, case: CaseId, referral: &Referral) -> Result<(), Error> {
    tx.execute(
        sql("UPDATE referrals SET state = $3 WHERE case_id = $1 AND referral_id = $2")
            .bind(case.to_string())
            .bind(referral.id.to_string())
            .bind(referral.state.as_str()),
    )
    .await
    .map(drop)
}

/// One referral of a case.
pub(crate) async fn referral(tx: &mut Tx, case: CaseId, id: ReferralId) -> Result<Option<Referral>, Error> {
    Ok(referrals(tx, case).await?.into_iter().find(|referral| referral.id == id))
}

/// The referrals of a case, in the order they were sent.
pub(crate) async fn referrals(tx: &mut Tx, case: CaseId) -> Result<Vec<Referral>, Error> {
    let query = sql("SELECT referral_id, need_id, state, sent, due FROM referrals WHERE case_id = $1 \
                     ORDER BY sent, referral_id");
    let rows = tx.fetch_all(query.bind(case.to_string())).await?;
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
    let score = |place: usize| recommendation.scores.map(|scores| i64::from(scores[place]));
    tx.execute(
        sql("INSERT INTO recommendations (case_id, number, currency, minor_units, relevance_to_context, \
             potential_for_result, fit_with_what_we_support, quality_and_feasibility, added_value, author, at) \
             VALUES ($1, $2, $3, $4, CAST($5 AS BIGINT), CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS BIGINT), \
             CAST($9 AS BIGINT), $10, $11)")
        .bind(case.to_string())
        .bind(number)
        .bind(recommendation.amount.currency().code())
        .bind(recommendation.amount.minor())
        .bind(score(0))
        .bind(score(1))
        .bind(score(2))
        .bind(score(3))
        .bind(score(4))
        .bind(author.to_string())
        .bind(tx.now().as_micros()),
    )
    .await?;
    for (place, need) in recommendation.needs.iter().enumerate() {
        tx.execute(
            sql("INSERT INTO recommended_needs (case_id, number, place, need_id) VALUES ($1, $2, $3, $4)")
                .bind(case.to_string())
                .bind(number)
                .bind(count(place))
                .bind(need.to_string()),
        )
        .await?;
    }
    Ok(())
}

/// The recommendations of a case, oldest first, each with its author and time.
pub(crate) async fn recommendations(
    tx: &mut Tx,
    case: CaseId,
) -> Result<Vec<(Recommendation, StaffId, Timestamp)>, Error> {
    let query =
        sql("SELECT number, need_id FROM recommended_needs WHERE case_id = $1 ORDER BY number, place");
    let mut needs: HashMap<i64, Vec<NeedId>> = HashMap::new();
    for row in tx.fetch_all(query.bind(case.to_string())).await? {
        needs.entry(row.int("number")?).or_default().push(row.id("need_id")?);
    }
    let query = sql("SELECT number, currency, minor_units, relevance_to_context, potential_for_result, \
                     fit_with_what_we_support, quality_and_feasibility, added_value, author, at \
                     FROM recommendations WHERE case_id = $1 ORDER BY number");
    let rows = tx.fetch_all(query.bind(case.to_string())).await?;
    rows.iter()
        .map(|row| {
            let needs = needs.remove(&row.int("number")?).unwrap_or_default();
            let recommendation = Recommendation { needs, amount: amount(row)?, scores: scores(row)? };
            Ok((recommendation, row.id("author")?, row.timestamp("at")?))
        })
        .collect()
}

fn amount(row: &Row) -> Result<Money, Error> {
    let currency: Currency = row.parse("currency")?;
    Money::new(currency, row.int("minor_units")?).map_err(|_| Error::Corrupt("minor_units".to_owned()))
}

fn scores(row: &Row) -> Result<Option<Scores>, Error> {
    let columns = [
        "relevance_to_context",
        "potential_for_result",
        "fit_with_what_we_support",
        "quality_and_feasibility",
        "added_value",
    ];
    let mut scores = [0; 5];
    for (score, column) in scores.iter_mut().zip(columns) {
        let Some(stored) = row.int_or_null(column)? else { return Ok(None) };
        *score = u32::try_from(stored).map_err(|_| Error::Corrupt(column.to_owned()))?;
    }
    Ok(Some(scores))
}
