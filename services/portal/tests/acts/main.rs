//! What somebody with a code can do, as a browser meets it, before a real intake in this process.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must stop")]

mod desk;
mod words;

use axum::http::StatusCode;
use desk::{CODENAME, Desk, Page, eur};
use flare_contracts::{
    common::v1::Money, grants::v1::TrancheState, intake::v1::MessageKind, text_limits::MESSAGE,
};

const LANGUAGES: [&str; 3] = ["en", "fr", "ar"];
const ACTS: [&str; 8] = ["proposal", "agreement", "money", "report", "review", "change", "stop", "seen"];
/// Words that staff wrote, an amount, a currency and a donor: none of them stands on the first page.
const SECRETS: [&str; 5] = ["Bread for six weeks", "We give it", "9400", "EUR", "Fund of the North"];

/// A desk where each act makes sense: one grant to be answered, one that runs with a payment under way, a declined need.
async fn everything() -> Desk {
    let desk = Desk::new().await;
    desk.name_case().await;
    let draft = desk.draft().await;
    desk.propose(&draft, "Bread for six weeks").await;
    desk.agree(&draft, "We give it from the Fund of the North").await;
    let running = desk.draft().await;
    desk.activate(&running).await;
    desk.send(&running, eur(50_000)).await;
    desk.decline("no_funds").await;
    desk
}

/// Opens an act's page and sends it back with this.
async fn act(desk: &Desk, path: &str, fields: &str) -> Page {
    let opened = desk.post(path, "").await;
    assert_eq!(opened.status, StatusCode::OK, "{path}");
    desk.post(path, &format!("h={}&{fields}", opened.carried())).await
}

/// The text of a page without its tags, and without what another script may stand in: amounts, days and times, which are
/// isolated, and what is marked as left to right.
fn words(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, following) = after.split_once('>').unwrap();
        rest = if tag.starts_with("bdi ") { following.split_once("</bdi>").unwrap().1 } else { following };
    }
    let outside =
        text.split('\u{2068}').map(|piece| piece.split_once('\u{2069}').map_or(piece, |(_, after)| after));
    outside.collect()
}

