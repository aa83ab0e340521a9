//! Forms that are sent while the services are away, as their senders see it.

use flare_edge::IfNothing;

use super::*;
use crate::{act_id::ActId, keys::Slip};

#[tokio::test]
async fn while_the_services_are_away_the_code_is_shown_and_the_request_goes_once_when_they_are_back() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    pages.drain.0.fetch_keys().await.unwrap();
    for weather in [Weather::Away, Weather::IntakeAway] {
        services.set(weather);
        let shown = pages.send(&slip, "Soldiers+at+the+station").await;
        let again = pages.send(&slip, "Soldiers+at+the+station").await;
        assert!(shown.cookie.is_some() && code(&shown) == code(&again));
        assert!(!shown.html.contains("other words"));
    }
    let waiting = files(&folder.path().join("waiting"));
    assert_eq!(waiting.len(), 1, "two clicks, twice, are one entry");
    let words = [b"Soldiers".as_slice(), b"Signal"];
    for (name, bytes) in waiting.iter().chain(&files(folder.path())) {
        assert!(words.iter().all(|word| !bytes.windows(word.len()).any(|part| part == *word)), "{name}");
    }
    assert_eq!(services.cases().len(), 0);

    // Intake is back a moment before the request goes there: whoever has the code on the screen is not sent away.
    services.set(Weather::Fine);
    let cookie = pages.send(&pages.slip().await, "Another").await.cookie.unwrap();
    let status = HttpRequest::get("/en/status").header(header::COOKIE, cookie.split(';').next().unwrap());
    let status = pages.fetch(status, "").await;
    assert_eq!(status.status, StatusCode::NOT_FOUND);
    assert!(status.html.contains("We do not find this code here yet. Was it sent a short while ago?"));
    assert!(!status.cookie.unwrap().contains("Max-Age=0"));

    assert_eq!(services.cases().len(), 1, "the other one");
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert_eq!(services.cases().len(), 2);
    assert_eq!(pages.spool.figures(), SpoolFigures::default());
    assert_eq!(files(&folder.path().join("drained")).len(), 1);
    // The page that is still open is sent once more.
    assert_eq!(code(&pages.send(&slip, "Soldiers+at+the+station").await).len(), 8);
    assert_eq!(services.cases().len(), 2);
}

#[tokio::test]
async fn what_was_done_but_not_answered_in_time_is_still_one_case() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    services.set(Weather::Late);
    code(&pages.send(&slip, "They+came").await);
    assert_eq!((services.cases().len(), pages.spool.figures().waiting), (1, 1));
    services.set(Weather::Fine);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert_eq!((services.cases().len(), pages.spool.figures()), (1, SpoolFigures::default()));
}

#[tokio::test]
async fn other_words_of_the_same_form_are_kept_and_counted_and_never_go_before_the_first() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let (slip, another) = (pages.slip().await, pages.slip().await);
    pages.drain.0.fetch_keys().await.unwrap();
    services.set(Weather::Away);
    let first = pages.send(&slip, "First").await;
    let second = pages.send(&slip, "Second").await;
    assert_eq!(code(&first), code(&second));
    assert!(second.html.contains("We may ask you to write these again"));
    code(&pages.send(&another, "Another").await);
    services.set(Weather::Fine);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert_eq!(services.cases().len(), 2);
    let figures = pages.spool.figures();
    assert_eq!((figures.waiting, figures.refused, figures.oldest), (1, 1, None));
    assert_eq!(figures.bytes, 0, "it takes no room of those who come next");
    // Another process finds it and counts it too.
    let (spool, room) = room(folder.path(), &services);
    assert_eq!(spool.figures().refused, 1);
    assert_eq!(room.pass().await.unwrap(), Pass::Done);
    assert_eq!((spool.figures().refused, services.cases().len()), (1, 2));
}

#[tokio::test]
async fn the_code_is_digits_first_but_in_english_and_is_printed_without_the_address() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    for (lang, words_first) in [("en", true), ("fr", false), ("ar", false)] {
        let form = format!("f={}&story=They+came&reach=Signal", pages.slip().await);
        let shown = pages.fetch(HttpRequest::post(format!("/{lang}/ask")), &form).await;
        code(&shown);
        let (digits, words) = (shown.html.find("<span class=\"n\">"), shown.html.find("<ol lang=\"en\""));
        assert_eq!(words.unwrap() < digits.unwrap(), words_first, "{lang}");
        // What has the class x is left out of print.
        let (before, _) = shown.html.split_once(&format!("{HOST}</bdi>")).unwrap();
        assert!(before.rsplit("<p").next().unwrap().starts_with(" class=\"x\">"), "{lang}");
        assert_eq!(shown.html.matches(HOST).count(), 1, "{lang}");
    }
}

