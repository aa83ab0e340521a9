//! What is said of who reads when, of whose turn it is, and by when we answer.

use flare_contracts::{
    input::timestamp_out,
    intake::v1::{GetStatusResponse, Standing},
};
use flare_kernel::Duration;
use flare_seal::Receipt;
use prost::Message as _;

use super::*;
use crate::{
    keys::Session,
    language::{Language, written},
    spool::tests::framed,
    web::COOKIE,
};

/// The tests' clock stands at 22:26 UTC.
fn in_hours(hours: i64) -> Timestamp {
    Fixed.now().plus(Duration::from_hours(hours))
}

fn by_day() -> PortalSettings {
    PortalSettings { reading: ReadingHours { from: 8, until: 20 }, ..settings() }
}

/// The status page of whoever has the code of a request that stands so.
async fn status_page(lang: Language, settings: PortalSettings, status: GetStatusResponse) -> String {
    let receipt = Receipt::from_bytes([9; 15]);
    let case_id = receipt.case_id().unwrap().to_string();
    let message = GetStatusResponse { case_id, version: 1, ..status }.encode_to_vec();
    let answers = service_fn(move |_: Request<tonic::body::Body>| {
        let message = message.clone();
        async { Ok::<_, Infallible>(framed(message)) }
    });
    let cookie = Session::begin(receipt, Fixed.now()).seal(&keys(), Fixed.now()).unwrap();
    let request = Request::get(format!("/{}/status", lang.code()))
        .header(header::HOST, HOST)
        .header(header::COOKIE, format!("{COOKIE}={cookie}"));
    let page =
        fetch_from(portal_over(Lines::all(&answers), settings), request.body(Body::empty()).unwrap()).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    page.html
}

fn stands(standing: Standing, by: Option<Timestamp>) -> GetStatusResponse {
    let received = Some(timestamp_out(Fixed.now()));
    let we_answer_by = by.map(timestamp_out);
    GetStatusResponse { standing: standing.into(), received, we_answer_by, ..GetStatusResponse::default() }
}

#[tokio::test]
async fn whose_turn_it_is_is_said_in_each_language() {
    for lang in Language::ALL {
        let t = lang.texts();
        let (soon, late) = (in_hours(5), in_hours(-2));
        let asked = GetStatusResponse {
            open_questions: vec!["message_1".to_owned()],
            ..stands(Standing::Acknowledged, Some(soon))
        };
        let table = [
            (stands(Standing::BeingAssessed, None), t.status_ours_open()),
            (
                stands(Standing::Received, Some(soon)),
                t.status_ours(lang.within(soon, Fixed.now()), written(soon)),
            ),
            (stands(Standing::Acknowledged, Some(late)), t.status_late(written(late))),
            (stands(Standing::WaitingForYou, None), t.status_theirs()),
            (asked, t.status_theirs()),
            (stands(Standing::Paused, None), t.status_paused()),
            (stands(Standing::Closed, None), t.status_ended()),
        ];
        for (status, said) in table {
            let page = status_page(lang, settings(), status).await;
            assert!(page.contains(&format!("<b>{said}</b>")), "{lang:?} {said}: {page}");
        }
    }
}

#[tokio::test]
async fn what_nobody_has_read_yet_is_answered_later_by_as_long_as_nobody_reads() {
    // Read again at 8, which is 9 hours and 34 minutes later.
    let until_morning = Duration::from_secs(9 * 3_600 + 33 * 60 + 20);
    let at_any_hour = || PortalSettings { critical_at_any_hour: true, ..by_day() };
    let (critical, urgent) = (in_hours(2), in_hours(24));
    for (settings, standing, by, expected) in [
        (settings(), Standing::Received, critical, critical),
        (by_day(), Standing::Received, critical, critical.plus(until_morning)),
        (by_day(), Standing::Received, urgent, urgent.plus(until_morning)),
        (at_any_hour(), Standing::Received, critical, critical),
        (at_any_hour(), Standing::Received, urgent, urgent.plus(until_morning)),
        (by_day(), Standing::Acknowledged, urgent, urgent),
        // Danger that was told later, and a request that waited on the disk: neither is a target from when it came in.
        (by_day(), Standing::Received, in_hours(14), in_hours(14)),
        (at_any_hour(), Standing::Received, in_hours(1), in_hours(1)),
    ] {
        let page = status_page(Language::En, settings, stands(standing, Some(by))).await;
        assert!(page.contains(&written(expected)), "{standing:?} {expected}: {page}");
    }
}

#[tokio::test]
async fn the_first_page_says_who_reads_when_only_where_that_is_set() {
    let all_day = || PortalSettings { reading: ReadingHours { from: 0, until: 24 }, ..settings() };
    let at_any_hour = |settings| PortalSettings { critical_at_any_hour: true, ..settings };
    // Without keys nothing could be taken; these pages only say who reads.
    let answers = || {
        Lines::all(&service_fn(|_: Request<tonic::body::Body>| async {
            Ok::<_, Infallible>(tonic::Status::unavailable("away").into_http())
        }))
    };
    for lang in Language::ALL {
        let t = lang.texts();
        let again =
            t.home_reading_again(lang.distance(by_day().reading.again(Fixed.now()).unwrap(), Fixed.now()));
        for (settings, now, later, critical) in [
            (settings(), false, false, false),
            (all_day(), true, false, false),
            (by_day(), false, true, false),
            (at_any_hour(settings()), false, false, true),
            (at_any_hour(all_day()), true, false, false),
            (at_any_hour(by_day()), false, true, true),
        ] {
            let request = Request::get(format!("/{}", lang.code())).header(header::HOST, HOST);
            let page =
                fetch_from(portal_over(answers(), settings), request.body(Body::empty()).unwrap()).await;
            let has = |text: &str| page.html.contains(text);
            let said = (has(&t.home_reading()), has(&again), has(&t.home_critical()));
            assert_eq!(said, (now, later, critical), "{}", page.html);
            assert!(has("+1 202 555 0142") && has("Вы можете писать на своём языке."));
        }
    }
}
