//! Words that are sent again from the page where they were written: the same, or others.

use axum::http::StatusCode;
use flare_contracts::{Cause, Refusal};
use flare_edge::receipt::was_sent_before;
use tonic::Status;

use super::{Desk, act, everything};

/// What a requester wrote so far.
async fn written(desk: &Desk) -> usize {
    desk.count("SELECT message_id FROM messages WHERE author = 'requester'").await
}

/// Opens a page where something is written, and gives what it carries.
async fn opened(desk: &Desk, path: &str) -> String {
    let page = match path {
        "write" => desk.post("/en/messages", "").await,
        path => desk.post(&format!("/en/{path}"), "").await,
    };
    match path {
        "write" | "way" => {
            let id = page.html.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
            format!("id={id}")
        }
        _ => format!("h={}", page.carried()),
    }
}

#[tokio::test]
async fn other_words_of_the_same_page_are_sent_too_and_the_same_words_once() {
    for (path, thanks) in
        [("write", "It was sent"), ("way", "We will write to you"), ("change", "Thank you. We have it")]
    {
        let desk = everything().await;
        desk.say(flare_contracts::intake::v1::MessageKind::Question, "", "Are you safe?").await;
        let sent = opened(&desk, path).await;
        let path = format!("/en/{path}");
        for text in ["call+0555+0100", "call+0555+0199"] {
            let page = desk.post(&path, &format!("{sent}&text={text}")).await;
            assert!(
                page.status == StatusCode::OK && page.html.contains(thanks),
                "{path} {text}: {}",
                page.main()
            );
        }
        assert_eq!(written(&desk).await, 2, "{path}");
        // What came in with a lost answer, and is sent once more.
        for text in ["call+0555+0100", "call+0555+0199"] {
            let page = desk.post(&path, &format!("{sent}&text={text}")).await;
            assert_eq!(page.status, StatusCode::OK, "{path} {text}");
        }
        assert_eq!(written(&desk).await, 2, "{path}");
        let thread = desk.post("/en/messages", "").await;
        assert!(thread.html.contains("call 0555 0100") && thread.html.contains("call 0555 0199"), "{path}");
    }
}

#[tokio::test]
async fn an_act_whose_words_came_in_before_it_is_done_with_the_same_words_and_with_others() {
    for (path, call, first, step) in [
        ("report", "SubmitReport", "text=Fine", "report_submitted"),
        ("proposal", "AnswerProposal", "do=wrong&text=Fine", "proposal_answered"),
        ("seen", "FreezeReceipt", "text=Fine", "receipt_frozen"),
    ] {
        let other = first.replace("Fine", "Not+fine");
        for (second, messages) in [(first, 1), (other.as_str(), 2)] {
            let desk = everything().await;
            let sent = opened(&desk, path).await;
            let path = format!("/en/{path}");
            desk.fail(call, Status::unavailable("away"));
            let page = desk.post(&path, &format!("{sent}&{first}")).await;
            assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
            assert_eq!((written(&desk).await, desk.steps(step).await), (1, 0), "{path}");
            desk.away(false);
            let page = desk.post(&path, &format!("{sent}&{second}")).await;
            assert_eq!(page.status, StatusCode::OK, "{path} {second}: {}", page.main());
            assert!(!page.html.contains("You did this"), "{path} {second}: {}", page.main());
            assert_eq!((written(&desk).await, desk.steps(step).await), (messages, 1), "{path} {second}");
        }
    }
}

#[tokio::test]
async fn an_act_whose_words_came_in_before_staff_drew_a_new_key_of_the_thread_is_done() {
    for (path, call, fields, step) in [
        ("report", "SubmitReport", "text=Fine", "report_submitted"),
        ("proposal", "AnswerProposal", "do=wrong&text=Fine", "proposal_answered"),
    ] {
        let desk = everything().await;
        let sent = format!("{}&{fields}", opened(&desk, path).await);
        let path = format!("/en/{path}");
        desk.fail(call, Status::unavailable("away"));
        assert_eq!(desk.post(&path, &sent).await.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        desk.away(false);
        desk.begin_thread_key().await;
        for is_done_before in [false, true] {
            let page = desk.post(&path, &sent).await;
            assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.main());
            assert_eq!(page.html.contains("You did this"), is_done_before, "{path}: {}", page.main());
            assert_eq!((written(&desk).await, desk.steps(step).await), (1, 1), "{path}");
        }
    }
}

