//! Two thousand callers who hang up at a random moment: whatever was acknowledged is there, and no connection to the
//! database is left in a transaction.

use std::time::Duration;

use flare_contracts::{
    Service,
    intake::v1::{SubmitRequestRequest, SubmitRequestResponse, intake_client::IntakeClient},
};
use flare_edge::{
    Form, KeyBundle, Lines,
    receipt::{ReceiptHolder, Request, lock},
};
use flare_seal::{Receipt, RequestSeed};
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint},
};

use crate::harness::{Installation, below, block_on, checker, installation::Wish, token, within};

/// How many callers there are, and how many at once.
const CALLERS: usize = 2_000;
const AT_ONCE: usize = 8;
/// How long the first callers stay on the line at most, in microseconds, and the longest that any do.
const FIRST_PATIENCE: u64 = 50_000;
const LONGEST_PATIENCE: u64 = 5_000_000;

#[test]
fn embedded() {
    let installation = Installation::embedded();
    callers_hang_up(&installation);
}

#[test]
fn distributed() {
    let Some(installation) = Installation::distributed(&Wish { replicas: 1, ..Wish::default() }) else {
        return;
    };
    callers_hang_up(&installation);
    let servers = installation.servers.as_ref().unwrap();
    // A transaction that belongs to a call is over when the services rest.
    let statement = format!(
        "SELECT COALESCE(query, ''), pid FROM pg_stat_activity WHERE application_name = '{}' AND state LIKE 'idle in transaction%'",
        servers.application
    );
    within(Duration::from_secs(20), "no connection is left in a transaction", || {
        let (first, second) = (
            checker::rows(&installation, Service::Intake, &statement),
            checker::rows(&installation, Service::Intake, &statement),
        );
        (first.is_empty() && second.is_empty()).then_some(())
    });
}

fn callers_hang_up(installation: &Installation) {
    let (acknowledged, hung_up) = block_on(call(installation));
    println!("{} acknowledged, {hung_up} hung up", acknowledged.len());
    assert!(acknowledged.len() > CALLERS / 20, "hardly anybody waited for an answer; this shows nothing");
    assert!(hung_up > CALLERS / 20, "hardly anybody hung up; this shows nothing");
    let lost = block_on(look_for(installation, &acknowledged));
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged requests are gone: {lost:?}",
        lost.len(),
        acknowledged.len()
    );
    checker::settled(installation, Duration::from_mins(3));
    // Each request that is there, acknowledged or not, became one case.
    let count = |service, table| {
        checker::rows(installation, service, &format!("SELECT COUNT(*) FROM {{}}{table}"))[0][0].clone()
    };
    assert_eq!(count(Service::Intake, "requests"), count(Service::Triage, "cases"));
}

fn lines(installation: &Installation) -> Lines {
    Lines::each(|role| channel(&installation.address(role.as_str())))
}

fn channel(address: &str) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy()
}

/// One request, sealed once, goes out under many receipts: the services cannot look inside, and sealing each anew would
/// only keep the callers busy.
async fn call(installation: &Installation) -> (Vec<Receipt>, usize) {
    let lines = lines(installation);
    let bundle = KeyBundle::fetch(&lines, None).await.unwrap();
    let form = Form { happened: "They came at night.".into(), contact: "Signal".into(), ..Form::default() };
    let sealed =
        Request::compose(&bundle, &form, (&Receipt::draw().unwrap(), &RequestSeed::generate().unwrap()), "x")
            .unwrap()
            .into_message();
    let address = installation.address("intake");
    let callers = (0..AT_ONCE).map(|_| {
        let (address, sealed) = (address.clone(), sealed.clone());
        tokio::spawn(async move {
            let (mut acknowledged, mut hung_up) = (Vec::new(), 0);
            let mut line = channel(&address);
            // Grows when nobody waits for an answer and shrinks when everybody does, so that on any machine callers hang
            // up before, during and after the write.
            let mut patience = FIRST_PATIENCE;
            for nth in 0..CALLERS / AT_ONCE {
                if nth % 25 == 24 {
                    // The whole connection goes, not just the call.
                    line = channel(&address);
                }
                let receipt = Receipt::draw().unwrap();
                let moment = Duration::from_micros(below(patience));
                match hang_up_or_hear(line.clone(), request(&sealed, &receipt), moment).await {
                    Some(Ok(_)) => {
                        acknowledged.push(receipt);
                        patience = (patience * 4 / 5).max(1_000);
                    }
                    Some(Err(status)) => assert_eq!(status.code(), Code::Unavailable, "{status}"),
                    None => {
                        hung_up += 1;
                        patience = (patience * 5 / 4).min(LONGEST_PATIENCE);
                    }
                }
            }
            (acknowledged, hung_up)
        })
    });
    let (mut acknowledged, mut hung_up) = (Vec::new(), 0);
    for caller in callers.collect::<Vec<_>>() {
        let (heard, gone) = caller.await.unwrap();
        acknowledged.extend(heard);
        hung_up += gone;
    }
    (acknowledged, hung_up)
}

fn request(sealed: &SubmitRequestRequest, receipt: &Receipt) -> SubmitRequestRequest {
    SubmitRequestRequest {
        request_id: token(),
        case_id: receipt.case_id().unwrap().to_string(),
        receipt: Some(lock(receipt).unwrap()),
        ..sealed.clone()
    }
}

/// The answer, unless the caller hangs up before it comes.
async fn hang_up_or_hear(
    line: Channel,
    request: SubmitRequestRequest,
    moment: Duration,
) -> Option<Result<SubmitRequestResponse, Status>> {
    let mut intake = IntakeClient::new(line);
    let answer = tokio::time::timeout(moment, intake.submit_request(request)).await.ok()?;
    Some(answer.map(tonic::Response::into_inner))
}

/// The cases among these that their receipts do not open.
async fn look_for(installation: &Installation, acknowledged: &[Receipt]) -> Vec<String> {
    let lines = lines(installation);
    let mut lost = Vec::new();
    for receipt in acknowledged {
        let holder = ReceiptHolder::open(&lines, receipt).unwrap();
        if holder.status().await.is_err() {
            lost.push(holder.case().to_string());
        }
    }

    lost
}
