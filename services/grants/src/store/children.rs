//! The rows that hang on a grant: needs, sealed fields, votes, conflicts, payee, agreement.

use flare_contracts::{codes, common::v1::SealedField, fields, grants::v1::Decision};
use flare_kernel::{GrantId, NeedId};
use flare_store::{Error, Reads, Record, Row, Tx, sql};

use super::payments;
use crate::domain::{
    Agreement, AgreementAnswer, AgreementWay, Conflict, Grant, NewVote, Payee, PayeeCheck, REVISER, Vote,
};

/// Writes the rows that differ from those before.
pub(super) async fn save(tx: &mut Tx, before: Option<&Grant>, grant: &Grant) -> Result<(), Error> {
    save_terms(tx, before, grant).await?;
    for vote in grant.votes.iter().skip(before.map_or(0, |before| before.votes.len())) {
        put_vote(tx, grant, vote).await?;
    }
    for conflict in grant.conflicts.iter().skip(before.map_or(0, |before| before.conflicts.len())) {
        put_conflict(tx, grant.id, conflict).await?;
    }
    if before.is_none_or(|before| before.payee != grant.payee) {
        save_payee(tx, before, grant).await?;
    }
    if before.is_none_or(|before| before.agreement != grant.agreement) {
        save_agreement(tx, grant).await?;
    }
    for (index, reservation) in grant.reservations.iter().enumerate() {
        if before.and_then(|before| before.reservations.get(index)) != Some(reservation) {
            payments::put_reservation(tx, grant.id, index + 1, reservation).await?;
        }
    }
    let advance = |grant: &Grant| (grant.advance, grant.advance_used());
    if before.is_none_or(|before| advance(before) != advance(grant)) {
        payments::save_advance(tx, grant).await?;
    }
    for (index, tranche) in grant.tranches.iter().enumerate() {
        if before.and_then(|before| before.tranches.get(index)) != Some(tranche) {
            payments::put_tranche(tx, grant, index + 1, tranche, before).await?;
        }
    }
    if before.is_none_or(|before| before.closing != grant.closing) {
        payments::save_closing(tx, grant).await?;
    }
    Ok(())
}

async fn save_terms(tx: &mut Tx, before: Option<&Grant>, grant: &Grant) -> Result<(), Error> {
    if before.is_none_or(|before| before.terms.needs != grant.terms.needs) {
        tx.execute(sql("DELETE FROM grant_needs WHERE grant_id = $1").bind(grant.id.to_string())).await?;
        let rows = (1_i64..).zip(&grant.terms.needs).map(|(position, need)| {
            let row = Record::of("grant_needs").key("grant_id", grant.id).key("position", position);
            row.set("need_id", *need)
        });
        tx.insert(rows.collect()).await?;
    }
    for (index, field) in grant.terms.sealed.iter().enumerate() {
        if before.is_none_or(|before| before.terms.sealed[index] != *field) {
            put_sealed(tx, grant.id, field).await?;
        }
    }
    Ok(())
}

pub(super) async fn needs(reads: &mut impl Reads, grant: GrantId) -> Result<Vec<NeedId>, Error> {
    let query = sql("SELECT need_id FROM grant_needs WHERE grant_id = $1 ORDER BY position");
    let rows = reads.rows(query.bind(grant.to_string())).await?;
    rows.iter().map(|row| row.id("need_id")).collect()
}

async fn put_sealed(tx: &mut Tx, grant: GrantId, field: &SealedField) -> Result<(), Error> {
    Record::of("sealed_fields")
        .key("grant_id", grant)
        .key("name", field.name.clone())
        .key("version", field.version)
        .sealed(field)
        .insert(tx)
        .await
}

/// The newest version of each sealed field, and every version of the words of votes.
pub(super) async fn sealed(reads: &mut impl Reads, grant: GrantId) -> Result<Vec<SealedField>, Error> {
    let query = sql("SELECT name, version, epoch, ciphertext, tag, commitment FROM sealed_fields AS field \
                     WHERE grant_id = $1 AND (name LIKE 'proposal.vote.%' OR version = \
                         (SELECT MAX(version) FROM sealed_fields AS other \
                          WHERE other.grant_id = field.grant_id AND other.name = field.name))");
    let rows = reads.rows(query.bind(grant.to_string())).await?;
    rows.iter().map(Row::sealed).collect()
}

async fn put_vote(tx: &mut Tx, grant: &Grant, vote: &Vote) -> Result<(), Error> {
    if let Some(words) = &vote.cast.words {
        put_sealed(tx, grant.id, words).await?;
    }
    Record::of("votes")
        .key("grant_id", grant.id)
        .key("round", vote.round)
        .key("voter", vote.voter)
        .set("proposer", grant.proposer)
        .set("decision", vote.cast.decision.as_str_name())
        .set("voted_at", vote.at)
        .set("shown_digest", vote.cast.shown_digest)
        .set("signature", vote.cast.signature)
        .set("words", vote.cast.words.as_ref().map(|words| words.version))
        .insert(tx)
        .await
}

