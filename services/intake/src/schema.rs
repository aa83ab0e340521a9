//! The tables, and what breaking each rule of theirs means to a caller.

use flare_contracts::Cause;
use flare_store::{ConstraintRefusal, Migration, Schema};

use crate::refusals;

/// The tables of intake.
pub const SCHEMA: Schema = Schema {
    name: "intake",
    migrations: &[Migration {
        version: 1000,
        name: "intake",
        sql: include_str!("../migrations/1000_intake.sql"),
    }],
    refusals: &[
        ConstraintRefusal {
            name: "receipts_lookup",
            columns: "receipts.lookup_id",
            refusal: refusals::receipt_in_use,
        },
        ConstraintRefusal {
            name: "receipts_active",
            columns: "receipts.case_id, receipts.thread",
            refusal: || Cause::ReceiptActive.into(),
        },
        ConstraintRefusal {
            name: "messages_message",
            columns: "messages.message_id",
            refusal: refusals::message_exists,
        },
        ConstraintRefusal { name: "files_file", columns: "files.file_id", refusal: refusals::file_exists },
    ],
};
