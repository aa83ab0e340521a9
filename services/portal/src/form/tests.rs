//! What becomes of the answers of a page.

use flare_edge::Answer;
use flare_kernel::Lane;

use super::*;
use crate::answers::Person;

fn two() -> Answers {
    Answers { story: "They came.".to_owned(), reach: "Signal".to_owned(), ..Answers::default() }
}

fn today() -> Date {
    Date::parse("2026-11-26").unwrap()
}

#[test]
fn everything_is_sent_as_it_was_typed() {
    let form = form_of(&Answers {
        now: "Sudan".to_owned(),
        amount: "about 500".to_owned(),
        by: "tomorrow".to_owned(),
        people: "six".to_owned(),
        language: "Zaghawa please".to_owned(),
        kind: "king".to_owned(),
        danger: "maybe".to_owned(),
        needs: vec!["legal".to_owned(), "helicopter".to_owned()],
        anything: "Thank you.".to_owned(),
        ..two()
    });
    let sent = form.answers().unwrap();
    for text in [
        "Sudan",
        "about 500",
        "tomorrow",
        "six",
        "Zaghawa please",
        "king",
        "maybe",
        "helicopter",
        "Thank you.",
    ] {
        assert!(sent.iter().any(|(_, answer)| answer.contains(text)), "{text}: {sent:?}");
    }
    assert_eq!((form.needs.as_slice(), form.says_of_danger()), (["legal".to_owned()].as_slice(), false));
}

#[test]
fn what_is_longer_than_its_place_is_sent_too() {
    let long = |c: char| String::from(c).repeat(4_001);
    let person = |c: char| Person { name: long(c), contact: long(c), may: c != 'o' };
    let form =
        form_of(&Answers { language: long('a'), kind: long('b'), now: long('c'), place: long('d'), ..two() });
    let anything = |form: &Form| {
        let sent = form.answers().unwrap();
        sent.into_iter().find(|(name, _)| *name == "request.anything").unwrap().1
    };
    assert!(['a', 'b', 'c', 'd'].iter().all(|c| anything(&form).contains(&long(*c))));
    let form = form_of(&Answers { day: long('e'), week: long('f'), ..two() });
    assert_eq!(form.lane(), Lane::Critical, "as it is with a short answer");
    assert_eq!(form_of(&Answers { month: long('g'), ..two() }).lane(), Lane::Standard);
    assert!(['e', 'f'].iter().all(|c| anything(&form).contains(&long(*c))));
    let form = form_of(&Answers {
        by: "before the feast, or when the road to the north opens again".to_owned(),
        month: long('g'),
        amount: "as much as the lawyer asks for".repeat(4),
        currency: "IQD".to_owned(),
        payment: long('h'),
        endangering: long('i'),
        ..two()
    });
    let places =
        [&form.needed_by, &form.if_nothing.month, &form.amount, &form.payment, &form.endangering_money];
    assert!(places.iter().all(|place| *place == "See \"anything else\"."), "{places:?}");
    let sent = anything(&form);
    for text in ["Needed by, as typed: before the feast", "asks for IQD", &long('g'), &long('h'), &long('i')]
    {
        assert!(sent.contains(text), "{text}");
    }
    let form = form_of(&Answers { others: [person('n'), person('o')], ..two() });
    let sent = anything(&form);
    assert!(sent.contains(&format!("Asked too (you may speak with them): {}", long('n'))), "{sent}");
    assert!(sent.contains(&format!("Asked too (do not speak with them): {}", long('o'))), "{sent}");
    let form = form_of(&Answers { references: [person('r'), person('o')], ..two() });
    let sent = anything(&form);
    assert!(sent.contains(&format!("Can vouch (you may tell them my name): {}", long('r'))), "{sent}");
    assert!(sent.contains(&format!("Can vouch (do not tell them my name): {}", long('o'))), "{sent}");
}

#[test]
fn what_fits_stands_in_its_own_place_with_what_is_allowed() {
    let person = |name: &str, may| Person { name: name.to_owned(), contact: "Signal".to_owned(), may };
    let form = form_of(&Answers {
        way: "here".to_owned(),
        phone: "shared".to_owned(),
        name: "Ana".to_owned(),
        alone: true,
        before: true,
        others: [person("Fund A", true), person("Fund B", false)],
        references: [person("Editor", false), person("Colleague", true)],
        ..two()
    });
    assert_eq!(form.contact, "Only on this page, with the code.\nSignal");
    for line in
        ["To be called: Ana", "nobody else uses it): shared", "Works without an outlet", "Asked us before"]
    {
        assert!(form.anything.contains(line), "{line}: {}", form.anything);
    }
    let others: Vec<_> = form.others.iter().map(|other| (other.name.as_str(), other.may_check)).collect();
    assert_eq!(others, [("Fund A", true), ("Fund B", false)]);
    let told: Vec<_> = form.references.iter().map(|one| (one.who.as_str(), one.may_name)).collect();
    assert_eq!(told, [("Editor", false), ("Colleague", true)]);
}

