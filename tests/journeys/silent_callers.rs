//! Callers who begin an upload and then send nothing: more of them than there are slots. Files may have to wait for them;
//! requests for help do not, nor do the people who answer those.

use flare_access::{Credentials, ReceiptClaim};
use flare_contracts::intake::v1::{UploadFileRequest, intake_client::IntakeClient};
use flare_seal::{Receipt, Sensitive};
use tokio::task::JoinSet;
use tonic::{Code, Request, Status, transport::Endpoint};

use crate::{
    acts::Case,
    harness::{Installation, block_on, samples},
};

/// More than all slots of a process together.
const CALLERS: usize = 600;
/// On one connection.
const TOGETHER: usize = 100;

#[test]
fn embedded() {
    let installation = Installation::embedded();
    let case = Case::submit(&installation, &samples::sample("raid-en"));
    let words = std::fs::read_to_string(&case.receipt).unwrap();
    let real = Receipt::parse(words.trim()).unwrap();
    block_on(async {
        let mut strangers = silent(&installation, || Receipt::draw().unwrap());
        while let Some(told) = strangers.join_next().await {
            let code = told.unwrap().code();
            assert!(
                [Code::Unauthenticated, Code::ResourceExhausted].contains(&code),
                "somebody who proves nothing was waited for: {code:?}"
            );
        }
        // Receipts are free: anybody has one.
        let mut waiting = silent(&installation, || real.clone());
        while waiting.len() > 64 {
            let told = waiting.join_next().await.unwrap().unwrap();
            assert_eq!(told.code(), Code::ResourceExhausted, "{told:?}");
        }
        // While they are waited for, the main job goes on: through the door, and from service to service.
        tokio::task::block_in_place(|| {
            Case::submit(&installation, &samples::sample("arrest-fr"));
            assert_eq!(case.receipt_try(&["withdraw", "--reason", "too-dangerous", "--yes"]).code, 0);
            case.stands("withdrawn");
        });
    });
}

/// So many callers who begin an upload with a receipt and send nothing.
fn silent(installation: &Installation, receipt: impl Fn() -> Receipt) -> JoinSet<Status> {
    let mut calls = JoinSet::new();
    let address = format!("http://{}", installation.address("intake"));
    let mut line = Endpoint::from_shared(address.clone()).unwrap().connect_lazy();
    for nth in 0..CALLERS {
        if nth % TOGETHER == 0 {
            line = Endpoint::from_shared(address.clone()).unwrap().connect_lazy();
        }
        let receipt = receipt();
        let claim = ReceiptClaim { lookup: receipt.lookup_id(), proof: Sensitive::new(receipt.proof()) };
        let mut request = Request::new(tokio_stream::pending::<UploadFileRequest>());
        let shown = Credentials::Receipt(claim).to_metadata().unwrap();
        request.metadata_mut().insert("authorization", shown);
        let mut intake = IntakeClient::new(line.clone());
        calls.spawn(async move { intake.upload_file(request).await.unwrap_err() });
    }
    calls
}
