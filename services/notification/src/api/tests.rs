use flare_contracts::{
    common::v1::{Lane, Role},
    notification::v1::{MarkReadRequest, notification_server::Notification as _},
};
use flare_kernel::CaseId;
use flare_store::{Error, Tx, Write, events_after, sql};
use flare_testkit::{Sandbox, on_both_engines};

use super::*;
use crate::{
    fixtures::{
        Answer, HEAD, OFFICER, OTHER_OFFICER, World, acknowledged, by, case, opened, submitted, wrote,
    },
    store::PLAN_OF_INBOX,
};

fn refusal<T>(outcome: Result<T, Status>) -> (String, Vec<String>) {
    let status = outcome.err().expect("a refusal");
    let details = tonic_types::StatusExt::get_error_details(&status);
    let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
    let fields =
        details.bad_request().map(|bad| bad.field_violations.iter().map(|one| one.field.clone()).collect());
    (reason, fields.unwrap_or_default())
}

fn page(page_size: i32, page_token: &str) -> ListInboxRequest {
    ListInboxRequest { page_size, page_token: page_token.to_owned() }
}

fn case_no(byte: u8) -> CaseId {
    CaseId::from_bytes([byte; 16])
}

on_both_engines!(an_inbox_is_critical_first_then_oldest_first, crate::SCHEMA);
async fn an_inbox_is_critical_first_then_oldest_first(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    let lanes = [Lane::Standard, Lane::Critical, Lane::Urgent, Lane::Critical, Lane::Standard];
    for (byte, lane) in (10_u8..).zip(lanes) {
        world.handle_from(&submitted(case_no(byte), lane), "requester").await;
        world.sandbox.advance(flare_kernel::Duration::from_secs(1));
    }
    let mut request = page(2, "");
    let mut found = Vec::new();
    loop {
        let reply = world.list(OFFICER, request).await.unwrap();
        assert!(reply.notices.len() <= 2 && !reply.held_back);
        found.extend(reply.notices);
        if reply.next_page_token.is_empty() {
            break;
        }
        request = page(2, &reply.next_page_token);
    }
    let cases: Vec<_> = found.iter().map(|notice| notice.case_id.clone()).collect();
    assert_eq!(cases, [11, 13, 12, 10, 14].map(|byte| case_no(byte).to_string()));
    let first = &found[0];
    assert_eq!((first.lane(), first.ask.as_str()), (Lane::Critical, "acknowledge"));
    assert_eq!(first.codename, "", "triage has not named it");
    assert!(first.due.is_some() && first.raised.is_some() && first.grant_id.is_empty());

    let refused = world.list(OFFICER, page(201, "")).await;
    assert_eq!(refusal(refused), ("INVALID_FIELD".to_owned(), vec!["page_size".to_owned()]));
    for token in ["!", "AAAA", &flare_contracts::input::next_page_token(&["x", "1", "n"].map(str::to_owned))]
    {
        let refused = world.list(OFFICER, page(0, token)).await;
        assert_eq!(refusal(refused), ("INVALID_FIELD".to_owned(), vec!["page_token".to_owned()]));
    }
}

on_both_engines!(a_notice_has_its_cases_name_once_that_was_told, crate::SCHEMA);
async fn a_notice_has_its_cases_name_once_that_was_told(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    world.handle_from(&submitted(case(), Lane::Urgent), "requester").await;
    world.handle(&opened(case(), "amber-kestrel-27")).await;
    world.sandbox.advance(flare_kernel::Duration::from_secs(1));
    world.handle_from(&submitted(case_no(11), Lane::Urgent), "requester").await;
    let inbox = async || {
        let notices = world.list(OFFICER, page(0, "")).await.unwrap().notices;
        notices.into_iter().map(|notice| (notice.case_id, notice.codename)).collect::<Vec<_>>()
    };
    let [one, other] = [case(), case_no(11)].map(|case| case.to_string());
    let name = "amber-kestrel-27".to_owned();
    assert_eq!(inbox().await, [(one.clone(), name.clone()), (other.clone(), String::new())]);
    world.handle(&acknowledged(OTHER_OFFICER)).await;
    world.handle(&opened(case_no(11), "light-ocelot-11")).await;
    world.handle_from(&wrote(), "requester").await;
    assert_eq!(inbox().await, [(other, "light-ocelot-11".to_owned())]);
    let theirs = world.list(OTHER_OFFICER, page(0, "")).await.unwrap().notices;
    assert!(theirs.iter().any(|notice| notice.case_id == one && notice.codename == name));
}

on_both_engines!(triage_decides_what_is_shown, crate::SCHEMA);
async fn triage_decides_what_is_shown(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    world.handle_from(&submitted(case_no(10), Lane::Critical), "requester").await;
    world.handle_from(&submitted(case_no(11), Lane::Urgent), "requester").await;
    for (answer, officer, head, held_back) in
        [(Answer::Everyone, 2, 2, false), (Answer::Nobody, 0, 0, false), (Answer::Away, 0, 1, true)]
    {
        world.triage.says(answer);
        let officers = world.list(OFFICER, page(0, "")).await.unwrap();
        assert_eq!((officers.notices.len(), officers.held_back), (officer, held_back));
        let heads = world.list(HEAD, page(0, "")).await.unwrap();
        assert_eq!((heads.notices.len(), heads.held_back), (head, held_back));
        assert!(heads.notices.first().is_none_or(|notice| notice.lane() == Lane::Critical));
    }
}

