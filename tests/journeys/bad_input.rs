//! What bad input gets: a clear refusal that names the field and the rule, and nothing changed.

use flare_contracts::{
    fields,
    intake::v1::{GetRequestRequest, MessageKind, PostMessageRequest},
};
use flare_edge::{Lines, SavedSession, Session};
use flare_kernel::{CaseId, MessageId};
use flare_seal::{Compartment, Receipt};
use serde_json::{Value, json};
use tonic::{Status, transport::Endpoint};
use tonic_types::StatusExt as _;

use crate::{
    acts::{Case, Draft, Grant, text},
    harness::{Answer, Installation, answer::exit, block_on, samples, today},
};

#[test]
fn forms() {
    let installation = Installation::embedded();
    let form = |field: &str, value: Value| {
        let mut form = samples::sample("raid-en");
        form[field] = value;
        form
    };
    let cases: [(Value, &str, &str); 14] = [
        (form("happened", json!("x".repeat(20_001))), "happened", "at most 20000 characters"),
        (form("happened", json!("ح".repeat(20_001))), "happened", "at most 20000 characters"),
        (form("never", json!("x".repeat(2_001))), "never", "at most 2000 characters"),
        (form("happened", json!("")), "happened", "is required"),
        (form("contact", json!("")), "contact", "is required"),
        (form("amount", json!("-5")), "amount", "must not be negative"),
        (form("amount", json!("9400.001")), "amount", "for EUR"),
        (form("amount", json!("99999999999999999999")), "amount", "must not be so large"),
        (form("amount", json!("nine thousand")), "amount", "must be"),
        (form("currency", json!("ABC")), "amount", "ISO 4217"),
        (form("country_now", json!("ZZ")), "country_now", "ISO 3166-1"),
        (form("happened_on", json!("2026-02-30")), "happened_on", "must be a day that exists"),
        (form("needs", json!(["a helicopter"])), "needs[0]", "must be one of"),
        (form("language", json!("not a language")), "language", "must"),
    ];
    for (form, field, rule) in cases {
        submit(&installation, form.to_string().as_bytes()).refused_field(field, rule);
    }
    let mut whole_francs = samples::sample("arrest-fr");
    whole_francs["amount"] = json!("1850000.50");
    submit(&installation, whole_francs.to_string().as_bytes()).refused_field("amount", "for XOF");

    submit(&installation, b"{\"happened\": \"caf\xe9\", \"contact\": \"x\"}")
        .refused_field("--form", "UTF-8");
    submit(&installation, b"not a form").refused_field("--form", "JSON");
    submit(&installation, b"{\"happened\": \"x\", \"contact\": \"x\", \"password\": \"x\"}")
        .refused_field("--form", "line 1, column 44");
    submit(&installation, &vec![b' '; 2 * 1024 * 1024]).refused_field("--form", "at most");
    assert_eq!(installation.team.officer.flare(&["case", "queue"])["cases"], json!([]), "nothing changed");
}

/// Tries to send a form. No receipt is left behind for a request that was refused.
fn submit(installation: &Installation, form: &[u8]) -> Answer {
    let requester = installation.requester();
    let form = requester.file("form.json", form);
    let receipt = requester.new_file("receipt");
    let answer =
        requester.run(&["request", "submit", "--first-contact", "--form", &form, "--receipt-file", &receipt]);
    assert!(answer.code == 0 || !std::path::Path::new(&receipt).exists(), "a receipt for nothing: {answer}");
    answer
}

#[test]
fn receipts() {
    let installation = Installation::embedded();
    let case = Case::submit(&installation, &samples::sample("raid-en"));
    let requester = &case.requester;
    let status = |file: &str| requester.run(&["receipt", "status", "--receipt-file", file]);

    let receipt = Receipt::parse(&std::fs::read_to_string(&case.receipt).unwrap()).unwrap();
    let digits = requester.file("digits", receipt.digits().expose().as_bytes());
    assert_eq!(status(&digits).json()["case_id"], case.id.as_str(), "either form is the whole receipt");

    let mut groups: Vec<String> = receipt.digits().expose().split(' ').map(ToOwned::to_owned).collect();
    let last = groups[4].pop().unwrap();
    groups[4].push(char::from(b'0' + (last as u8 - b'0' + 1) % 10));
    let mistyped = requester.file("mistyped", groups.join(" ").as_bytes());
    status(&mistyped).refused_field("receipt", "group 5");
    requester.run(&["receipt", "check", &mistyped]).refused_field("receipt", "group 5");

    let mut words: Vec<String> = receipt.words().expose().split(' ').map(ToOwned::to_owned).collect();
    words[6].push('q');
    let misspelt = requester.file("misspelt", words.join(" ").as_bytes());
    status(&misspelt).refused_field("receipt", "word 7");

    // Well written, and nobody's.
    let other = requester.file("other", Receipt::draw().unwrap().words().expose().as_bytes());
    status(&other).refused_because(exit::NOT_ALLOWED, "UNKNOWN_RECEIPT");
}

