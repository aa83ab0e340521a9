//! A receipt that may be in other hands.

use clap::Args;
use flare_contracts::codes;
use flare_edge::desk::CaseName;
use serde_json::json;

use super::choices::code;
use crate::cli::{CliError, Context};

/// `flare case freeze-receipt`
#[derive(Args, Debug)]
pub(crate) struct FreezeReceiptArgs {
    /// The case
    case: CaseName,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_FROZEN))]
    reason: String,
}

pub(crate) async fn freeze_receipt(context: &Context, args: FreezeReceiptArgs) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let case = desk.find_case(&args.case).await?;
    let version = desk.freeze_receipt(case, &args.reason).await?;
    // It is frozen, whether or not triage can say just now how the case is called.
    let codename = desk.name_of(case).await.unwrap_or_else(|_| case.to_string());
    let document = json!({
        "case_id": case.to_string(),
        "codename": codename,
        "reason": args.reason,
        "version": version,
    });
    let said = format!(
        "The receipt of {codename} opens nothing any more.\nIts holder can be given another: flare case issue-receipt {codename}"
    );
    context.done(&said, &document)
}