on_both_engines!(whoever_has_read_their_notices_is_done, crate::SCHEMA);
async fn whoever_has_read_their_notices_is_done(sandbox: Sandbox) {
    let world = World::staffed(sandbox).await;
    world.handle_from(&submitted(case(), Lane::Urgent), "requester").await;
    world.handle_from(&wrote(), "requester").await;
    let inbox = world.list(OFFICER, page(0, "")).await.unwrap();
    let notice_ids: Vec<_> = inbox.notices.iter().map(|notice| notice.notice_id.clone()).collect();
    assert_eq!(notice_ids.len(), 2);
    let mark = |person, request_id: &str, notice_ids: &[String]| {
        let request = MarkReadRequest { request_id: request_id.to_owned(), notice_ids: notice_ids.to_vec() };
        let api = world.api.clone();
        async move {
            api.mark_read(by(person, &[Role::Officer], request)).await.map(|reply| reply.into_inner().marked)
        }
    };

    let not_found = ("NOT_FOUND".to_owned(), vec![]);
    assert_eq!(refusal(mark(OTHER_OFFICER, "a", &notice_ids).await), not_found, "another's notices");
    let unknown = [notice_ids[0].clone(), flare_kernel::NoticeId::from_bytes([9; 16]).to_string()];
    assert_eq!(refusal(mark(OFFICER, "b", &unknown).await), not_found);
    assert_eq!(world.list(OFFICER, page(0, "")).await.unwrap().notices.len(), 2, "a refusal changes nothing");

    let logged = || async {
        let told = events_after(&world.sandbox.database, &case().to_string(), 0, 50).await.unwrap();
        told.into_iter().filter(|event| event.kind == "flare.events.v1.NoticeRead").count()
    };
    assert_eq!(mark(OFFICER, "c", &notice_ids[..1]).await.unwrap(), 1);
    assert_eq!(mark(OFFICER, "c", &notice_ids[..1]).await.unwrap(), 1, "a repetition gets the first answer");
    assert_eq!(refusal(mark(OFFICER, "c", &notice_ids).await).0, "REQUEST_ID_REUSED");
    assert_eq!(mark(OFFICER, "d", &notice_ids).await.unwrap(), 1, "marking again changes nothing");
    assert_eq!(logged().await, 2);
    assert!(world.list(OFFICER, page(0, "")).await.unwrap().notices.is_empty());
    assert_eq!(world.list(OTHER_OFFICER, page(0, "")).await.unwrap().notices.len(), 2);

    let twice = [notice_ids[0].clone(), notice_ids[0].clone()];
    for bad in [&[][..], &twice, &["notice_1".to_owned()], &vec![notice_ids[0].clone(); 201]] {
        let refused = refusal(mark(OFFICER, "e", bad).await);
        assert_eq!(refused, ("INVALID_FIELD".to_owned(), vec!["notice_ids".to_owned()]));
    }
}

#[tokio::test]
async fn whoever_reads_an_inbox_must_be_known() {
    let world = World::empty(Sandbox::sqlite(crate::SCHEMA).await);
    let refused = world.api.list_inbox(Request::new(page(0, ""))).await;
    assert_eq!(refusal(refused).0, "NO_CREDENTIALS");
    let refused = world.api.mark_read(Request::new(MarkReadRequest::default())).await;
    assert_eq!(refusal(refused).0, "NO_CREDENTIALS");
}

/// How the engine would run the inbox's statement, on tables too small for an index to pay.
struct Explain {
    sqlite: bool,
}

impl Write for Explain {
    type Output = String;

    async fn apply(&self, tx: &mut Tx) -> Result<String, Error> {
        let (on_sqlite, on_postgres) = PLAN_OF_INBOX;
        if !self.sqlite {
            tx.execute(sql("SET LOCAL enable_seqscan = off")).await?;
            tx.execute(sql("SET LOCAL enable_bitmapscan = off")).await?;
        }
        let (statement, column) =
            if self.sqlite { (on_sqlite, "detail") } else { (on_postgres, "QUERY PLAN") };
        let query = sql(statement).bind("staff_x").bind(1_i64).bind(1_i64).bind("notice_x").bind(50_i64);
        let rows = tx.fetch_all(query).await?;
        let lines = rows.iter().map(|row| row.text(column)).collect::<Result<Vec<_>, _>>()?;
        Ok(lines.join("\n"))
    }
}

on_both_engines!(an_inbox_walks_its_index, crate::SCHEMA);
async fn an_inbox_walks_its_index(sandbox: Sandbox) {
    let sqlite = sandbox.folder().is_some();
    let plan = sandbox.database.write(Explain { sqlite }).await.unwrap();
    assert!(plan.contains("notices_inbox"), "{plan}");
    assert!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{plan}");
}
