//! What is asked and added later, before services that say what was answered and take what is added.

use std::sync::Mutex;

use flare_contracts::{
    Cause, Refusal,
    identity::v1::{GetKeyBundleResponse, TeamKey as WireTeamKey},
    intake::v1::{AddAnswersRequest, AddAnswersResponse, AnswerVersion, Danger, GetStatusResponse},
};
use flare_edge::Team;
use flare_seal::{OrganisationSeed, Receipt, RecipientSecret, TeamKey, sign_recovery_key, sign_team_key};
use prost::Message;

use super::{catalogues::latin_in, *};
use crate::{
    answers::Answers,
    form::{LATER, Unclear, form_of},
    keys::Session,
    spool::tests::framed,
};

/// What stands for intake and identity.
#[derive(Default)]
struct Services {
    /// Sealed answers that the request has.
    answered: Vec<&'static str>,
    /// Questions whose answers are listed.
    listed: Vec<&'static str>,
    added: Mutex<Vec<AddAnswersRequest>>,
    /// Why nothing is added.
    refuses: Option<Cause>,
}

/// Everything that can be asked later, answered.
fn all_answered() -> Services {
    let answered = flare_contracts::answers::ANSWERS.iter().map(|rule| rule.name).collect();
    Services { answered, listed: vec!["danger", "kind", "language"], ..Services::default() }
}

fn receipt() -> Receipt {
    Receipt::from_bytes([9; 15])
}

fn keys() -> PortalKeys {
    PortalKeys::new(PortalKey::from_bytes([7; 32]), Vec::new())
}

fn bundle() -> GetKeyBundleResponse {
    let seed = OrganisationSeed::from_bytes([0x42; 32]);
    let recovery = seed.recovery().public().unwrap();
    let team_key = |team: Team| {
        let public = RecipientSecret::from_bytes([0x24; 32]).public().unwrap();
        let key = TeamKey { team: team.as_str().to_owned(), generation: 1, public };
        let signature = sign_team_key(&seed, &key).to_vec();
        WireTeamKey { team: key.team, generation: 1, public_key: key.public.to_bytes(), signature }
    };
    GetKeyBundleResponse {
        organisation: "Press Aid".to_owned(),
        organisation_key: seed.signer().public().to_vec(),
        recovery_key: recovery.to_bytes(),
        team_keys: Team::ALL.map(team_key).into(),
        recovery_signature: sign_recovery_key(&seed, &recovery).to_vec(),
    }
}

impl Services {
    fn status(&self) -> GetStatusResponse {
        let answers = self.answered.iter().map(|name| AnswerVersion { name: (*name).to_owned(), version: 1 });
        GetStatusResponse {
            case_id: receipt().case_id().unwrap().to_string(),
            version: 1,
            request_epoch: 1,
            answers: answers.collect(),
            listed_answers: self.listed.iter().map(|name| (*name).to_owned()).collect(),
            ..GetStatusResponse::default()
        }
    }

    /// One request id stands for one call.
    fn add(&self, request: AddAnswersRequest) -> Result<AddAnswersResponse, Refusal> {
        if let Some(cause) = &self.refuses {
            return Err(cause.clone().into());
        }
        let mut added = self.added.lock().unwrap();
        if added.iter().any(|earlier| earlier.request_id == request.request_id) {
            return Err(Cause::RequestIdReused.into());
        }
        added.push(request);
        Ok(AddAnswersResponse { version: 2 })
    }

    async fn answer(&self, request: Request<tonic::body::Body>) -> axum::http::Response<tonic::body::Body> {
        let rpc = request.uri().path().rsplit('/').next().unwrap().to_owned();
        let bytes = to_bytes(Body::new(request.into_body()), usize::MAX).await.unwrap();
        // Before a message, one byte says that it is not compressed, and four how long it is.
        let message = match rpc.as_str() {
            "GetStatus" => self.status().encode_to_vec(),
            "GetKeyBundle" => bundle().encode_to_vec(),
            "AddAnswers" => match self.add(AddAnswersRequest::decode(&bytes[5..]).unwrap()) {
                Ok(added) => added.encode_to_vec(),
                Err(refusal) => return tonic::Status::from(refusal).into_http(),
            },
            other => panic!("no page here calls {other}"),
        };
        framed(message)
    }
}

