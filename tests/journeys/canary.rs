//! Words planted in everything that is ever sealed are looked for in everything that is ever kept or told: databases,
//! files, the broker's queues, Redis, the portal's disk, its pages' titles and addresses, and logs at their most talkative.
//! They are nowhere.

mod visit;

use std::{fs, time::Duration};

use flare_contracts::Service;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::{
    acts::{Case, Draft, Grant, list, text},
    harness::{
        Installation, block_on, broker,
        canary::{Search, WORD},
        checker,
        installation::Wish,
        redis_watch::RedisWatch,
        samples,
        servers::{Servers, redis_keys},
    },
};

/// Everything that any part of the process can say, the libraries' parts too, which Flare keeps quiet unless asked.
const TALKATIVE: &str =
    "trace,sqlx=trace,h2=trace,hyper=trace,hyper_util=trace,tower=trace,tonic=trace,lapin=trace";

/// What a requester asks for; no grant is over this amount. Looked for as it was typed and in cents.
const AMOUNT: &str = "73915.31";
const MINOR: &str = "7391531";
/// Days on which nothing else happens.
const HAPPENED_ON: &str = "1987-03-14";
const NEEDED_BY: &str = "2031-05-19";
/// What the contact plan forbids to say.
const NEVER_SAY: &str = "Nachtigallenhain";

#[test]
fn embedded() {
    let wish = Wish { log: Some(TALKATIVE), pages: Some(&[]), ..Wish::default() };
    let installation = Installation::embedded_with(&wish);
    let mut planted = journey(&installation);
    planted.search.add(&visit::through_the_pages(&installation));
    let (hits, searched) = planted.search.hits_in_folder(&installation.data());
    assert_eq!(hits, Vec::<String>::new(), "while it runs");
    installation.processes[0].stop();
    let (hits, _) = planted.search.hits_in_folder(&installation.data());
    assert_eq!(hits, Vec::<String>::new(), "at rest");
    in_logs(&installation, &planted);
    println!("{searched} bytes of databases and files searched");
    let (control, _) = Search::of(&[planted.case]).hits_in_folder(&installation.data());
    for service in ["intake", "triage", "grants", "notification"] {
        assert!(control.iter().any(|hit| hit.contains(service)), "the search finds what is there: {service}");
    }
}

#[test]
fn distributed() {
    let wish = Wish { log: Some(TALKATIVE), replicas: 1, pages: Some(&[]), ..Wish::default() };
    let Some(installation) = Installation::distributed(&wish) else { return };
    let servers = installation.servers.clone().unwrap();
    broker::tap_events(&servers);
    let watch = RedisWatch::start(&servers);
    let mut planted = journey(&installation);
    planted.search.add(&visit::through_the_pages(&installation));
    visit::while_intake_is_away(&installation, &mut planted.search);
    let control = Search::of(std::slice::from_ref(&planted.case));
    in_postgres(&servers, &planted, &control);
    on_the_broker(&installation, &servers, &planted, &control);
    in_redis(&servers, &planted, watch);
    let (hits, searched) = planted.search.hits_in_folder(&installation.files());
    assert!(searched > 0, "a file was attached");
    assert_eq!(hits, Vec::<String>::new(), "in the files");
    in_logs(&installation, &planted);
}

/// What was planted, and the id of a case that must be found.
struct Planted {
    search: Search,
    case: String,
}

/// Everything that anybody can write is written, with the word in it.
fn journey(installation: &Installation) -> Planted {
    let forms: Vec<Value> = samples::all().into_iter().map(plant).collect();
    let cases: Vec<_> = forms.iter().map(|form| Case::send(installation, form)).collect();
    cases.iter().for_each(Case::wait_until_it_is_queued);
    let case = &cases[0];
    assert!(
        case.show()["answers"].to_string().matches(WORD).count() >= 12,
        "the words are there for who may read"
    );
    case_work(case);
    let needs = ["relocation", "equipment"].map(|kind| case.need(kind));
    case.recommend(&[&needs[0], &needs[1]], "900.00", "EUR");
    let words = |what: &str| format!("{WORD} {what}");
    let draft = Draft {
        ceiling: "900.00".to_owned(),
        scope: words("scope"),
        budget: words("budget"),
        beneficiary: words("beneficiary"),
        ..Draft::default()
    };
    let grant = Grant::draft(case, &[&needs[0], &needs[1]], &draft);
    propose(&grant);
    grant.vote(0, "approve-with-conditions", &words("conditions"));
    grant.vote(1, "approve", "");
    grant.is("approved");
    grant.pay_to(&words("payee, account 7004, payee@example.org"));
    grant.agree(&words("agreement"));
    let report = case.requester.words(&words("message"));
    case.receipt_act(&["write", "--text-file", &report], || case.message("text", "message").is_some());
    files(case);
    checker::settled(installation, Duration::from_mins(1));

    let mut planted: Vec<String> =
        [WORD, NEVER_SAY, AMOUNT, MINOR, HAPPENED_ON, NEEDED_BY].map(ToOwned::to_owned).into();
    for case in &cases {
        planted.push(fs::read_to_string(&case.receipt).unwrap().trim().to_owned());
    }
    planted.push("counts seventeen herons".to_owned());
    planted.push(
        fs::read_to_string(installation.team.admin.folder.join("organisation.key"))
            .unwrap()
            .trim()
            .to_owned(),
    );
    planted
        .push(fs::read_to_string(installation.team.officer.folder.join("code")).unwrap().trim().to_owned());
    Planted { search: Search::of(&planted), case: case.id.clone() }
}

