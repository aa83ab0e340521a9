//! A receipt that may be in other hands.

use clap::Args;
use flare_contracts::{codes, intake::v1::FreezeReceiptRequest};
use flare_kernel::{CaseId, codename};
use serde_json::json;

use super::{
    choices::code,
    desk::{Desk, call},
};
use crate::cli::{CliError, Context};

/// `flare case freeze-receipt`
#[derive(Args, Debug)]
pub(crate) struct FreezeReceiptArgs {
    /// The case
    case: CaseId,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_FROZEN))]
    reason: String,
}

pub(crate) async fn freeze_receipt(context: &Context, args: FreezeReceiptArgs) -> Result<(), CliError> {
    let desk = Desk::open(context).await?;
    let request = FreezeReceiptRequest {
        request_id: desk.request_id()?,
        case_id: args.case.to_string(),
        reason: args.reason.clone(),
        act: None,
    };
    let frozen = call!(desk, intake.freeze_receipt(request))?;
    let document = json!({
        "case_id": args.case.to_string(),
        "codename": codename(args.case),
        "reason": args.reason,
        "version": frozen.version,
    });
    let case = args.case;
    desk.done(
        &format!(
            "The receipt of {} opens nothing any more.\nIts holder can be given another: flare case issue-receipt {case}",
            codename(case)
        ),
        &document,
    )
}
