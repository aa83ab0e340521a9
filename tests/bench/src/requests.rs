//! Sealed requests, made beforehand: sealing is the requester's device's work, not the service's.

use flare_contracts::intake::v1::SubmitRequestRequest;
use flare_edge::{Form, KeyBundle, receipt::Request};
use flare_seal::{Receipt, RequestSeed};

use crate::Failure;

const SAMPLES: &[u8] = include_bytes!("../../samples/requests.json");

/// `count` requests with the answers of the samples in turn.
pub(crate) fn compose(bundle: &KeyBundle, count: usize) -> Result<Vec<SubmitRequestRequest>, Failure> {
    let forms: Vec<Form> = serde_json::from_slice(SAMPLES)?;
    (0..count)
        .map(|index| {
            let form = &forms[index % forms.len()];
            Ok(Request::compose(
                bundle,
                form,
                (&Receipt::draw()?, &RequestSeed::generate()?),
                &format!("bench-{index}"),
            )?
            .into_message())
        })
        .collect()
}