/// The word in every answer that may hold any; what may not has a value that stands nowhere else.
fn plant(mut form: Value) -> Value {
    for field in [
        "happened",
        "contact",
        "never",
        "payment",
        "gender",
        "person_status",
        "asks_for",
        "endangering_money",
    ] {
        form[field] = planted(&form[field], field);
    }
    for field in ["24h", "7d", "30d"] {
        form["if_nothing"][field] = planted(&form["if_nothing"][field], field);
    }
    for field in ["why", "ask_again"] {
        form["consent"][field] = planted(&form["consent"][field], field);
    }
    let currency = text(&form["currency"]);
    form["amount"] = json!(if currency == "XOF" { MINOR } else { AMOUNT });
    if currency.is_empty() {
        form["currency"] = json!("EUR");
    }
    (form["happened_on"], form["needed_by"]) = (json!(HAPPENED_ON), json!(NEEDED_BY));
    form["budget"] = json!([[format!("{WORD} budget"), form["amount"]]]);
    form["others"] = json!([{"name": format!("{WORD} others"), "may_check": true}]);
    form["references"] =
        json!([{"who": format!("{WORD} who"), "contact": format!("{WORD}@example.org"), "may_name": true}]);
    form
}

fn planted(value: &Value, field: &str) -> Value {
    json!(format!("{} {WORD} {field}", value.as_str().unwrap_or_default()))
}

/// An officer writes wherever an officer can write.
fn case_work(case: &Case<'_>) {
    let words = |what: &str| case.words(&format!("{WORD} {what}"));
    case.acknowledge(&json!({
        "how": format!("{WORD} how"), "when": format!("{WORD} when"), "who": format!("{WORD} who"),
        "never_do": format!("{WORD} never do"), "never_say": [NEVER_SAY],
    }));
    case.assess("critical");
    let description = words("person");
    let args = ["--status", "detained", "--description-file", &description];
    case.officer_act(&["person", "add"], &args, || !list(&case.show()["persons"]).is_empty());
    let note = words("note");
    case.officer_act(&["note"], &["--text-file", &note], || !list(&case.show()["notes"]).is_empty());
    let contact = words("contact");
    let args = ["--channel", "phone", "--outbound", "--not-reached", "--text-file", &contact];
    case.officer_act(&["contact"], &args, || !list(&case.show()["contacts"]).is_empty());
    case.verified_reference(&format!("{WORD} reference, ref-one@example.org"));
    case.verified_reference(&format!("{WORD} reference, ref-two@example.org"));
    let reply = words(&format!("reply with {NEVER_SAY}"));
    case.officer_act(&["reply"], &["--text-file", &reply, "--anyway"], || {
        case.message("text", "reply").is_some()
    });
    let [given, referred, declined] = ["legal", "medical", "family"].map(|kind| case.need(kind));
    case.ask_and_answer(&format!("{WORD} question"), &format!("{WORD} answer"));
    let text = words("given");
    case.officer_act(&["give"], &[&given, "--text-file", &text], || case.outcome(&given) == "given");
    let text = words("referral");
    let args = [&referred, "--consented", "--text-file", &text];
    case.officer_act(&["refer"], &args, || case.outcome(&referred) == "referred");
    let (text, note) = (words("decision"), words("decision, for staff"));
    let args = [&declined, "--reason", "other", "--text-file", &text, "--note-file", &note];
    case.officer_act(&["decline"], &args, || case.outcome(&declined) == "declined");
}

/// The proposal is refused once, with words, and then found right.
fn propose(grant: &Grant<'_, '_>) {
    let case = grant.case;
    let text = case.words(&format!("{WORD} proposal"));
    grant.officer_act(&["propose"], &["--text-file", &text], || {
        case.message("proposal", "proposal").is_some()
    });
    crate::harness::until("the requester is shown the proposal", || {
        let why = case.requester.words(&format!("{WORD} wrong"));
        let said = case.receipt_try(&["proposal", &grant.id, "--wrong", "--text-file", &why]);
        (said.code == 0).then_some(())
    });
    let officer = &case.installation.team.officer;
    let options = [("--scope-file", "new scope"), ("--budget-file", "new budget")];
    let args: Vec<String> = options
        .iter()
        .flat_map(|(option, words)| [(*option).to_owned(), officer.words(&format!("{WORD} {words}"))])
        .collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    grant
        .officer_act(&["revise"], &args, || grant.show()["terms"]["scope"].to_string().contains("new scope"));
    grant.submit();
    grant.is_on_every_approvers_queue();
}

