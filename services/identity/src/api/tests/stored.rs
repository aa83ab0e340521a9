//! What the tables hold.

use super::*;
use crate::fixtures::{CODE, SETUP_CODE};

on_both_engines!(what_is_stored_opens_nothing, crate::SCHEMA);
async fn what_is_stored_opens_nothing(sandbox: Sandbox) {
    let world = founded(&sandbox).await;
    let login = world.login("amina").await.unwrap();
    let bea = world.certified("bea", &[Role::Officer]).await;
    admit(&world, bea, "triage", 1).await.unwrap();
    let hash = flare_seal::auth_key_hash(&AUTH_KEY);
    let secrets: [&[u8]; 8] = [
        &login.session,
        &login.unlock_share,
        &hash,
        &AUTH_KEY,
        &[4; 72],
        &[6; WRAPPED_LEN],
        CODE.as_bytes(),
        SETUP_CODE.as_bytes(),
    ];
    for (table, columns) in [
        ("SELECT * FROM staff", ["code_hash", "auth_key_hash", "sealed_seed"].as_slice()),
        ("SELECT * FROM sessions", &["session_hash", "unlock_share"]),
        ("SELECT * FROM memberships", &["wrapped"]),
        ("SELECT * FROM events", &["payload"]),
        ("SELECT * FROM idempotency", &["fingerprint", "reply"]),
    ] {
        let rows = sandbox.database.fetch_all(sql(table)).await.unwrap();
        assert!(!rows.is_empty());
        for column in columns {
            for bytes in rows.iter().filter_map(|row| row.bytes_or_null(column).unwrap()) {
                for secret in secrets {
                    assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{table}: {column}");
                }
            }
        }
    }
}