/// The page that a holder of the code gets from a form of ours.
async fn post_to(services: &Arc<Services>, path: &str, body: &str, unclear: Unclear) -> Page {
    let session = Session { unclear, ..Session::begin(receipt(), Fixed.now()) };
    let cookie = format!("__Host-s={}", session.seal(&keys(), Fixed.now()).unwrap());
    let services = Arc::clone(services);
    let lines = service_fn(move |request: Request<tonic::body::Body>| {
        let services = Arc::clone(&services);
        async move { Ok::<_, Infallible>(services.answer(request).await) }
    });
    let portal = Portal::new(Lines::all(&lines), settings(), keys(), Arc::new(Fixed)).router();
    let request = if path.ends_with("/status") { Request::get(path) } else { Request::post(path) };
    let request = request.header(header::HOST, HOST).header(header::COOKIE, cookie);
    fetch_from(portal, request.body(Body::from(body.to_owned())).unwrap()).await
}

fn id_of(page: &Page) -> String {
    page.html.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// The names of everything that can be filled in.
fn asked(page: &Page) -> std::collections::BTreeSet<&str> {
    let names = page.html.split(" name=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    names.filter(|name| !matches!(*name, "viewport" | "robots" | "id")).collect()
}

#[tokio::test]
async fn what_is_left_is_asked_in_each_language_within_its_budget() {
    for lang in LANGUAGES {
        for (services, most, some) in [(Services::default(), 10, "danger"), (all_answered(), 5, "payment")] {
            let path = format!("/{lang}/more");
            let page = post_to(&Arc::new(services), &path, "", Unclear::default()).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.html.len() <= most * 1024, "{path} has {} bytes", page.html.len());
            assert_eq!(page.html.len() % 1024, 0, "{path}");
            assert_eq!(page.headers["cache-control"], "no-store");
            assert!(page.headers.contains_key(header::SET_COOKIE) && !page.html.contains("<script"));
            assert!(asked(&page).contains(some), "{path}");
            if lang == "ar" {
                assert_eq!(latin_in(&page.html), "", "{path}");
            }
        }
    }
    assert_eq!(get("/en/more").await.status, StatusCode::NOT_FOUND, "it opens by a button only");
    assert_eq!(post("/en/more", "").await.status, StatusCode::UNAUTHORIZED, "with the code only");
}

#[tokio::test]
async fn every_question_that_was_not_answered_stands_on_the_page() {
    let page = post_to(&Arc::new(Services::default()), "/en/more", "", Unclear::default()).await;
    let names = asked(&page);
    for (question, _) in LATER {
        let fields: &[&str] = match question {
            "others" => &["other0", "check0", "other1", "check1", "before"],
            "references" => &["who0", "how0", "tell0", "who1", "how1", "tell1"],
            "kind" => &["kind", "alone"],
            "amount" => &["amount", "currency"],
            other => &[other],
        };
        for field in fields {
            assert!(names.contains(field), "{question}: {field}");
        }
    }
}

#[tokio::test]
async fn what_was_answered_is_not_asked_again_and_what_was_unclear_is_asked_back() {
    let all = Arc::new(all_answered());
    let page = post_to(&all, "/en/more", "", Unclear::default()).await;
    assert_eq!(
        asked(&page).into_iter().collect::<Vec<_>>(),
        ["anything", "danger", "endangering", "payment", "reach"]
    );
    assert!(page.html.contains("A new answer stands beside it."));

    let odd = Answers { now: "over there".to_owned(), amount: "a lot".to_owned(), ..Answers::default() };
    let today = flare_kernel::Date::from_timestamp(Fixed.now());
    let unclear = Unclear::of(&form_of(&odd), today);
    let status = post_to(&all, "/en/status", "", unclear).await;
    assert!(status.html.contains("Some answers could not be read for sure."), "{}", status.html);
    let back = post_to(&all, "/en/more", "", unclear).await;
    let names = asked(&back);
    assert!(
        ["now", "amount", "currency"].iter().all(|name| names.contains(name)) && !names.contains("place")
    );
    assert_eq!(back.html.matches("We could not read this answer for sure.").count(), 2);

    let sent = format!("id={}&now=Sudan&amount=500+EUR", id_of(&back));
    let sent = post_to(&all, "/en/add", &sent, unclear).await;
    let cookie = sent.headers[header::SET_COOKIE].to_str().unwrap();
    let sealed = cookie.strip_prefix("__Host-s=").unwrap().split(';').next().unwrap();
    assert!(!Session::open(&keys(), sealed, Fixed.now()).unwrap().unclear.any(), "both are plain now");
}

#[tokio::test]
async fn an_answer_is_added_once_however_often_it_is_sent_and_other_words_are_added_too() {
    let services = Arc::new(all_answered());
    let add = async |body: &str| post_to(&services, "/en/add", body, Unclear::default()).await;
    let id = id_of(&post_to(&services, "/en/more", "", Unclear::default()).await);
    for _ in 0..2 {
        let page = add(&format!("id={id}&payment=Cash&reach=Signal")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.html.contains("It stands beside what you sent before."), "{}", page.html);
    }
    assert_eq!(add(&format!("id={id}&payment=No+cash")).await.status, StatusCode::OK);
    assert_eq!(add(&format!("id={id}&danger=yes")).await.status, StatusCode::OK);
    let added = services.added.lock().unwrap();
    let told = |request: &AddAnswersRequest| {
        let answers: Vec<_> =
            request.answers.iter().map(|answer| (answer.name.clone(), answer.version)).collect();
        (answers, request.key.is_some(), request.danger())
    };
    let written = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 2)).collect::<Vec<_>>();
    assert_eq!(
        added.iter().map(told).collect::<Vec<_>>(),
        [
            (written(&["request.contact", "request.payment"]), true, Danger::Unspecified),
            (written(&["request.payment"]), true, Danger::Unspecified),
            (written(&[]), false, Danger::Yes),
        ]
    );
}

