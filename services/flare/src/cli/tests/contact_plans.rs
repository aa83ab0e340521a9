//! Contact plans that two people change at once, and words that go out under one that was changed meanwhile.

use flare_contracts::{
    fields,
    intake::v1::MessageKind,
    triage::v1::{BeginKeyEpochRequest, SetContactPlanRequest},
};
use flare_edge::{
    CaseKeys, ContactPlan,
    desk::{CaseRecord, Words},
    receipt::File,
};
use flare_kernel::CaseId;
use flare_seal::Compartment;

use super::system::{Flare, told_id};
use crate::cli::{CliError, Exit, case::saying::agreed};

impl Flare {
    /// Sets the plan of a file that was made of this version of the case.
    async fn set(&self, (case, file, version): (CaseId, &str, i64), options: &str) -> Result<(), CliError> {
        let set =
            format!("case contact-plan {case} --contact-plan-file @{file} --version {version} {options}");
        self.give("omar", &set).await
    }
}

fn plan_of(record: &CaseRecord) -> ContactPlan {
    record.contact_plan().unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_made_of_an_older_version_brings_nothing_back() {
    let flare = Flare::with_an_officer().await;
    let first = r#"{"how": "Signal", "when": "after 18:00", "never_say": ["radio", "El Fasher"]}"#;
    let case = flare.taken(first).await.case();
    let seen = flare.record(case).await.version();

    flare.file("later.json", r#"{"how": "Signal", "when": "after 20:00", "never_say": ["radio"]}"#);
    let error = flare.set((case, "later.json", seen), "").await.unwrap_err();
    assert_eq!((error.exit, error.reason.as_str()), (Exit::Refused, "CONTACT_PLAN_LIFTS"));
    flare.file("lift", "El Fasher\nradio\n");
    let error = flare.set((case, "later.json", seen), "--lift-file @lift").await.unwrap_err();
    assert!(error.for_people().contains("--lift-file must name"), "{error}");
    assert!(error.for_people().contains("line 2 names nothing"), "{error}");

    // What was done though its answer was lost is done once, with all that it takes back.
    flare.file("lift", "El Fasher\n");
    let set = format!(
        "case contact-plan {case} --contact-plan-file @later.json --version {seen} --lift-file @lift"
    );
    let id = told_id(&flare.lost("SetContactPlan", "omar", &set).await);
    flare.give("omar", &format!("{set} --request-id {id}")).await.unwrap();
    let now = flare.record(case).await;
    assert_eq!(now.version(), seen + 1);

    flare.file(
        "earlier.json",
        r#"{"how": "Signal", "when": "after 18:00", "never_say": ["radio", "bridge"]}"#,
    );
    let error = flare.set((case, "earlier.json", seen), "").await.unwrap_err();
    assert_eq!((error.exit, error.reason.as_str()), (Exit::State, "STALE_VERSION"));
    let told = error.for_people();
    assert!(told.contains(&format!("it is at version {} now", now.version())), "{told}");
    let plan = plan_of(&flare.record(case).await);
    assert_eq!((plan.when.as_str(), plan.never_say), ("after 20:00", vec!["radio".to_owned()]));
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_does_not_open_is_replaced_only_by_whoever_says_so() {
    let flare = Flare::with_an_officer().await;
    let case = flare.taken(r#"{"how": "Signal"}"#).await.case();
    // A colleague's device wrapped the next key to nobody, and sealed a plan under it.
    let session = flare.context("omar", None).session().await.unwrap();
    let (key, mut wire) = session.draw_epoch(case, Compartment::Notes, 2, None).unwrap();
    wire.wraps.iter_mut().for_each(|wrap| wrap.wrapped.fill(7));
    let mut keys = CaseKeys::new(case);
    keys.insert(Compartment::Notes, 2, key);
    let plan = r#"{"how": "the neighbour", "never_say": ["radio"]}"#;
    let plan = keys.seal(&fields::CONTACT_PLAN, 2, plan).unwrap();
    let mut triage = session.lines().triage(&session.credential().await.unwrap());
    let (request_id, case_id) = ("key".to_owned(), case.to_string());
    let begin = BeginKeyEpochRequest { request_id, case_id: case_id.clone(), key: Some(wire) };
    let version = triage.begin_key_epoch(begin).await.unwrap().into_inner().version;
    let request_id = "plan".to_owned();
    let set = SetContactPlanRequest { request_id, case_id, version, contact_plan: Some(plan) };
    triage.set_contact_plan(set).await.unwrap();

    let closed = flare.record(case).await;
    assert!(closed.contact_plan().is_err());
    let seen = closed.version();
    flare.file("new.json", r#"{"how": "Signal, at noon"}"#);
    let error = flare.set((case, "new.json", seen), "").await.unwrap_err();
    assert_eq!((error.exit, error.reason.as_str()), (Exit::State, "CONTACT_PLAN_CLOSED"));
    assert!(error.for_people().contains("--replace-closed"), "{error}");
    assert_eq!(flare.record(case).await.version(), seen);
    flare.set((case, "new.json", seen), "--replace-closed").await.unwrap();
    assert_eq!(plan_of(&flare.record(case).await).how, "Signal, at noon");
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_while_somebody_wrote_stops_their_words() {
    let flare = Flare::with_an_officer().await;
    let holder = flare.taken(r#"{"how": "Signal"}"#).await;
    let case = holder.case();
    let context = flare.context("omar", None);
    let desk = context.desk().await.unwrap();
    let mut record = desk.case(case, None).await.unwrap();
    let words = Words { kind: MessageKind::Text, about: "", text: "We heard you on the radio." };
    let say = async |record: &mut CaseRecord, anyway| {
        let said = agreed(&context, record, anyway, async |record, all_the_same| {
            desk.say(record, words, all_the_same).await
        });
        said.await
    };

    flare.file("warned.json", r#"{"how": "Signal", "never_say": ["radio"]}"#);
    flare.set((case, "warned.json", record.version()), "").await.unwrap();
    let error = say(&mut record, false).await.err().unwrap();
    assert_eq!((error.exit, error.reason.as_str()), (Exit::State, "CONTACT_PLAN_CHANGED"));
    let error = say(&mut record, false).await.err().unwrap();
    assert_eq!((error.exit, error.reason.as_str()), (Exit::Refused, "FORBIDDEN_WORDS"));
    assert_eq!(plan_of(&record).never_say, ["radio"], "whoever wrote is shown the plan as it is now");

    flare.file("news", "They are at the door.");
    flare.give("nobody", "receipt write --receipt-file @receipt --text-file @news").await.unwrap();
    let error = say(&mut record, true).await.err().unwrap();
    assert_eq!((error.exit, error.reason.as_str()), (Exit::State, "MESSAGES_CROSSED"));
    assert!(error.for_people().contains(&format!("flare case show {}", record.codename())), "{error}");
    assert_eq!(holder.messages().await.unwrap().len(), 1, "nothing was said yet");

    // Whoever has read both says it all the same.
    let said = say(&mut record, true).await.unwrap();
    assert_eq!(said.contact_plan.never_say, ["radio"]);
    assert_eq!(holder.messages().await.unwrap().len(), 2);
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_to_the_requester_only_under_a_plan_and_by_a_name_that_it_allows() {
    let flare = Flare::with_an_officer().await;
    let holder = flare.asked_for_help().await;
    let case = holder.case();
    flare.file("radio.txt", "A letter.");
    let attach = format!("case attach {case} @radio.txt --for-requester");
    let error = flare.give("omar", &attach).await.unwrap_err();
    assert_eq!((error.exit, error.reason.as_str()), (Exit::State, "NOT_ACKNOWLEDGED"));

    flare.take(case, r#"{"how": "Signal", "never_say": ["radio"]}"#).await;
    let error = flare.give("omar", &attach).await.unwrap_err();
    assert_eq!((error.exit, error.reason.as_str()), (Exit::Refused, "FORBIDDEN_WORDS"));
    assert!(error.for_people().contains("FILE must not say “radio”"), "{error}");
    assert!(holder.files().await.unwrap().is_empty());
    flare.give("omar", &format!("{attach} --anyway")).await.unwrap();
    let files = holder.files().await.unwrap();
    assert_eq!(files.iter().map(File::shown_name).collect::<Vec<_>>(), ["radio.txt"]);
    flare.stop().await;
}
