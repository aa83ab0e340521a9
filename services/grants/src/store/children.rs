//! The rows that hang on a grant: needs, sealed fields, votes, conflicts, payee, agreement.

use flare_contracts::{common::v1::SealedField, grants::v1::Decision};
use flare_kernel::{GrantId, NeedId};
use flare_store::{Error, Row, Tx, sql};

use super::{
    Read, payments,
    read::{choice, code, corrupt, id, instant, micros, number, parsed, text},
};
use crate::domain::{
    Agreement, AgreementWay, CONFLICT_REASONS, Conflict, Grant, NewVote, Payee, PayeeCheck, REVISER, VOICE,
    Vote,
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
    let id = grant.id.to_string();
    if before.is_none_or(|before| before.terms.needs != grant.terms.needs) {
        tx.execute(sql("DELETE FROM grant_needs WHERE grant_id = $1").bind(id.clone())).await?;
        for (position, need) in (1_i64..).zip(&grant.terms.needs) {
            let query = sql("INSERT INTO grant_needs (grant_id, position, need_id) VALUES ($1, $2, $3)");
            tx.execute(query.bind(id.clone()).bind(position).bind(need.to_string())).await?;
        }
    }
    for (index, field) in grant.terms.sealed.iter().enumerate() {
        if before.is_none_or(|before| before.terms.sealed[index] != *field) {
            put_sealed(tx, grant.id, field).await?;
        }
    }
    Ok(())
}

pub(super) async fn needs(read: &mut impl Read, grant: GrantId) -> Result<Vec<NeedId>, Error> {
    let query = sql("SELECT need_id FROM grant_needs WHERE grant_id = $1 ORDER BY position");
    let rows = read.rows(query.bind(grant.to_string())).await?;
    rows.iter().map(|row| row.id("need_id")).collect()
}

async fn put_sealed(tx: &mut Tx, grant: GrantId, field: &SealedField) -> Result<(), Error> {
    let query =
        sql("INSERT INTO sealed_fields (grant_id, name, version, epoch, ciphertext, tag, commitment) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7)");
    tx.execute(
        query
            .bind(grant.to_string())
            .bind(field.name.clone())
            .bind(i64::from(field.version))
            .bind(i64::from(field.epoch))
            .bind(field.ciphertext.clone())
            .bind(field.tag.clone())
            .bind(field.commitment.clone()),
    )
    .await
    .map(drop)
}

/// The newest version of each sealed field, and every version of the words of votes.
pub(super) async fn sealed(read: &mut impl Read, grant: GrantId) -> Result<Vec<SealedField>, Error> {
    let query = sql("SELECT name, version, epoch, ciphertext, tag, commitment FROM sealed_fields AS field \
                     WHERE grant_id = $1 AND (name LIKE 'proposal.vote.%' OR version = \
                         (SELECT MAX(version) FROM sealed_fields AS other \
                          WHERE other.grant_id = field.grant_id AND other.name = field.name))");
    let rows = read.rows(query.bind(grant.to_string())).await?;
    let field = |row: &Row| {
        Ok(SealedField {
            name: row.text("name")?,
            epoch: number(row, "epoch")?,
            version: number(row, "version")?,
            ciphertext: row.bytes("ciphertext")?,
            tag: row.bytes("tag")?,
            commitment: row.bytes("commitment")?,
        })
    };
    rows.iter().map(field).collect()
}

async fn put_vote(tx: &mut Tx, grant: &Grant, vote: &Vote) -> Result<(), Error> {
    if let Some(words) = &vote.cast.words {
        put_sealed(tx, grant.id, words).await?;
    }
    let query = sql("INSERT INTO votes \
                         (grant_id, round, voter, proposer, decision, voted_at, shown_digest, signature, words) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    tx.execute(
        query
            .bind(grant.id.to_string())
            .bind(i64::from(vote.round))
            .bind(vote.voter.to_string())
            .bind(grant.proposer.to_string())
            .bind(i64::from(vote.cast.decision as i32))
            .bind(vote.at.as_micros())
            .bind(vote.cast.shown_digest.to_vec())
            .bind(vote.cast.signature.to_vec())
            .bind(vote.cast.words.as_ref().map_or(0, |words| i64::from(words.version))),
    )
    .await
    .map(drop)
}

pub(super) async fn votes(
    read: &mut impl Read,
    grant: GrantId,
    sealed: &[SealedField],
) -> Result<Vec<Vote>, Error> {
    let query = sql("SELECT round, voter, decision, voted_at, shown_digest, signature, words FROM votes \
                     WHERE grant_id = $1 ORDER BY round, voted_at, voter");
    let rows = read.rows(query.bind(grant.to_string())).await?;
    rows.iter()
        .map(|row| {
            let voter = row.text("voter")?;
            let name = format!("proposal.vote.{voter}");
            let version = number(row, "words")?;
            let words = sealed.iter().find(|field| field.version == version && field.name == name).cloned();
            if words.is_none() && version != 0 {
                return Err(corrupt("votes.words"));
            }
            Ok(Vote {
                voter: row.id("voter")?,
                round: number(row, "round")?,
                at: row.timestamp("voted_at")?,
                cast: NewVote {
                    decision: choice::<Decision>(row, "decision")?,
                    shown_digest: row.array("shown_digest")?,
                    signature: row.array("signature")?,
                    words,
                },
            })
        })
        .collect()
}