#[tokio::test]
async fn nothing_and_too_much_are_told_and_what_was_written_stays() {
    let services = Arc::new(Services::default());
    let id = id_of(&post_to(&services, "/fr/more", "", Unclear::default()).await);
    for (body, kept) in [
        (String::new(), ""),
        (format!("anything={}", "a".repeat(20_001)), "aaa"),
        (format!("people=+++&reach={}", "b".repeat(2_001)), "bbb"),
    ] {
        let page = post_to(&services, "/fr/add", &format!("id={id}&{body}"), Unclear::default()).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.html.contains("<title>Erreur: ") && page.html.contains("id=\"top\" tabindex=\"-1\""));
        assert!(page.html.contains(kept));
    }
    assert!(services.added.lock().unwrap().is_empty());
    let page = post_to(&services, "/fr/add", "id=made-up&payment=Cash", Unclear::default()).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "a page of another code");
    assert!(page.html.contains(">\nCash</textarea>"), "asked again with an id of ours");
    assert!(services.added.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_refused_is_told_over_the_questions_and_what_was_written_stays() {
    let services = Arc::new(Services { refuses: Some(Cause::CaseClosed), ..Services::default() });
    let id = id_of(&post_to(&services, "/en/more", "", Unclear::default()).await);
    let page = post_to(&services, "/en/add", &format!("id={id}&payment=Cash"), Unclear::default()).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.html.contains("Your request is closed") && page.html.contains(">\nCash</textarea>"));
}
