//! What needs somebody: their notices that are not read yet.

use flare_contracts::{
    common::v1::Lane,
    input,
    limits::NOTICES_AT_ONCE,
    notification::v1::{ListInboxRequest, MarkReadRequest, Notice},
};
use flare_kernel::Timestamp;
use serde::Serialize;

use super::{Desk, PAGE};
use crate::{
    EdgeError,
    call::call,
    view::{text_or_none, told_codename, word},
};

/// A notice: what is asked, and about which case. It never holds content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InboxLine {
    /// The notice.
    pub notice_id: String,
    /// How urgent it is.
    #[serde(serialize_with = "word")]
    pub lane: Lane,
    /// Its case.
    pub case_id: String,
    /// The name of its case on screens that others may see; empty for as long as the case has none.
    pub codename: String,
    /// The grant it is about; may be empty.
    pub grant_id: String,
    /// What is asked, as a stable code such as `submit_grant`.
    pub ask: String,
    /// Until when.
    #[serde(serialize_with = "text_or_none")]
    pub due: Option<Timestamp>,
    /// Since when.
    #[serde(serialize_with = "text_or_none")]
    pub raised: Option<Timestamp>,
}

/// The notices that somebody has not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inbox {
    /// Critical first, then oldest first.
    pub notices: Vec<InboxLine>,
    /// Others are held back until triage can be asked who may see which case.
    pub held_back: bool,
}

impl Desk {
    /// Every notice that one has not read.
    pub async fn inbox(&self) -> Result<Inbox, EdgeError> {
        let mut inbox = Inbox::default();
        let mut page_token = String::new();
        loop {
            let page =
                call!(self, notification.list_inbox(ListInboxRequest { page_size: PAGE, page_token }))?;
            inbox.notices.extend(page.notices.into_iter().map(InboxLine::from));
            inbox.held_back |= page.held_back;
            if page.next_page_token.is_empty() {
                return Ok(inbox);
            }
            page_token = page.next_page_token;
        }
    }

    /// Marks notices as read, as many calls as it takes; gives how many were not before. Each call has a key of its own that
    /// follows from the act's.
    pub async fn mark_read(&self, notice_ids: &[String]) -> Result<i32, EdgeError> {
        let mut marked = 0;
        for (index, some) in notice_ids.chunks(NOTICES_AT_ONCE).enumerate() {
            let request_id = self.key.use_for(&index.to_string());
            let request = MarkReadRequest { request_id, notice_ids: some.to_vec() };
            marked += call!(self, notification.mark_read(request))?.marked;
        }
        Ok(marked)
    }
}

impl From<Notice> for InboxLine {
    fn from(notice: Notice) -> Self {
        Self {
            lane: notice.lane(),
            due: notice.due.as_ref().map(input::timestamp_in),
            raised: notice.raised.as_ref().map(input::timestamp_in),
            notice_id: notice.notice_id,
            case_id: notice.case_id,
            codename: told_codename(notice.codename),
            grant_id: notice.grant_id,
            ask: notice.ask,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_notice_is_printed_as_it_always_was() {
        let notice = Notice {
            notice_id: "notice_1".to_owned(),
            lane: Lane::Critical.into(),
            case_id: "case_1".to_owned(),
            codename: "amber-kestrel-27".to_owned(),
            grant_id: "grant_1".to_owned(),
            ask: "submit_grant".to_owned(),
            due: None,
            raised: Some(input::timestamp_out(Timestamp::from_micros(1_795_300_000_000_000))),
        };
        assert_eq!(
            serde_json::to_value(InboxLine::from(notice)).unwrap(),
            json!({
                "notice_id": "notice_1", "lane": "critical", "case_id": "case_1", "codename": "amber-kestrel-27",
                "grant_id": "grant_1", "ask": "submit_grant", "due": null, "raised": "2026-11-21T22:26:40Z",
            })
        );
    }
}
