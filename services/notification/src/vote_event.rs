//! What lies on an approver's queue: a `CloudEvent` that says that a vote is asked for, and nothing of the case.

use flare_kernel::Codename;
use serde::Serialize;

use crate::store::Message;

/// CloudEvents 1.0, JSON format.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    /// The notice's id: the same however often it is published.
    id: String,
    source: &'static str,
    r#type: &'static str,
    /// The grant's id.
    subject: &'a str,
    time: String,
    datacontenttype: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    grant_id: &'a str,
    case_id: String,
    /// A grant's first event names its case, so it is known whenever a vote is asked for.
    codename: &'a str,
    lane: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    /// What shows it, with the approver's own keys.
    link: String,
}

/// The event in JSON.
pub(crate) fn vote_event(message: &Message) -> Result<Vec<u8>, serde_json::Error> {
    let notice = &message.notice;
    let grant = notice.grant.map(|grant| grant.to_string()).unwrap_or_default();
    serde_json::to_vec(&CloudEvent {
        specversion: "1.0",
        id: notice.id.to_string(),
        source: "/flare/notification",
        r#type: "flare.approval.requested.v1",
        subject: &grant,
        time: notice.raised.to_string(),
        datacontenttype: "application/json",
        data: Data {
            grant_id: &grant,
            case_id: notice.case.to_string(),
            codename: notice.codename.as_ref().map(Codename::as_str).unwrap_or_default(),
            lane: notice.lane.as_str(),
            due: notice.due.map(|due| due.to_string()),
            link: format!("flare grant show {grant}"),
        },
    })
}

#[cfg(test)]
mod tests {
    use flare_kernel::{CaseId, GrantId, Lane, NoticeId, StaffId, Timestamp};

    use super::*;
    use crate::store::Notice;

    #[test]
    fn the_event_is_what_others_read() {
        let notice = Notice {
            id: NoticeId::from_bytes([1; 16]),
            lane: Lane::Critical,
            case: CaseId::from_bytes([0; 16]),
            codename: Some("topaz-swallow-91".parse().unwrap()),
            grant: Some(GrantId::from_bytes([2; 16])),
            ask: "vote".to_owned(),
            due: Some(Timestamp::from_micros(1_795_392_000_000_000)),
            raised: Timestamp::from_micros(1_795_305_600_123_456),
        };
        let staff = StaffId::from_bytes([3; 16]);
        let message = Message { notice, staff, is_head: false, settled: false };
        let event: serde_json::Value = serde_json::from_slice(&vote_event(&message).unwrap()).unwrap();
        let (grant, case) = (message.notice.grant.unwrap().to_string(), message.notice.case.to_string());
        let expected = serde_json::json!({
            "specversion": "1.0",
            "id": message.notice.id.to_string(),
            "source": "/flare/notification",
            "type": "flare.approval.requested.v1",
            "subject": grant,
            "time": "2026-11-22T00:00:00Z",
            "datacontenttype": "application/json",
            "data": {
                "grant_id": grant,
                "case_id": case,
                "codename": "topaz-swallow-91",
                "lane": "critical",
                "due": "2026-11-23T00:00:00Z",
                "link": format!("flare grant show {grant}"),
            },
        });
        assert_eq!(event, expected);
    }
}
