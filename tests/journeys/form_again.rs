//! A form that is sent more than once: a second tap, a reload, another tab, another process. One case; other words go on as
//! further answers, and everything is kept.

use flare_edge::{
    Form, KeyBundle, Lines,
    receipt::{FormSent, ReceiptHolder, Request},
};
use flare_seal::{Receipt, RequestSeed};
use tokio::task::JoinSet;
use tonic::transport::Endpoint;

use crate::harness::{Installation, until};

fn form(happened: &str) -> Form {
    Form { happened: happened.to_owned(), contact: "Signal, at night".to_owned(), ..Form::default() }
}

fn lines(address: &str) -> Lines {
    Lines::all(&Endpoint::from_shared(address.to_owned()).unwrap().connect_lazy())
}

async fn send(address: String, happened: &'static str, receipt: [u8; 15]) -> FormSent {
    // As a process of its own would: new lines, new keys of the organisation, receipt and seed out of the form.
    let lines = lines(&address);
    let bundle = KeyBundle::fetch(&lines, None).await.unwrap();
    let (receipt, seed) = (Receipt::from_bytes(receipt), RequestSeed::from_bytes([9; 32]));
    let form = form(happened);
    let request = Request::of_form(&bundle, &form, (&receipt, &seed)).unwrap();
    request.submit_or_add(&lines, (&bundle, &form), (&receipt, &seed)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    let installation = Installation::embedded();
    let address = format!("http://{}", installation.address("intake"));
    let bytes = *Receipt::draw().unwrap().expose();

    // Ten at once are one request.
    let mut sendings = JoinSet::new();
    for _ in 0..10 {
        sendings.spawn(send(address.clone(), "They came at night.", bytes));
    }
    let sent = sendings.join_all().await;
    assert!(sent.iter().all(|other| *other == sent[0]), "{sent:?}");
    let FormSent::Request(first) = &sent[0] else { panic!("{:?}", sent[0]) };

    // Other words under the same form are kept beside the first, once however often they are sent.
    for _ in 0..2 {
        let more = send(address.clone(), "They came at night, and again today.", bytes).await;
        assert_eq!(more, FormSent::FurtherAnswers);
    }
    assert_eq!(send(address.clone(), "They came at night.", bytes).await, FormSent::Request(first.clone()));
    assert_eq!(send(address.clone(), "We have left.", bytes).await, FormSent::FurtherAnswers);

    let id = first.case_id.clone();
    let written = tokio::task::block_in_place(|| {
        let officer = &installation.team.officer;
        until("triage has heard of it", || (officer.run(&["case", "show", &id]).code == 0).then_some(()));
        officer.read(&["case", "answers", &id])
    });
    let happened = written.as_array().unwrap().iter().filter(|written| written["name"] == "request.happened");
    let texts: Vec<_> = happened.map(|written| written["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        ["They came at night.", "They came at night, and again today.", "We have left."],
        "each writing is kept, in order"
    );
    let (holder, _) = ReceiptHolder::find(&lines(&address), &Receipt::from_bytes(bytes)).await.unwrap();
    assert_eq!(holder.case().to_string(), first.case_id);
}
