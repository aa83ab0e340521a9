//! What becomes of a command whose call was carried out and whose answer was lost: given again, it is done once, and no
//! secret is gone. The services are the real ones; only what they answer is lost on the way.

use std::fs;

use flare_contracts::{
    grants::v1::GetGrantRequest, identity::v1::ListStaffRequest, intake::v1::ListFilesRequest,
};
use flare_edge::{desk::GrantName, founding_code, receipt::ReceiptHolder};

use super::system::{Flare, told_id};
use crate::cli::{Exit, receipt, staff};

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_whose_founding_was_not_answered_is_founded_by_the_same_command() {
    let flare = Flare::start().await;
    let error = flare.lost("FoundOrganisation", "ada", Flare::FOUND).await;
    assert!(error.for_people().contains("give the same command again"), "{}", error.for_people());
    let (key, code) = (flare.read("key"), flare.read("ada.code"));
    assert_eq!(key.trim().len(), 64, "the key was kept before the call");
    let (seed, _) = staff::founding_seed(&flare.path("key")).unwrap();
    assert_eq!(code.trim(), founding_code(&seed));

    flare.give("ada", Flare::FOUND).await.unwrap();
    assert_eq!((flare.read("key"), flare.read("ada.code")), (key, code), "nothing was drawn anew");
    // An answer that is lost once is not even noticed.
    flare.lose("Enrol", 1);
    flare.enrol("ada").await.unwrap();

    // Whoever holds another key did not found it, and is told.
    let other = Flare::FOUND.replace("@key", "@other-key").replace("@ada.code", "@other.code");
    let error = flare.give("eve", &other).await.unwrap_err();
    assert_eq!(error.reason, "ALREADY_FOUNDED");
    assert!(!flare.path("other-key").exists() && !flare.path("other.code").exists(), "they open nothing");
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_kept_by_a_try_that_never_arrived_founds_the_organisation() {
    let flare = Flare::start().await;
    flare.file("key", "not a key\n");
    assert_eq!(flare.give("ada", Flare::FOUND).await.unwrap_err().exit, Exit::Refused);
    assert_eq!(flare.read("key"), "not a key\n", "what is no key of ours is left alone");
    fs::remove_file(flare.path("key")).unwrap();
    let (seed, _) = staff::founding_seed(&flare.path("key")).unwrap();
    flare.file("wrong-code", "guessed\n");
    let wrong = Flare::FOUND.replace("@data/setup-code", "@wrong-code");
    assert_eq!(flare.give("ada", &wrong).await.unwrap_err().exit, Exit::NotAllowed);
    assert!(flare.path("key").exists(), "a key from an earlier try is nobody's to delete");
    flare.give("ada", Flare::FOUND).await.unwrap();
    assert_eq!(flare.read("ada.code").trim(), founding_code(&seed));
    flare.enrol("ada").await.unwrap();
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whose_invitation_was_not_answered_is_invited_once() {
    let flare = Flare::start().await;
    flare.give("ada", Flare::FOUND).await.unwrap();
    flare.enrol("ada").await.unwrap();
    let invite = "staff invite omar --roles officer --code-file @omar.code";
    let error = flare.lost("InviteStaff", "ada", invite).await;
    assert!(error.for_people().contains("--again"), "{}", error.for_people());
    assert_eq!(flare.give("ada", invite).await.unwrap_err().exit, Exit::Refused, "no code is written over");
    flare.give("ada", &format!("{invite} --again")).await.unwrap();
    flare.enrol("omar").await.unwrap();
    flare.lose("AdmitToTeam", 1);
    flare.lose("CertifyStaff", 1);
    flare.admit_omar().await.unwrap();
    let session = flare.context("ada", None).session().await.unwrap();
    let request = ListStaffRequest { page_size: 100, page_token: String::new() };
    let mut identity = session.lines().identity(&session.credential().await.unwrap());
    let staff = identity.list_staff(request).await.unwrap().into_inner().staff;
    let omar = staff.iter().filter(|member| member.name == "omar").collect::<Vec<_>>();
    assert_eq!((omar.len(), omar[0].teams.as_slice()), (1, ["triage".to_owned()].as_slice()));
    // A refused invitation leaves no code behind.
    let taken = "staff invite omar --roles officer --code-file @second.code";
    assert_eq!(flare.give("ada", taken).await.unwrap_err().reason, "NAME_TAKEN");
    assert!(!flare.path("second.code").exists());
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_whose_opening_was_not_answered_is_one_case_and_its_receipt_is_kept() {
    let flare = Flare::with_an_officer().await;
    let submit = "request submit --first-contact --form @form.json --receipt-file @sent";
    flare.lost("SubmitRequest", "nobody", submit).await;
    flare.give("nobody", &format!("{submit} --again")).await.unwrap();
    let sent = flare.holder("sent");
    assert_eq!(flare.cases(&sent.case().to_string()).await, 1);

    let open = "case open --from signal --form @form.json --receipt-file @opened";
    let error = flare.lost("OpenRequest", "omar", open).await;
    assert!(error.for_people().contains("--again"), "{}", error.for_people());
    flare.give("omar", &format!("{open} --again")).await.unwrap();
    let opened = flare.holder("opened");
    assert_eq!(flare.cases(&opened.case().to_string()).await, 2);
    assert!(opened.status().await.is_ok(), "the receipt of the first try opens it");

    // Without a receipt, the id that the error tells is what makes it the same command.
    let open = "case open --from phone --form @form.json";
    let error = flare.lost("OpenRequest", "omar", open).await;
    let id = told_id(&error);
    flare.give("omar", &format!("{open} --request-id {id}")).await.unwrap();
    let bare = flare.reserved(&id).await;
    assert_eq!(flare.cases(&bare.to_string()).await, 3);

    let issue = format!("case issue-receipt {bare} --receipt-file @issued");
    flare.lost("IssueReceipt", "omar", &issue).await;
    flare.give("omar", &format!("{issue} --again")).await.unwrap();
    let receipt = receipt::read(&flare.path("issued")).unwrap();
    let found = ReceiptHolder::find(&flare.context("nobody", None).lines, &receipt).await;
    assert_eq!(found.unwrap().1.case_id, bare);
    flare.file("other", &format!("{}\n", flare_seal::Receipt::from_bytes([3; 15]).words().expose()));
    let other = format!("case issue-receipt {bare} --receipt-file @other --again");
    assert_eq!(flare.give("omar", &other).await.unwrap_err().reason, "OTHER_RECEIPT");
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_requester_writes_and_attaches_is_there_once() {
    let flare = Flare::with_an_officer().await;
    let holder = flare.asked_for_help().await;

    flare.file("words", "I have moved.");
    let write = "receipt write --receipt-file @receipt --text-file @words";
    let id = told_id(&flare.lost("PostMessage", "nobody", write).await);
    flare.give("nobody", &format!("{write} --request-id {id}")).await.unwrap();
    assert_eq!(holder.messages().await.unwrap().len(), 1);
    flare.file("words", "I have not moved.");
    let error = flare.give("nobody", &format!("{write} --request-id {id}")).await.unwrap_err();
    assert_eq!(error.reason, "REQUEST_ID_REUSED");

    flare.file("letter.txt", "Dear editor");
    let attach = "receipt attach @letter.txt --receipt-file @receipt";
    let id = told_id(&flare.lost("UploadFile", "nobody", attach).await);
    flare.give("nobody", &format!("{attach} --request-id {id}")).await.unwrap();
    let mut intake = flare.context("nobody", None).lines.intake(holder.credential());
    let all = || ListFilesRequest { page_size: 100, ..ListFilesRequest::default() };
    assert_eq!(intake.list_files(all()).await.unwrap().into_inner().files.len(), 1);
    flare.file("letter.txt", "Dear EDITOR");
    let error = flare.give("nobody", &format!("{attach} --request-id {id}")).await.unwrap_err();
    assert_eq!(error.reason, "REQUEST_ID_REUSED", "the same name and size, but another letter");
    flare.lose("UploadFile", 1);
    flare.give("nobody", attach).await.unwrap();
    assert_eq!(intake.list_files(all()).await.unwrap().into_inner().files.len(), 2);

    flare.file("more.json", r#"{"payment": "Cash, by hand."}"#);
    flare.lose("AddAnswers", 1);
    flare.give("nobody", "request add --form @more.json --receipt-file @receipt").await.unwrap();
    let status = holder.status().await.unwrap();
    assert_eq!(status.times_written("request.payment"), 1, "it was added once");
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_was_answered_unheard_is_answered_once() {
    let flare = Flare::with_an_officer().await;
    let holder = flare.taken(r#"{"how": "Signal"}"#).await;
    let case = holder.case();
    // Not even the case could be read, so that nothing can have been done: no id is told.
    let error = flare.lost("GetCase", "omar", &format!("case pause {case} --reason not-safe")).await;
    assert_eq!(serde_json::to_value(&error).unwrap()["request_id"], serde_json::Value::Null);
    flare.file("words", "Are you safe?");
    let ask = format!("case ask {case} --text-file @words");
    let id = told_id(&flare.lost("PostMessage", "omar", &ask).await);
    flare.give("omar", &format!("{ask} --request-id {id}")).await.unwrap();
    assert_eq!(holder.status().await.unwrap().open_questions.len(), 1, "it was asked once");

    flare.file("answer", "Yes.");
    let answer = "receipt answer --receipt-file @receipt --text-file @answer";
    let id = told_id(&flare.lost("PostMessage", "nobody", answer).await);
    assert!(holder.status().await.unwrap().open_questions.is_empty(), "it had arrived");
    flare.give("nobody", &format!("{answer} --request-id {id}")).await.unwrap();
    assert_eq!(holder.messages().await.unwrap().len(), 2);
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_is_said_once_and_only_when_it_can_be_answered() {
    let flare = Flare::with_an_officer().await;
    let holder = flare.taken(r#"{"how": "Signal"}"#).await;
    let case = holder.case();
    flare.file("words", "A camera, before Monday.");
    flare.give("omar", &format!("case assess {case} --lane urgent")).await.unwrap();
    flare.give("omar", &format!("case need add {case} equipment")).await.unwrap();
    let record = flare.record(case).await;
    let need = record.needs()[0];
    let recommend =
        format!("case recommend {case} --need {need} --amount 500.00 --currency EUR --text-file @words");
    flare.give("omar", &recommend).await.unwrap();
    let draft = format!(
        "grant draft --case {case} --ceiling 500.00 --currency EUR --start 2030-01-01 --end 2030-03-01 --support cash \
         --method cash-by-partner --mode reactive --trigger negative --scope-file @words --budget-file @words \
         --beneficiary-file @words"
    );
    flare.give("omar", &draft).await.unwrap();
    let its_only_one: GrantName = record.codename().parse().unwrap();
    let grant = flare.context("omar", None).desk().await.unwrap().find_grant(&its_only_one).await.unwrap();
    let said = async || holder.messages().await.unwrap().len();

    // Cut off between the words and the act: the same command finds its words.
    let propose = format!("grant propose {grant}");
    flare.lost("PostMessage", "omar", &propose).await;
    assert_eq!(said().await, 1);
    flare.give("omar", &propose).await.unwrap();
    assert_eq!(said().await, 1);

    // Cut off after the act, which changed the version: the id that was told brings it to its end.
    let id = told_id(&flare.lost("ShowProposal", "omar", &propose).await);
    assert_eq!(said().await, 2, "it was proposed anew");
    flare.give("omar", &format!("{propose} --request-id {id}")).await.unwrap();
    assert_eq!(said().await, 2);

    // What would be refused is not said.
    let stale = flare.give("omar", &format!("{propose} --version 1")).await.unwrap_err();
    assert_eq!(stale.reason, "STALE_VERSION");
    let agree = format!("grant agreement post {grant} --text-file @words --donor-origin-told");
    let early = flare.give("omar", &agree).await.unwrap_err();
    assert_eq!(early.reason, "WRONG_STAGE");
    assert_eq!(said().await, 2);

    let object = format!("receipt proposal {grant} --receipt-file @receipt --wrong --text-file @words");
    while flare.give("nobody", &object).await.is_err() {
        // Until the requester's view has heard of the proposal.
        tokio::task::yield_now().await;
    }
    let session = flare.context("omar", None).session().await.unwrap();
    let mut grants = session.lines().grants(&session.credential().await.unwrap());
    let request = || GetGrantRequest { grant_id: grant.to_string() };
    while !grants.get_grant(request()).await.unwrap().into_inner().grant.unwrap().requester_objects {
        tokio::task::yield_now().await;
    }
    let before = said().await;
    assert_eq!(flare.give("omar", &propose).await.unwrap_err().reason, "PROPOSAL_REFUSED");
    assert_eq!(said().await, before);
    flare.stop().await;
}