#[test]
fn cases() {
    let installation = Installation::embedded();
    let team = &installation.team;
    let case = Case::submit(&installation, &samples::sample("raid-en"));
    steps_that_the_stage_does_not_allow(&case);
    case.take();
    a_stale_version(&case);
    words_that_are_no_words(&case);
    references_who_cannot_be(&case);
    an_old_key_epoch(&installation);

    let unknown = "case_00000000000000000000000000";
    let refused = team.officer.run(&["case", "show", unknown]);
    refused.refused_because(exit::NOT_FOUND, "NOT_FOUND");
    let refused = team.officer.run(&["grant", "show", "grant_00000000000000000000000000"]);
    refused.refused_because(exit::NOT_FOUND, "NOT_FOUND");
    assert_eq!(team.officer.run(&["case", "show", "case_x"]).code, 2, "that is no id at all");
    team.finance.run(&["case", "show", &case.id]).refused_because(exit::NOT_ALLOWED, "NOT_ALLOWED");
    installation.requester().run(&["case", "queue"]).refused_because(exit::NOT_ALLOWED, "NOT_LOGGED_IN");
}

fn unchanged(case: &Case<'_>, tries: impl FnOnce()) {
    let before = case.show();
    tries();
    assert_eq!(case.show()["version"], before["version"], "nothing changed");
}

fn steps_that_the_stage_does_not_allow(case: &Case<'_>) {
    unchanged(case, || {
        let refused = case.officer_try(&["assess"], &["--lane", "critical"]);
        refused.refused_because(exit::STATE, "WRONG_STAGE");
        assert!(refused.err.contains("acknowledged"), "it says which stages allow it: {refused}");
        let words = case.words("Too early.");
        assert_eq!(case.officer_try(&["reply"], &["--text-file", &words]).code, exit::STATE);
        case.officer_try(&["close"], &["--exit", "helped"]).refused(exit::STATE);
    });
}

fn a_stale_version(case: &Case<'_>) {
    unchanged(case, || {
        let refused = case.officer_try(&["assess"], &["--lane", "critical", "--version", "1"]);
        refused.refused_because(exit::STATE, "STALE_VERSION");
        let hint = text(&refused.refused(exit::STATE)["hint"]);
        let now = case.show()["version"].to_string();
        assert!(hint.contains(&format!("version {now}")), "it says how it is now: {refused}");
    });
}

fn words_that_are_no_words(case: &Case<'_>) {
    let officer = &case.installation.team.officer;
    unchanged(case, || {
        let latin = officer.file("latin", b"caf\xe9");
        case.officer_try(&["note"], &["--text-file", &latin]).refused_field("--text-file", "UTF-8");
        let empty = case.words(" \n");
        case.officer_try(&["note"], &["--text-file", &empty])
            .refused_field("--text-file", "must not be empty");
        let long = case.words(&"x".repeat(20_001));
        case.officer_try(&["reply"], &["--text-file", &long])
            .refused_field("--text-file", "at most 20000 characters");
        let plan = case.words("{\"how\": \"\"}");
        let seen = case.show()["version"].to_string();
        let args = ["--contact-plan-file", &plan, "--version", &seen];
        let refused = case.officer_try(&["contact-plan"], &args);
        refused.refused_field("--contact-plan-file", "how");
    });
}

fn references_who_cannot_be(case: &Case<'_>) {
    unchanged(case, || {
        // The same number, written otherwise, that the requester gave as their own.
        let words = case.words("A friend, +1 202 555 0142");
        let refused = case.officer_try(&["reference", "add"], &["--description-file", &words]);
        assert!(refused.err.contains("REFERENCE_IS_REQUESTER"), "{refused}");
    });
    assert_eq!(case.show()["references"], json!([]));
}

/// A message sealed under a key that is no longer written under, as a device would send that had not looked again.
fn an_old_key_epoch(installation: &Installation) {
    let officer = &installation.team.officer;
    let form = officer.words(&json!({"happened": "They called at noon.", "contact": "Signal"}).to_string());
    let id = text(&officer.flare(&["case", "open", "--from", "phone", "--form", &form])["case_id"]);
    let requester = installation.requester();
    let case = Case { installation, receipt: requester.new_file("receipt"), requester, id };
    case.wait_until_it_is_queued();
    case.take();
    case.officer_act(&["issue-receipt"], &["--receipt-file", &case.receipt], || {
        case.show()["has_receipt"] == true
    });
    let status = block_on(post_under_the_first_key(&case)).unwrap_err();
    let reason = status.get_details_error_info().unwrap().reason;
    assert_eq!(reason, "OLD_KEY_EPOCH");
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert!(
        violations.iter().any(|fault| fault.field.ends_with("epoch") && fault.description == "must be 2"),
        "{violations:?}"
    );
    assert_eq!(case.show()["messages"], json!([]));
}