#[tokio::test]
async fn other_words_of_a_form_that_was_sent_on_are_not_shown_as_taken_either() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    pages.drain.0.fetch_keys().await.unwrap();
    services.set(Weather::Away);
    assert!(!pages.send(&slip, "First").await.html.contains("We may ask you to write these again"));
    services.set(Weather::Fine);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    services.set(Weather::Away);
    assert!(!pages.send(&slip, "First").await.html.contains("We may ask you to write these again"));
    assert!(pages.send(&slip, "Second").await.html.contains("We may ask you to write these again"));
}

/// Whoever sent a form and has its cookie knows whether intake took it: no word is shown as taken that would be refused.
#[tokio::test]
async fn other_words_of_a_form_that_went_to_intake_are_not_shown_as_taken_while_it_is_away() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    pages.drain.0.fetch_keys().await.unwrap();
    let sent = pages.send(&slip, "First").await;
    let cookie = sent.cookie.clone().unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let again = |story: &str| {
        let form = format!("f={slip}&story={story}&reach=Signal");
        let request = HttpRequest::post("/en/ask").header(header::COOKIE, cookie);
        let pages = &pages;
        async move { pages.fetch(request, &form).await }
    };
    services.set(Weather::Away);
    let (same, other) = (again("First").await, again("Second").await);
    assert!(code(&sent) == code(&same) && code(&sent) == code(&other));
    assert!(!same.html.contains("We may ask you to write these again"));
    assert!(other.html.contains("We may ask you to write these again"));
    assert_eq!(pages.spool.figures().waiting, 1, "the same words are at intake, and wait nowhere");
    services.set(Weather::Fine);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert_eq!((services.cases().len(), pages.spool.figures().refused), (1, 1));
}

#[tokio::test]
async fn words_that_wait_go_before_those_that_are_sent_now() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let (_, room) = room(folder.path(), &services);
    room.keep(&request(1, 1), ids(1, 1)).await.unwrap();
    services.set(Weather::Away);
    assert!(room.send_earlier([1; 16]).await.unwrap().is_some());
    services.set(Weather::Fine);
    assert!(room.send_earlier([2; 16]).await.unwrap().is_none());
    assert_eq!(services.cases().len(), 0, "of another form");
    assert!(room.send_earlier([1; 16]).await.unwrap().is_none());
    let cases = services.cases();
    assert_eq!(cases.values().collect::<Vec<_>>(), [&content(&request(1, 1).into_message())]);
}