#[tokio::test]
async fn each_page_in_each_language_is_small_has_its_headers_and_says_no_id_in_an_address() {
    let desk = everything().await;
    for lang in LANGUAGES {
        for path in ACTS.map(|act| format!("/{lang}/{act}")) {
            let page = desk.post(&path, "").await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            let most = if lang == "ar" { 5 * 1024 } else { 4 * 1024 };
            assert!(page.html.len() <= most, "{path} has {} bytes", page.html.len());
            assert_eq!(page.html.len() % 1024, 0, "{path}");
            assert_eq!(page.headers["cache-control"], "no-store");
            assert_eq!(page.headers["x-robots-tag"], "noindex, nofollow");
            let style = page.html.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
            let hash = data_encoding::BASE64.encode(&<sha2::Sha256 as sha2::Digest>::digest(style));
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains(&format!("'sha256-{hash}'")), "{path}: {policy}");
            assert!(!page.html.contains("<script") && !page.html.contains(" style="), "{path}");
            for address in page.html.split("action=\"").skip(1).chain(page.html.split("href=\"").skip(1)) {
                let address = address.split('"').next().unwrap();
                assert!(address.len() < 20, "{path}: {address}");
            }
            let carried = page.carried();
            assert_eq!(
                page.html.matches(&carried).count(),
                page.html.matches("name=\"h\"").count(),
                "{path}"
            );
            assert_eq!(
                desk.get(&path).await.status,
                StatusCode::NOT_FOUND,
                "{path} is opened by a button only"
            );
            if lang == "ar" {
                let text = words(page.main())
                    .replace(SECRETS[0], "")
                    .replace("We give it from the Fund of the North", "");
                assert!(!text.chars().any(|c| c.is_ascii_alphabetic()), "{path}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn the_first_page_has_a_button_for_what_makes_sense_and_convicts_nobody() {
    let desk = Desk::new().await;
    let buttons = |page: &Page| {
        let forms = page.main().split("action=\"/en/").skip(1);
        let quoted = |text: &str| text.split('"').next().unwrap().to_owned();
        let act = |form: &str| form.split("name=\"act\" value=\"").nth(1).map(quoted);
        let leads_to = |form: &str| match quoted(form).as_str() {
            "step" => act(form).unwrap(),
            page => page.to_owned(),
        };
        forms.map(leads_to).collect::<Vec<_>>()
    };
    assert_eq!(buttons(&desk.get("/en/status").await), ["messages", "more", "change", "stop", "seen"]);
    let desk = everything().await;
    for lang in LANGUAGES {
        let page = desk.get(&format!("/{lang}/status")).await;
        assert_eq!(page.status, StatusCode::OK);
        for secret in SECRETS {
            assert!(!page.html.contains(secret), "{lang}: {secret}");
        }
        for id in ["case_", "grant_", "tranche_", "need_", "message_"] {
            assert!(!page.html.contains(id), "{lang}: {id}");
        }
        assert!(!page.html.contains(CODENAME));
        assert!(page.html.len() <= 5 * 1024, "{lang}: {} bytes", page.html.len());
    }
    let page = desk.get("/en/status").await;
    let (asked, offered) = ACTS.split_at(4);
    let expected = [&["messages"], asked, &["more"], offered].concat();
    assert_eq!(buttons(&page), expected);
    // No address names an act, for a browser's history keeps it.
    for name in ACTS {
        assert!(!page.html.contains(&format!("/{name}\"")), "{name}");
    }
    assert_eq!(desk.post("/en/step", "act=nothing").await.status, StatusCode::NOT_FOUND);
    act(&desk, "/en/stop", "do=stop").await;
    assert!(!buttons(&desk.get("/en/status").await).contains(&"stop".to_owned()));
}

#[tokio::test]
async fn each_act_is_done_once_however_often_its_page_is_sent() {
    // What is sent, what is written then, and what is shown to the requester of it.
    for (path, fields, step, thanks) in [
        ("proposal", "do=agree", "proposal_answered", "We decide on it next"),
        ("proposal", "do=wrong&text=Too+little", "proposal_answered", "We look at it again"),
        ("agreement", "do=accept", "agreement_answered", "You have accepted"),
        ("agreement", "do=refuse", "agreement_answered", "You have refused"),
        ("agreement", "do=donor", "agreement_answered", "We look for other money"),
        ("money", "do=all", "arrival_reported", "We have it"),
        ("money", "do=less&text=%D9%A2%D9%A5%D9%A0%D9%AB%D9%A5%D9%A0", "arrival_reported", "We have it"),
        ("money", "do=none", "arrival_reported", "We find out where it is"),
        ("report", "text=We+are+well", "report_submitted", "We have it"),
        ("stop", "why=too_dangerous&do=stop", "withdrawal_requested", "It is stopped"),
    ] {
        let desk = everything().await;
        let path = format!("/en/{path}");
        let (first, other_tab) = (desk.post(&path, "").await, desk.post(&path, "").await);
        let sent = format!("h={}&{fields}", first.carried());
        let done = desk.post(&path, &sent).await;
        assert_eq!(done.status, StatusCode::OK, "{path} {fields}: {}", done.main());
        assert!(done.html.contains(thanks), "{path} {fields}: {}", done.main());
        let messages = desk.count("SELECT message_id FROM messages").await;
        for again in [sent, format!("h={}&{fields}", other_tab.carried())] {
            let page = desk.post(&path, &again).await;
            assert_eq!(page.status, StatusCode::OK, "{path} {fields}");
            assert!(
                page.html.contains("You did this \u{2068}now\u{2069}: \u{2068}2026\u{2060}-\u{2060}11"),
                "{path} {fields}: {}",
                page.main()
            );
        }
        assert_eq!(desk.steps(step).await, 1, "{path} {fields}");
        assert_eq!(desk.count("SELECT message_id FROM messages").await, messages, "{path} {fields}");
    }
}

#[tokio::test]
async fn what_is_written_is_one_message_however_often_its_page_is_sent() {
    for (path, fields, of_kind, thanks) in [
        ("change", "text=Two+weeks+more", "MESSAGE_KIND_CHANGE", "We have it"),
        ("proposal", "do=agree&text=Thank+you", "MESSAGE_KIND_TEXT", "We decide on it next"),
        ("review", "text=", "MESSAGE_KIND_REVIEW", "Another person looks at it"),
        ("money", "do=elsewhere", "MESSAGE_KIND_TEXT", "in the safe way you gave us"),
    ] {
        let desk = everything().await;
        let path = format!("/fr/{path}");
        let before = desk.count("SELECT message_id FROM messages").await;
        let sent = format!("h={}&{fields}", desk.post(&path, "").await.carried());
        let done = desk.post(&path.replace("/fr", "/en"), &sent).await;
        assert!(done.status == StatusCode::OK && done.html.contains(thanks), "{of_kind}: {}", done.main());
        let again = desk.post(&path, &sent).await;
        assert!(again.html.contains("Vous l’avez fait"), "{of_kind}: {}", again.main());
        assert_eq!(desk.count("SELECT message_id FROM messages").await, before + 1, "{of_kind}");
    }
}

#[tokio::test]
async fn a_page_that_was_shown_answers_nothing_else() {
    for (path, fields) in [("proposal", "do=agree"), ("agreement", "do=accept")] {
        for lang in LANGUAGES {
            let desk = Desk::new().await;
            let grant = desk.draft().await;
            desk.propose(&grant, "Bread").await;
            desk.agree(&grant, "Bread").await;
            let path = format!("/{lang}/{path}");
            let sent = format!("h={}&{fields}", desk.post(&path, "").await.carried());
            desk.propose(&grant, "Bread, and a lawyer").await;
            desk.agree(&grant, "Bread, and a lawyer").await;
            let page = desk.post(&path, &sent).await;
            assert_eq!(page.status, StatusCode::CONFLICT, "{path}");
            assert!(
                page.html.contains("Bread, and a lawyer") && page.html.contains("role=\"alert\""),
                "{path}"
            );
            assert_eq!(desk.steps("proposal_answered").await + desk.steps("agreement_answered").await, 0);
            // The page that came answers what it shows.
            let page = desk.post(&path, &format!("h={}&{fields}", page.carried())).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert_eq!(desk.steps("proposal_answered").await + desk.steps("agreement_answered").await, 1);
        }
    }
}

#[tokio::test]
async fn altered_fields_do_nothing_and_always_bring_a_page() {
    let desk = everything().await;
    let written = async || {
        let messages = desk.count("SELECT message_id FROM messages").await;
        (messages, desk.count("SELECT place FROM view_steps").await)
    };
    let before = written().await;
    // What each act is sent with, and whether it is about one thing among several.
    let sent = [
        ("proposal", "do=agree", true),
        ("agreement", "do=accept", true),
        ("money", "do=all", true),
        ("report", "do=send&text=x", true),
        ("review", "do=review&text=x", true),
        ("change", "do=send&text=x", false),
        ("stop", "do=stop&why=other", false),
        ("seen", "do=close&text=x", false),
    ];
    assert_eq!(sent.map(|(path, ..)| path), ACTS);
    for (path, fields, is_about_something) in sent {
        let path = format!("/en/{path}");
        let opened = desk.post(&path, "").await.carried();
        let [id, about, shown] = opened.split('.').collect::<Vec<_>>().try_into().unwrap();
        let mut altered = vec![
            "x".to_owned(),
            "..".to_owned(),
            "%FF%00..".to_owned(),
            "a".repeat(50_000),
            format!("{}%27;.{about}.{shown}", &id[..30]),
            format!("{}.{about}.{shown}", &id[..31]),
            format!("{id}0.{about}.{shown}"),
            format!("{}.{about}.{shown}", "g".repeat(32)),
        ];
        // Of another grant, payment or need: nothing of it is ours.
        if is_about_something {
            altered.push(format!("{id}.grant_aaaaaaaaaaaaaaaaaaaaaaaaaa.{shown}"));
            altered.push(format!("{id}.."));
        }
        // Shown by another message.
        if matches!(path.as_str(), "/en/proposal" | "/en/agreement") {
            altered.push(format!("{id}.{about}.message_aaaaaaaaaaaaaaaaaaaaaaaaaa"));
            altered.push(format!("{id}.{about}."));
        }
        for h in altered {
            let page = desk.post(&path, &format!("h={h}&{fields}")).await;
            assert_eq!(page.status, StatusCode::CONFLICT, "{path} {h}: {}", page.main());
            assert!(page.html.contains("</html>") && page.html.contains("role=\"alert\""), "{path} {h}");
            assert_eq!(written().await, before, "{path} {h}");
        }
    }
    // Only what was altered kept them from being done.
    for (path, fields, _) in sent {
        let before = written().await;
        let page = act(&desk, &format!("/en/{path}"), fields).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.main());
        assert_ne!(written().await, before, "{path}");
    }
}

#[tokio::test]
async fn a_choice_or_words_that_are_missing_are_asked_for_and_what_was_written_is_kept() {
    let desk = everything().await;
    for (path, fields) in [
        ("proposal", ""),
        ("proposal", "do=wrong&text=+"),
        ("agreement", "do=maybe"),
        ("money", "do="),
        ("report", "text="),
        ("change", "text=%E2%80%8F"),
    ] {
        let page = act(&desk, &format!("/ar/{path}"), fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {fields}");
        assert!(page.html.contains("<title>خطأ") && page.html.contains("role=\"alert\""), "{path}");
    }
    let page = act(&desk, "/en/proposal", "do=&text=The+%3Cb%3Eend").await;
    assert!(page.html.contains("\nThe &#60;b&#62;end</textarea>"), "{}", page.main());
    for path in ["report", "change", "seen", "review"] {
        let long = "%D8%B4".repeat(MESSAGE + 1);
        let page = act(&desk, &format!("/en/{path}"), &format!("text={long}")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
    let longest = "%D8%B4".repeat(MESSAGE);
    assert_eq!(act(&desk, "/en/change", &format!("text={longest}")).await.status, StatusCode::OK);
    assert_eq!(desk.steps("receipt_frozen").await, 0);
}

#[tokio::test]
async fn what_arrived_is_read_as_it_was_typed_in_the_currency_that_was_sent() {
    let desk = Desk::new().await;
    let grant = desk.draft().await;
    desk.activate(&grant).await;
    let dinars = Money { currency: "IQD".to_owned(), minor_units: 500_000_000 };
    let tranche = desk.send(&grant, dinars.clone()).await;
    for (typed, said) in [
        ("250.000", ["\u{2068}250000\u{2069}", "\u{2068}250\u{2069}"]),
        ("600+000", ["IQD", "not more than we sent"]),
        ("100+USD", ["Write it in", "IQD"]),
        ("many", ["only the amount", "in digits"]),
        ("", ["Write how much", ""]),
        ("-5", ["nothing or more", ""]),
    ] {
        let page = act(&desk, "/en/money", &format!("do=less&text={typed}")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(said.iter().all(|said| page.html.contains(said)), "{typed}: {}", page.main());
    }
    assert_eq!(desk.steps("arrival_reported").await, 0);
    // Nothing yet; then it is in doubt, and then all of it is there.
    let page = act(&desk, "/en/money", "do=none").await;
    assert!(page.html.contains("Tell us when it arrives"));
    let page = act(&desk, "/en/money", "do=less&text=%D9%A2%D9%A5%D9%A0+%D9%A0%D9%A0%D9%A0").await;
    assert!(page.html.contains("We have it"), "{}", page.main());
    desk.tranche(&grant, (&tranche, TrancheState::InDoubt, dinars)).await;
    let opened = desk.post("/en/money", "").await;
    assert!(opened.html.contains("You did this") && opened.html.contains("All of it arrived"));
    act(&desk, "/en/money", "do=all").await;
    assert_eq!(desk.steps("arrival_reported").await, 3);
}

#[tokio::test]
async fn of_several_each_is_shown_by_a_button_of_the_one_before() {
    let desk = Desk::new().await;
    let grant = desk.draft().await;
    desk.activate(&grant).await;
    for cents in [11_100, 22_200, 33_300] {
        desk.send(&grant, eur(cents)).await;
    }
    let amounts = ["111.00 EUR", "222.00 EUR", "333.00 EUR", "111.00 EUR"];
    let mut page = desk.post("/en/money", "").await;
    for amount in amounts {
        assert!(page.html.contains(amount), "{amount}: {}", page.main());
        let next = page.html.split("name=\"about\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        page = desk.post("/en/money", &format!("about={next}")).await;
    }
    act(&desk, "/en/money", "do=all").await;
    let next = desk.post("/en/money", "").await;
    assert!(next.html.contains("222.00 EUR"), "what was not answered comes first");
}

#[tokio::test]
async fn a_decline_says_its_reason_and_others_and_is_looked_at_again() {
    for (reason, said) in [
        ("could_harm", "could put you or others in more danger"),
        ("not_verified", "could not check enough"),
        ("no_funds", "we have no money for it now"),
        ("outside_mandate", "may not give this kind"),
        ("covered_elsewhere", "somebody else gives it"),
        ("duplicate", "another request asks for the same"),
        ("other", "we wrote why in the messages"),
    ] {
        let desk = Desk::new().await;
        desk.decline(reason).await;
        let page = desk.post("/en/review", "").await;
        assert!(page.html.contains(said), "{reason}: {}", page.main());
        assert!(page.html.contains("not a judgement of you") && page.html.contains("+1 202 555 0142"));
    }
    let desk = Desk::new().await;
    let (first, second) = (desk.decline("no_funds").await, desk.decline("could_harm").await);
    let page = act(&desk, "/en/review", "text=Please").await;
    assert!(page.html.contains("Another person looks at it"));
    let next = desk.post("/en/review", "").await;
    assert!(
        next.html.contains("more danger") && next.carried().contains(&second),
        "the other one is first now"
    );
    let before = desk.post("/en/review", &format!("about={first}")).await;
    assert!(
        before.main().contains("You did this") && !before.main().contains("textarea"),
        "{}",
        before.main()
    );
}

#[tokio::test]
async fn others_have_seen_the_code() {
    let desk = everything().await;
    let cookie = desk.come_back().await;
    let page = act(&desk, "/en/seen", "text=Signal,+my+sister&do=close").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("It opens nothing any more") && page.html.contains("We will reach you"));
    assert_eq!(desk.steps("receipt_frozen").await, 1);
    let messages = desk.count("SELECT message_id FROM messages WHERE author = 'requester'").await;
    assert_eq!(messages, 1, "the other way was written before the code was closed");
    // It opens nothing any more, and closing it again says the same.
    for path in ACTS.into_iter().chain(["messages"]).filter(|path| !matches!(*path, "seen" | "change")) {
        let page = desk.post_with(&format!("/en/{path}"), "", &cookie).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"), "{path}");
    }
    let again = act(&desk, "/ar/seen", "text=Signal&do=close").await;
    assert_eq!(again.status, StatusCode::OK);
    assert!(again.html.contains("2026\u{2060}-\u{2060}11"), "{}", again.main());
    assert_eq!(desk.steps("receipt_frozen").await, 1);
    assert_eq!(desk.count("SELECT message_id FROM messages WHERE author = 'requester'").await, 1);
}

#[tokio::test]
async fn without_a_code_nothing_opens_and_services_that_are_away_are_said() {
    let desk = everything().await;
    for lang in LANGUAGES {
        for act in ACTS {
            let path = format!("/{lang}/{act}");
            for cookie in ["", "__Host-s=AAAA"] {
                let page = desk.post_with(&path, "", cookie).await;
                assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{path}");
            }
            let sent = format!("h={}&do=agree&text=x", desk.post(&path, "").await.carried());
            let sent = match act {
                "agreement" => sent.replace("do=agree", "do=accept"),
                "money" => sent.replace("do=agree", "do=all"),
                _ => sent,
            };
            desk.away(true);
            let page = desk.post(&path, &sent).await;
            desk.away(false);
            assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}: {}", page.main());
            assert!(!page.html.contains("intake") && page.html.contains("<title>"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_refusal_is_said_in_the_readers_language() {
    let desk = everything().await;
    let proposal = desk.post("/en/proposal", "").await.carried();
    let report = desk.post("/en/report", "").await.carried();
    act(&desk, "/en/stop", "do=stop").await;
    // A request that was stopped is answered no more, and its page says so.
    for (lang, said) in
        [("en", "Your request has ended"), ("fr", "Votre demande est finie"), ("ar", "انتهى طلبك")]
    {
        let page = desk.post(&format!("/{lang}/proposal"), &format!("h={proposal}&do=agree")).await;
        assert_eq!(page.status, StatusCode::CONFLICT, "{lang}: {}", page.main());
        assert!(page.html.contains(said), "{lang}: {}", page.main());
    }
    let page = desk.post("/en/report", &format!("h={report}&text=Fine")).await;
    assert_eq!(page.status, StatusCode::OK, "how it went can be told after the end: {}", page.main());
}

#[tokio::test]
async fn messages_show_what_is_asked_first_and_how_many_do_not_open() {
    let desk = Desk::new().await;
    desk.say(MessageKind::Text, "", "Good morning").await;
    let page = desk.post("/en/messages", "").await;
    assert!(!page.html.contains("before you had this code"));
    desk.say_before_the_code("Old words").await;
    let page = desk.post("/en/messages", "").await;
    assert!(page.html.contains("\u{2068}1\u{2069} message was written before"), "{}", page.main());
    for _ in 0..2 {
        desk.say_before_the_code("Old words").await;
    }
    desk.say(MessageKind::Question, "", "Are you safe?").await;
    let grant = desk.draft().await;
    desk.propose(&grant, "Bread").await;
    for (lang, said) in
        [("en", "messages were written before"), ("fr", "messages datent d’avant"), ("ar", "رسائل كُتبت قبل")]
    {
        let page = desk.post(&format!("/{lang}/messages"), "").await;
        assert!(
            page.html.contains(said) && page.html.contains("\u{2068}3\u{2069}"),
            "{lang}: {}",
            page.main()
        );
        let order =
            ["Are you safe?", "value=\"proposal\"", "Good morning"].map(|text| page.html.find(text).unwrap());
        assert!(order.is_sorted(), "{lang}: what is theirs to do comes first");
    }
}