#[test]
fn danger_is_an_answer_of_its_own_and_yes_makes_the_request_critical() {
    for (ticked, lane, told) in [
        ("yes", Lane::Critical, true),
        ("no", Lane::Urgent, true),
        ("unsure", Lane::Urgent, true),
        ("", Lane::Urgent, false),
    ] {
        let form = form_of(&Answers { danger: ticked.to_owned(), ..two() });
        assert_eq!((form.lane(), form.says_of_danger()), (lane, told), "{ticked}");
        let names: Vec<_> = form.answers().unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["request.contact", "request.happened"], "nothing is made up for {ticked}");
    }
}

#[test]
fn staff_see_both_readings_of_what_reads_two_ways() {
    let form = form_of(&Answers {
        amount: "250.000".to_owned(),
        currency: "IQD".to_owned(),
        now: "Sudan".to_owned(),
        by: "1448-06-20".to_owned(),
        people: "٦".to_owned(),
        ..two()
    });
    assert_eq!(form.persons, 6);
    let reading = |wanted: &str| {
        let sent = form.answers().unwrap();
        let (_, text) = sent.iter().find(|(name, _)| *name == wanted).unwrap();
        Answer::read(wanted, text).reading(wanted, today()).unwrap()
    };
    assert_eq!(reading("request.amount"), "reads two ways: 250000.000 IQD or 250.000 IQD");
    assert_eq!(reading("request.country_now"), "read as SD (Sudan)");
    assert!(reading("request.needed_by").contains("from the Islamic"), "{}", reading("request.needed_by"));
    let unclear = Unclear::of(&form, today());
    assert!(unclear.has("amount") && !unclear.has("now"), "{unclear:?}");
}

#[test]
fn what_is_unclear_is_asked_back_until_it_is_answered() {
    let odd = Answers {
        now: "over there".to_owned(),
        amount: "about 500".to_owned(),
        by: "tomorrow".to_owned(),
        ..two()
    };
    let unclear = Unclear::of(&form_of(&odd), today());
    assert_eq!(
        ["now", "place", "amount", "by", "story"].map(|field| unclear.has(field)),
        [true, false, true, true, false]
    );
    assert_eq!(Unclear::from_byte(unclear.byte()), unclear);
    let more = Answers { now: "SD".to_owned(), by: "soon".to_owned(), ..Answers::default() };
    let left = unclear.after(&more, &form_of(&more), today());
    assert_eq!(["now", "amount", "by"].map(|field| left.has(field)), [false, true, true]);
    assert!(!Unclear::of(&form_of(&two()), today()).any());
}

#[test]
fn what_was_answered_is_not_asked_again_but_for_safety_and_what_is_unclear() {
    let nothing = Unclear::default();
    assert_eq!(questions_left(|_| false, nothing).len(), LATER.len());
    assert_eq!(questions_left(|_| true, nothing), ALWAYS);
    let amount = Unclear::of(&form_of(&Answers { amount: "a lot".to_owned(), ..two() }), today());
    assert_eq!(questions_left(|_| true, amount), ["danger", "amount", "payment", "endangering"]);
    let language = |name: &str| matches!(name, "language" | "request.kind");
    let left = questions_left(language, nothing);
    assert!(!left.contains(&"language") && !left.contains(&"kind") && left.contains(&"danger"));
}

#[test]
fn each_later_question_is_an_answer_that_a_request_can_have() {
    use flare_contracts::answers::answer_rule;
    for (field, names) in LATER {
        let listed = |name: &&&str| matches!(**name, "danger" | "language" | "kind");
        assert!(names.iter().all(|name| answer_rule(name).is_some() || listed(&name)), "{field}");
    }
}

#[test]
fn later_answers_need_something_and_no_more_than_fits() {
    let fault = |answers: &Answers| fault_of_further(&form_of(answers));
    assert_eq!(fault(&Answers::default()), Some(Fault::Nothing));
    assert_eq!(fault(&Answers { danger: "no".to_owned(), ..Answers::default() }), None);
    let long = "a".repeat(20_001);
    assert_eq!(fault(&Answers { anything: long, ..Answers::default() }), Some(Fault::RestLong));
}