#[tokio::test]
async fn words_that_came_in_under_an_older_key_of_the_thread_are_known_and_others_of_their_id_are_not_taken()
{
    let desk = everything().await;
    let holder = desk.holder();
    let id = "words-of-a-page";
    let first = holder.write("Fine", "", id).await.unwrap();
    desk.begin_thread_key().await;
    assert_eq!(holder.write("Fine", "", id).await.unwrap(), first);
    for other in [holder.write("Not fine", "", id).await, holder.ask_change("Fine", "", id).await] {
        assert!(was_sent_before(&other.unwrap_err()));
    }
    assert_eq!(written(&desk).await, 1);
    let next = holder.write("Under the new key", "", "words-of-another").await.unwrap();
    assert!(next.version > first.version);
}

#[tokio::test]
async fn a_way_that_is_said_after_the_code_was_closed_is_not_taken_for_one_that_came_in() {
    let desk = everything().await;
    let sent = opened(&desk, "seen").await;
    let page = desk.post("/en/seen", &format!("{sent}&text=Signal")).await;
    assert!(page.status == StatusCode::OK && !page.html.contains("did not reach us"), "{}", page.main());
    for (lang, said) in
        [("en", "did not reach us"), ("fr", "ne nous est pas parvenu"), ("ar", "لم يصل إلينا")]
    {
        let path = format!("/{lang}/seen");
        let page = desk.post(&path, &format!("{sent}&text=Threema")).await;
        assert!(page.status == StatusCode::OK && page.html.contains(said), "{}", page.main());
        let page = desk.post(&path, &sent).await;
        assert!(page.status == StatusCode::OK && !page.html.contains(said), "nothing was said then");
    }
    assert_eq!((written(&desk).await, desk.steps("receipt_frozen").await), (1, 1));
}

#[tokio::test]
async fn what_is_refused_is_told_where_it_was_written_and_the_words_stay() {
    let desk = everything().await;
    for path in ["write", "way", "change"] {
        let sent = opened(&desk, path).await;
        desk.fail("PostMessage", Refusal::from(Cause::CaseEnded).into());
        for (lang, said) in
            [("en", "Your request has ended"), ("fr", "Votre demande est finie"), ("ar", "انتهى طلبك")]
        {
            let page = desk.post(&format!("/{lang}/{path}"), &format!("{sent}&text=0555+0100")).await;
            assert_eq!(page.status, StatusCode::CONFLICT, "{path}: {}", page.main());
            assert!(page.html.contains(said) && page.html.contains("role=\"alert\""), "{}", page.main());
            assert!(page.html.contains("\n0555 0100</textarea>"), "{path} {lang}: {}", page.main());
            assert!(!page.html.contains("It was sent"), "{path}");
        }
        desk.away(false);
    }
    assert_eq!(written(&desk).await, 0);
}

#[tokio::test]
async fn what_the_pages_themselves_write_to_the_team_is_english() {
    for (path, fields, text) in [
        ("money", "do=elsewhere", ">I cannot say on this page whether it arrived. Please ask me in"),
        ("review", "text=", ">Please let another person look at this again.<"),
        ("way", "text=Signal", ">A safe way to reach me: Signal<"),
    ] {
        for lang in ["fr", "ar"] {
            let desk = everything().await;
            if path == "way" {
                let sent = opened(&desk, path).await;
                desk.post(&format!("/{lang}/way"), &format!("{sent}&{fields}")).await;
            } else {
                act(&desk, &format!("/{lang}/{path}"), fields).await;
            }
            let thread = desk.post("/en/messages", "").await;
            assert!(thread.html.contains(text), "{path} {lang}: {}", thread.main());
        }
    }
}

#[tokio::test]
async fn a_way_that_no_request_could_carry_is_not_taken_and_stays_on_the_page() {
    let desk = everything().await;
    let sent = opened(&desk, "way").await;
    // A request's way to be reached has 2,000 characters, 300 of them for what the portal writes beside it.
    for (length, status) in [(1_701, StatusCode::UNPROCESSABLE_ENTITY), (1_700, StatusCode::OK)] {
        let way = "a".repeat(length);
        let page = desk.post("/en/way", &format!("{sent}&text={way}")).await;
        assert_eq!(page.status, status, "{}", page.main());
        assert_eq!(page.html.contains(&way), status != StatusCode::OK);
        assert_eq!(page.html.contains("This is too long"), status != StatusCode::OK);
    }
    assert_eq!(written(&desk).await, 1);
}