async fn put_conflict(tx: &mut Tx, grant: GrantId, conflict: &Conflict) -> Result<(), Error> {
    let query =
        sql("INSERT INTO conflicts (grant_id, approver, reason, declared_at) VALUES ($1, $2, $3, $4)");
    tx.execute(
        query
            .bind(grant.to_string())
            .bind(conflict.who.to_string())
            .bind(conflict.reason)
            .bind(conflict.at.as_micros()),
    )
    .await
    .map(drop)
}

pub(super) async fn conflicts(read: &mut impl Read, grant: GrantId) -> Result<Vec<Conflict>, Error> {
    let query = sql("SELECT approver, reason, declared_at FROM conflicts WHERE grant_id = $1 \
                     ORDER BY declared_at, approver");
    let rows = read.rows(query.bind(grant.to_string())).await?;
    let mut reasons = CONFLICT_REASONS.to_vec();
    reasons.push(REVISER);
    rows.iter()
        .map(|row| {
            let reason = code(row, "reason", &reasons)?.ok_or_else(|| corrupt("conflicts.reason"))?;
            Ok(Conflict { who: row.id("approver")?, reason, at: row.timestamp("declared_at")? })
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
    let query = sql("INSERT INTO payees \
                         (grant_id, version, fingerprint, entered_by, is_reference, checked_by, checked_at, sanctions_on) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                     ON CONFLICT (grant_id) DO UPDATE SET version = excluded.version, \
                         fingerprint = excluded.fingerprint, entered_by = excluded.entered_by, \
                         is_reference = excluded.is_reference, checked_by = excluded.checked_by, \
                         checked_at = excluded.checked_at, sanctions_on = excluded.sanctions_on");
    tx.execute(
        query
            .bind(grant.id.to_string())
            .bind(i64::from(payee.sealed.version))
            .bind(payee.fingerprint.to_vec())
            .bind(payee.entered_by.to_string())
            .bind(i64::from(payee.is_reference))
            .bind(text(check.map(|check| check.by)))
            .bind(micros(check.map(|check| check.at)))
            .bind(text(check.map(|check| check.sanctions_on))),
    )
    .await
    .map(drop)
}

pub(super) async fn payee(
    read: &mut impl Read,
    grant: GrantId,
    sealed: Option<&SealedField>,
) -> Result<Option<Payee>, Error> {
    let query = sql("SELECT fingerprint, entered_by, is_reference, checked_by, checked_at, sanctions_on \
                     FROM payees WHERE grant_id = $1");
    let Some(row) = read.row(query.bind(grant.to_string())).await? else { return Ok(None) };
    let check = match (id(&row, "checked_by")?, instant(&row, "checked_at")?, parsed(&row, "sanctions_on")?) {
        (Some(by), Some(at), Some(sanctions_on)) => Some(PayeeCheck { by, at, sanctions_on }),
        _ => None,
    };
    Ok(Some(Payee {
        sealed: sealed.cloned().ok_or_else(|| corrupt("payees.version"))?,
        fingerprint: row.array("fingerprint")?,
        entered_by: row.id("entered_by")?,
        is_reference: row.flag("is_reference")?,
        check,
    }))
}

async fn save_agreement(tx: &mut Tx, grant: &Grant) -> Result<(), Error> {
    let id = grant.id.to_string();
    let Some(agreement) = grant.agreement else {
        return tx.execute(sql("DELETE FROM agreements WHERE grant_id = $1").bind(id)).await.map(drop);
    };
    let (message, voice, witness) = match agreement.way {
        AgreementWay::Message(message) => (message.to_string(), "", String::new()),
        AgreementWay::Voice { how, witness } => (String::new(), how, witness.to_string()),
    };
    let query = sql("INSERT INTO agreements \
                         (grant_id, proposer, message_id, agreed_by, witness, recorded_by, recorded_at, answer) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                     ON CONFLICT (grant_id) DO UPDATE SET message_id = excluded.message_id, \
                         agreed_by = excluded.agreed_by, witness = excluded.witness, \
                         recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at, \
                         answer = excluded.answer");
    tx.execute(
        query
            .bind(id)
            .bind(grant.proposer.to_string())
            .bind(message)
            .bind(voice)
            .bind(witness)
            .bind(agreement.by.to_string())
            .bind(agreement.at.as_micros())
            .bind(agreement.answer.map_or("", |answer| answer.as_str())),
    )
    .await
    .map(drop)
}

pub(super) async fn agreement(read: &mut impl Read, grant: GrantId) -> Result<Option<Agreement>, Error> {
    let query =
        sql("SELECT message_id, agreed_by, witness, recorded_by, recorded_at, answer FROM agreements \
         WHERE grant_id = $1");
    let Some(row) = read.row(query.bind(grant.to_string())).await? else { return Ok(None) };
    let way = match (id(&row, "message_id")?, code(&row, "agreed_by", VOICE)?, id(&row, "witness")?) {
        (Some(message), None, None) => AgreementWay::Message(message),
        (None, Some(how), Some(witness)) => AgreementWay::Voice { how, witness },
        _ => return Err(corrupt("agreements.message_id")),
    };
    let (by, at, answer) = (row.id("recorded_by")?, row.timestamp("recorded_at")?, parsed(&row, "answer")?);
    Ok(Some(Agreement { way, by, at, answer }))
}