fn files(case: &Case<'_>) {
    let content = format!("{WORD} content\n").repeat(10_000);
    let photo = case.requester.file(&format!("{WORD}.jpg"), content.as_bytes());
    case.requester.flare(&["receipt", "attach", &photo, "--receipt-file", &case.receipt]);
    let officer = &case.installation.team.officer;
    let letter = officer.file(&format!("{WORD}.pdf"), content.as_bytes());
    officer.flare(&["case", "attach", &case.id, &letter]);
}

/// Every text and every byte string of every row.
fn in_postgres(servers: &Servers, planted: &Planted, control: &Search) {
    let mut controls = 0;
    let mut hits = Vec::new();
    block_on(async {
        let mut connection = PgConnection::connect(&servers.postgres).await.unwrap();
        for service in Service::ALL {
            let schema = servers.schema(service);
            let columns = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = $1";
            let columns = sqlx::query(columns).bind(&schema).fetch_all(&mut connection).await.unwrap();
            assert!(!columns.is_empty(), "{schema} has tables");
            for column in columns {
                let [table, name, kind]: [String; 3] = [0, 1, 2].map(|at| column.get(at));
                let bytes = if kind == "bytea" {
                    format!("\"{name}\"")
                } else {
                    format!("convert_to(\"{name}\"::text, 'UTF8')")
                };
                let rows = format!("SELECT {bytes} FROM {schema}.\"{table}\" WHERE \"{name}\" IS NOT NULL");
                let rows = sqlx::query(AssertSqlSafe(rows)).fetch_all(&mut connection).await.unwrap();
                for row in rows {
                    let value: Vec<u8> = row.get(0);
                    let place = format!("{schema}.{table}.{name}");
                    hits.extend(planted.search.hits(&place, &value));
                    controls += control.hits(&place, &value).len();
                }
            }
        }
    });
    assert_eq!(hits, Vec::<String>::new(), "in PostgreSQL");
    assert!(controls > 10, "the search finds what is there");
}

fn on_the_broker(installation: &Installation, servers: &Servers, planted: &Planted, control: &Search) {
    let mut messages = broker::tapped(servers);
    assert!(messages.len() > 50, "every event was copied: {}", messages.len());
    for approver in &installation.team.approvers {
        let own = broker::on_approver_queue(servers, &approver.id);
        assert!(!own.is_empty(), "each approver was asked");
        messages.extend(own);
    }
    let search = |search: &Search| -> Vec<String> {
        let of = |message: &broker::Taken| {
            let mut hits = search.hits("a message", &message.body);
            hits.extend(search.hits("a header", message.properties.as_bytes()));
            hits
        };
        messages.iter().flat_map(of).collect()
    };
    assert_eq!(search(&planted.search), Vec::<String>::new(), "on the broker");
    assert!(!search(control).is_empty(), "the search finds what is there");
}

fn in_redis(servers: &Servers, planted: &Planted, watch: RedisWatch) {
    let mut redis = redis::Client::open(servers.redis.as_str()).unwrap().get_connection().unwrap();
    let mut kept = Vec::new();
    for key in redis_keys(&mut redis, &servers.prefix) {
        kept.extend_from_slice(&key);
        let value: Option<Vec<u8>> = redis::cmd("DUMP").arg(&key).query(&mut redis).unwrap();
        kept.extend(value.unwrap_or_default());
    }
    assert_eq!(planted.search.hits("a key or its value", &kept), Vec::<String>::new(), "in Redis");
    let said = watch.finish();
    assert_eq!(planted.search.hits("a command", &said), Vec::<String>::new(), "said to Redis");
}

fn in_logs(installation: &Installation, planted: &Planted) {
    let (hits, searched) = planted.search.hits_in_folder(&installation.logs());
    assert!(searched > 1024 * 1024, "the logs tell everything they can: {searched} bytes");
    assert_eq!(hits, Vec::<String>::new(), "in the logs");
    let (told, _) = visit::what_tells_of_visits().hits_in_folder(&installation.logs());
    assert_eq!(told, Vec::<String>::new(), "a log says from where somebody came, or to which page");
    for said in ["flare is ready", "people can ask here"] {
        let (control, _) = Search::of(&[said.to_owned()]).hits_in_folder(&installation.logs());
        assert!(!control.is_empty(), "the search finds what is there: {said}");
    }
    println!("{searched} bytes of logs searched");
}