#[tokio::test]
async fn whoever_cannot_keep_the_code_of_a_request_that_waits_is_reached_as_they_say() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    pages.drain.0.fetch_keys().await.unwrap();
    services.set(Weather::Away);
    let form = format!("f={slip}&danger=yes&story=They+came&way=here");
    let shown = pages.fetch(HttpRequest::post("/fr/ask"), &form).await;
    let receipt = Receipt::parse(&code(&shown).join(" ")).unwrap();
    let cookie = shown.cookie.unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let with_code = |path: &str| HttpRequest::post(path).header(header::COOKIE, cookie);
    let cannot = pages.fetch(with_code("/fr/cannot"), "").await;
    let id = cannot.html.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let way = format!("id={id}&text=Signal,+after+dark");

    // The process dies between any two steps, and the page is sent again.
    let mut steps = 0;
    let taken = loop {
        *pages.spool.0.folder.steps_left.lock().unwrap() = Some(steps);
        let page = pages.fetch(with_code("/fr/way"), &way).await;
        if page.status == StatusCode::OK {
            break page;
        }
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
        steps += 1;
        assert!(steps < 20, "it is never taken");
    };
    assert!(steps > 0 && taken.html.contains("Rien n’est perdu"), "{}", taken.html);
    *pages.spool.0.folder.steps_left.lock().unwrap() = None;
    // As a browser sends it again, with the cookie that came with the answer.
    let next = taken.cookie.unwrap();
    let next = next.split(';').next().unwrap();
    let again = |cookie: &str| HttpRequest::post("/fr/way").header(header::COOKIE, cookie.to_owned());
    for cookie in [cookie, next] {
        assert_eq!(pages.fetch(again(cookie), &way).await.status, StatusCode::OK);
    }
    let waiting = files(&folder.path().join("waiting"));
    assert_eq!(waiting.len(), 2, "the request, and how to reach whoever sent it");
    for (name, bytes) in waiting {
        let part = receipt.expose();
        assert!(!bytes.windows(part.len()).any(|window| window == part), "{name}");
    }

    services.set(Weather::Fine);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    let page = pages.fetch(with_code("/fr/way"), &way).await;
    assert_eq!((page.status, services.cases().len()), (StatusCode::OK, 2), "sent once more");
    // What staff read: which request it was, as urgent as that, and nothing that opens it.
    let case = receipt.case_id().unwrap();
    let beside = Form {
        contact: "Signal, after dark".to_owned(),
        happened: format!(
            "I cannot keep the code of my request before this one: {case}. Please reach me in this way. \
             (Nothing proves that both come from one person.)"
        ),
        language: "fr".to_owned(),
        if_nothing: IfNothing { day: "As in my request before this one.".to_owned(), ..IfNothing::default() },
        ..Form::default()
    };
    assert_eq!(beside.lane(), flare_kernel::Lane::Critical);
    let slip = Slip::beside(
        &receipt,
        &ActId::read(&receipt, id).unwrap().of_words("Signal, after dark"),
        Fixed.now(),
    );
    let seed = RequestSeed::from_bytes(*slip.secret());
    let expected = Request::of_form(&bundle(1), &beside, (&slip.receipt(), &seed)).unwrap();
    let other_case = expected.case().to_string();
    assert_eq!(services.cases().get(&other_case), Some(&content(&expected.into_message())));
}

#[tokio::test]
async fn without_a_place_to_keep_it_no_way_is_asked_of_whoever_cannot_keep_a_code() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, RESERVE - 1);
    let slip = pages.slip().await;
    pages.drain.0.fetch_keys().await.unwrap();
    services.set(Weather::Away);
    let form = format!("f={slip}&story=They+came&way=here");
    let cookie = pages.fetch(HttpRequest::post("/en/ask"), &form).await.cookie.unwrap();
    let cannot = HttpRequest::post("/en/cannot").header(header::COOKIE, cookie.split(';').next().unwrap());
    let page = pages.fetch(cannot, "").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.html.contains("Keep the code for now") && !page.html.contains("<textarea"), "{}", page.html);
}

#[tokio::test]
async fn a_limit_is_not_an_outage() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, RESERVE - 1);
    let slip = pages.slip().await;
    services.set(Weather::Limited);
    code(&pages.send(&slip, "They+came").await);
    assert_eq!(pages.spool.figures().waiting, 1);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Left);
    for path in ["/en", "/en/ask"] {
        assert_eq!(
            pages.get(path).await.status,
            StatusCode::OK,
            "{path}: others are not told that we are away"
        );
    }
    services.set(Weather::Fine);
    assert_eq!(pages.drain.0.pass().await.unwrap(), Pass::Done);
    assert_eq!((services.cases().len(), pages.spool.figures()), (1, SpoolFigures::default()));

    // Other words of what is at intake are not kept where they would stay.
    services.set(Weather::Limited);
    let other_words = pages.send(&slip, "They+came+again").await;
    assert_eq!(other_words.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(pages.spool.figures(), SpoolFigures::default());
    services.set(Weather::IntakeAway);
    assert_eq!(pages.send(&pages.slip().await, "Others").await.status, StatusCode::OK);
    assert_eq!(pages.get("/en/ask").await.status, StatusCode::SERVICE_UNAVAILABLE, "this is an outage");
}

#[tokio::test]
async fn what_is_refused_is_told_over_the_form_which_keeps_the_words() {
    let (folder, services) = (TempDir::new().unwrap(), Services::default());
    let pages = Pages::new(folder.path(), &services, ROOMY);
    let slip = pages.slip().await;
    services.set(Weather::Refusing);
    let page = pages.send(&slip, "They+came").await;
    assert_eq!((page.status, page.cookie), (StatusCode::CONFLICT, None));
    for part in ["Your request is closed", "id=\"top\"", "\nThey came</textarea>", &slip] {
        assert!(page.html.contains(part), "{part}: {}", page.html);
    }
    assert_eq!(pages.spool.figures(), SpoolFigures::default());
}
