//! What makes two sendings of a request the same request: its listing, receipt and answers, however they were sealed
//! and whoever their keys were wrapped to meanwhile.

use flare_contracts::{
    InputRule, Refusal,
    intake::v1::{OpenRequestRequest, SubmitRequestRequest},
};

pub(crate) fn of_submission(request: &SubmitRequestRequest) -> Result<[u8; 32], Refusal> {
    flare_contracts::fingerprint(&SubmitRequestRequest { keys: Vec::new(), ..request.clone() })
        .ok_or_else(unknown)
}

pub(crate) fn of_opening(request: &OpenRequestRequest) -> Result<[u8; 32], Refusal> {
    flare_contracts::fingerprint(&OpenRequestRequest { keys: Vec::new(), ..request.clone() })
        .ok_or_else(unknown)
}

fn unknown() -> Refusal {
    Refusal::invalid("request_id", InputRule::NotOfFlare)
}