pub(super) async fn votes(
    reads: &mut impl Reads,
    grant: GrantId,
    sealed: &[SealedField],
) -> Result<Vec<Vote>, Error> {
    let query = sql("SELECT round, voter, decision, voted_at, shown_digest, signature, words FROM votes \
                     WHERE grant_id = $1 ORDER BY round, voted_at, voter");
    let rows = reads.rows(query.bind(grant.to_string())).await?;
    rows.iter()
        .map(|row| {
            let voter = row.id("voter")?;
            let name = fields::vote(voter).name;
            let words = row.small_or_null("words")?.map(|version| {
                let words = sealed.iter().find(|field| field.version == version && field.name == name);
                words.cloned().ok_or_else(|| Error::Corrupt("votes.words".to_owned()))
            });
            Ok(Vote {
                voter,
                round: row.small("round")?,
                at: row.timestamp("voted_at")?,
                cast: NewVote {
                    decision: row.word("decision", Decision::from_str_name)?,
                    shown_digest: row.array("shown_digest")?,
                    signature: row.array("signature")?,
                    words: words.transpose()?,
                },
            })
        })
        .collect()
}

async fn put_conflict(tx: &mut Tx, grant: GrantId, conflict: &Conflict) -> Result<(), Error> {
    Record::of("conflicts")
        .key("grant_id", grant)
        .key("approver", conflict.who)
        .set("reason", conflict.reason)
        .set("declared_at", conflict.at)
        .insert(tx)
        .await
}

pub(super) async fn conflicts(reads: &mut impl Reads, grant: GrantId) -> Result<Vec<Conflict>, Error> {
    let query = sql("SELECT approver, reason, declared_at FROM conflicts WHERE grant_id = $1 \
                     ORDER BY declared_at, approver");
    let rows = reads.rows(query.bind(grant.to_string())).await?;
    let mut reasons = codes::WHY_CONFLICTED.to_vec();
    reasons.push(REVISER);
    rows.iter()
        .map(|row| {
            let (reason, at) = (row.code("reason", &reasons)?, row.timestamp("declared_at")?);
            Ok(Conflict { who: row.id("approver")?, reason, at })
        })
        .collect()
}

async fn save_payee(tx: &mut Tx, before: Option<&Grant>, grant: &Grant) -> Result<(), Error> {
    let Some(payee) = &grant.payee else { return Ok(()) };
    let known =
        before.and_then(|before| before.payee.as_ref()).is_some_and(|known| known.sealed == payee.sealed);
    if !known {
        put_sealed(tx, grant.id, &payee.sealed).await?;
    }
    let check = payee.check;
    Record::of("payees")
        .key("grant_id", grant.id)
        .set("version", payee.sealed.version)
        .set("fingerprint", payee.fingerprint)
        .set("entered_by", payee.entered_by)
        .set("is_reference", payee.is_reference)
        .set("checked_by", check.map(|check| check.by))
        .set("checked_at", check.map(|check| check.at))
        .set("sanctions_on", check.map(|check| check.sanctions_on))
        .save(tx)
        .await
}

pub(super) async fn payee(
    reads: &mut impl Reads,
    grant: GrantId,
    sealed: Option<&SealedField>,
) -> Result<Option<Payee>, Error> {
    let query = sql("SELECT fingerprint, entered_by, is_reference, checked_by, checked_at, sanctions_on \
                     FROM payees WHERE grant_id = $1");
    let Some(row) = reads.row(query.bind(grant.to_string())).await? else { return Ok(None) };
    let (by, at) = (row.id_or_null("checked_by")?, row.timestamp_or_null("checked_at")?);
    let check = by.zip(at).zip(row.parse_or_null("sanctions_on")?);
    Ok(Some(Payee {
        sealed: sealed.cloned().ok_or_else(|| Error::Corrupt("payees.version".to_owned()))?,
        fingerprint: row.array("fingerprint")?,
        entered_by: row.id("entered_by")?,
        is_reference: row.flag("is_reference")?,
        check: check.map(|((by, at), sanctions_on)| PayeeCheck { by, at, sanctions_on }),
    }))
}

async fn save_agreement(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    let Some(agreement) = grant.agreement else {
        let query = sql("DELETE FROM agreements WHERE grant_id = $1").bind(grant.id.to_string());
        return tx.execute(query).await.map(drop);
    };
    let (message, voice, witness) = match agreement.way {
        AgreementWay::Message(message) => (Some(message), None, None),
        AgreementWay::Voice { how, witness } => (None, Some(how), Some(witness)),
    };
    Record::of("agreements")
        .key("grant_id", grant.id)
        .first("proposer", grant.proposer)
        .set("message_id", message)
        .set("agreed_by", voice)
        .set("witness", witness)
        .set("recorded_by", agreement.by)
        .set("recorded_at", agreement.at)
        .set("answer", agreement.answer.map(AgreementAnswer::as_str))
        .save(tx)
        .await
}

pub(super) async fn agreement(reads: &mut impl Reads, grant: GrantId) -> Result<Option<Agreement>, Error> {
    let query =
        sql("SELECT message_id, agreed_by, witness, recorded_by, recorded_at, answer FROM agreements \
         WHERE grant_id = $1");
    let Some(row) = reads.row(query.bind(grant.to_string())).await? else { return Ok(None) };
    let (message, witness) = (row.id_or_null("message_id")?, row.id_or_null("witness")?);
    let way = match (message, row.code_or_null("agreed_by", codes::AGREED_BY)?, witness) {
        (Some(message), None, None) => AgreementWay::Message(message),
        (None, Some(how), Some(witness)) => AgreementWay::Voice { how, witness },
        _ => return Err(Error::Corrupt("agreements.message_id".to_owned())),
    };
    let (by, at) = (row.id("recorded_by")?, row.timestamp("recorded_at")?);
    Ok(Some(Agreement { way, by, at, answer: row.parse_or_null("answer")? }))
}
