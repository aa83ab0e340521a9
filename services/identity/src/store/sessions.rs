//! Sessions.

use flare_kernel::StaffId;
use flare_store::{Database, Error, Record, Tx, sql};

use super::roles;
use crate::domain::{MOST_SESSIONS, SessionKey, SessionView, effective};

/// Begins a session, and lets go of the person's sessions that are over or too many.
pub(crate) async fn insert_session(tx: &mut Tx, key: SessionKey, view: &SessionView) -> Result<(), Error> {
    tx.execute(
        sql("DELETE FROM sessions WHERE staff_id = $1 AND (ends_at <= $2 OR session_hash NOT IN \
             (SELECT session_hash FROM sessions WHERE staff_id = $1 AND ended_at IS NULL \
              ORDER BY ends_at DESC LIMIT $3))")
        .bind(view.staff.to_string())
        .bind(tx.now().as_micros())
        .bind(MOST_SESSIONS - 1),
    )
    .await?;
    Record::of("sessions")
        .key("session_hash", key.0)
        .set("staff_id", view.staff)
        .set("ends_at", view.ends)
        .set("unlock_share", view.unlock_share.clone())
        .insert(tx)
        .await
}

/// A session that was not ended, of a person who is active. Whether its time has passed is the caller's to check.
pub(crate) async fn session(database: &Database, key: SessionKey) -> Result<Option<SessionView>, Error> {
    let query = sql("SELECT s.staff_id, p.roles, p.certificate, s.ends_at, s.unlock_share \
                     FROM sessions s JOIN staff p ON p.staff_id = s.staff_id \
                     WHERE s.session_hash = $1 AND s.ended_at IS NULL AND p.state = 'active'")
    .bind(key.0.to_vec());
    let Some(row) = database.fetch_optional(query).await? else { return Ok(None) };
    Ok(Some(SessionView {
        staff: row.id("staff_id")?,
        roles: effective(roles(&row)?, row.bytes_or_null("certificate")?.is_some()),
        ends: row.timestamp("ends_at")?,
        unlock_share: row.bytes("unlock_share")?,
    }))
}

/// Ends a session; one that is over stays as it is.
pub(crate) async fn end_session(tx: &mut Tx, key: SessionKey) -> Result<(), Error> {
    tx.execute(
        sql("UPDATE sessions SET ended_at = $2, unlock_share = NULL WHERE session_hash = $1 AND ended_at IS NULL")
            .bind(key.0.to_vec())
            .bind(tx.now().as_micros()),
    )
    .await
    .map(drop)
}

/// Lets go of a person's sessions whose time has passed.
pub(crate) async fn delete_past_sessions(tx: &mut Tx, staff: &str) -> Result<(), Error> {
    tx.execute(
        sql("DELETE FROM sessions WHERE staff_id = $1 AND ends_at <= $2")
            .bind(staff.to_owned())
            .bind(tx.now().as_micros()),
    )
    .await
    .map(drop)
}

/// Ends every session of a person.
pub(crate) async fn end_sessions(tx: &mut Tx, staff: StaffId) -> Result<(), Error> {
    tx.execute(
        sql(
            "UPDATE sessions SET ended_at = $2, unlock_share = NULL WHERE staff_id = $1 AND ended_at IS NULL",
        )
        .bind(staff.to_string())
        .bind(tx.now().as_micros()),
    )
    .await
    .map(drop)
}

/// Every session of a person that a cache may still hold, ended ones too.
pub(crate) async fn sessions_of(database: &Database, staff: StaffId) -> Result<Vec<SessionKey>, Error> {
    let query = sql("SELECT session_hash FROM sessions WHERE staff_id = $1").bind(staff.to_string());
    let rows = database.fetch_all(query).await?;
    rows.iter().map(|row| row.array("session_hash").map(SessionKey)).collect()
}