async fn post_under_the_first_key(case: &Case<'_>) -> Result<(), Status> {
    let address = format!("http://{}", case.installation.address("intake"));
    let lines = Lines::all(&Endpoint::from_shared(address).unwrap().connect_lazy());
    let saved = std::fs::read(case.installation.team.officer.folder.join("profile/session.json")).unwrap();
    let saved: SavedSession = serde_json::from_slice(&saved).unwrap();
    let session = Session::resume(&lines, &saved).await.unwrap();
    let mut intake = lines.intake(&session.credential().await.unwrap());
    let mut request = intake.get_request(GetRequestRequest { case_id: case.id.clone() }).await?.into_inner();
    request.keys.retain(|key| key.epoch == 1);
    let id: CaseId = case.id.parse().unwrap();
    let keys = session.case_keys(id, &Compartment::ALL, &request.keys);
    let message = MessageId::random().unwrap();
    let request = PostMessageRequest {
        request_id: "old-key".to_owned(),
        case_id: case.id.clone(),
        message_id: message.to_string(),
        kind: MessageKind::Text.into(),
        text: Some(keys.seal(&fields::message(message), 1, "Under the first key.").unwrap()),
        about: String::new(),
        contact_plan_kept: true,
        seen: 0,
    };
    intake.post_message(request).await.map(drop)
}

#[test]
fn grants() {
    let installation = Installation::embedded();
    let officer = &installation.team.officer;
    let case = Case::submit(&installation, &samples::sample("raid-en"));
    case.take();
    let need = case.need("equipment");
    case.recommend(&[&need], "9400.00", "EUR");
    let fine = Draft::default;
    let drafts: [(Draft, &str, &str); 10] = [
        (Draft { ceiling: "-1".to_owned(), ..fine() }, "--ceiling", "must not be negative"),
        (Draft { ceiling: "0".to_owned(), ..fine() }, "--ceiling", "must be more than 0"),
        (Draft { ceiling: "1.005".to_owned(), ..fine() }, "--ceiling", "for EUR"),
        (Draft { ceiling: "99999999999999999999".to_owned(), ..fine() }, "--ceiling", "must not be so large"),
        (Draft { currency: "ABC".to_owned(), ..fine() }, "--c", "ISO 4217"),
        (Draft { end: today().add_days(-1), ..fine() }, "--end", "must not be before the start"),
        (Draft { end: today().add_days(184), ..fine() }, "--end", "at most 183 days"),
        (Draft { scope: "x".repeat(8_001), ..fine() }, "--scope-file", "at most 8000 characters"),
        (Draft { budget: "x".repeat(10_001), ..fine() }, "--budget-file", "at most 10000 characters"),
        (Draft { beneficiary: "x".repeat(2_001), ..fine() }, "--beneficiary-file", "at most 2000 characters"),
    ];
    for (draft, field, rule) in drafts {
        let options = draft.options(officer, &[&need]);
        let args = [vec!["grant", "draft", "--case", &case.id], options.iter().map(String::as_str).collect()]
            .concat();
        officer.run(&args).refused_field(field, rule);
    }
    let mut options = fine().options(officer, &[&need]);
    let end = options.iter().position(|option| option == "--end").unwrap();
    options[end + 1] = "2026-02-30".to_owned();
    let args =
        [vec!["grant", "draft", "--case", &case.id], options.iter().map(String::as_str).collect()].concat();
    officer.run(&args).refused_field("--end", "must be a day that exists");
    assert_eq!(officer.flare(&["grant", "list", "--case", &case.id])["grants"], json!([]), "nothing changed");
    money_that_cannot_move(&Grant::draft(&case, &[&need], &fine()));
}

fn money_that_cannot_move(grant: &Grant<'_, '_>) {
    let (case, team) = (grant.case, &grant.case.installation.team);
    case.verified_reference("Editor in the capital, ref-one@example.org");
    let payee = case.words("Partner office, payee@example.org");
    grant.submit();
    let refused = grant.try_as(&team.officer, &["payee", "enter"], &["--payee-file", &payee]);
    refused.refused_because(exit::STATE, "PAYEE_TOO_EARLY");
    grant.vote(0, "approve", "");
    grant.vote(1, "approve", "");
    grant.is("approved");
    let vouches = case.words("The editor, ref-one@example.org");
    let refused = grant.try_as(&team.officer, &["payee", "enter"], &["--payee-file", &vouches]);
    refused.refused_because(exit::STATE, "PAYEE_IS_REFERENCE");
    grant.officer_act(&["payee", "enter"], &["--payee-file", &payee], || {
        grant.show()["payee_entered_by"] != ""
    });
    let words = case.words("A colleague, payee@example.org");
    let refused = crate::harness::until("triage knows the payee", || {
        let refused = case.officer_try(&["reference", "add"], &["--description-file", &words]);
        (refused.code != 0).then_some(refused)
    });
    assert!(refused.err.contains("REFERENCE_IS_PAYEE"), "{refused}");

    let due = today().to_string();
    let tranche = grant.tranche("9400.00");
    let refused = grant.try_as(&team.officer, &["tranche", "add"], &["--amount", "0.01", "--due", &due]);
    refused.refused_because(exit::STATE, "OVER_CEILING");
    let refused = grant.try_as(&team.finance, &["tranche", "release"], &[&tranche]);
    refused.refused(exit::STATE);
    assert_eq!(grant.tranche_state(&tranche), "scheduled");
}
