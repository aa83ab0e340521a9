//! A person has read their notices.

use std::fmt::Display;

use flare_access::Staff;
use flare_contracts::{
    InputRule, Refusal,
    events::v1::{NoticeRead, NotificationEvent},
    input,
    limits::NOTICES_AT_ONCE,
    notification::v1::{MarkReadRequest, MarkReadResponse},
};
use flare_kernel::{NoticeId, StaffId};
use flare_store::{Command, Error, Tx, Write};

use crate::{Notification, store};

/// The caller marks notices of their own.
pub(crate) struct MarkRead {
    staff: StaffId,
    notices: Vec<NoticeId>,
}

impl Command for MarkRead {
    type Service = Notification;
    type By = Staff;
    type Request = MarkReadRequest;

    fn parse(_: &Notification, caller: &Staff, request: MarkReadRequest) -> Result<Self, Error> {
        let notices = input::ids("notice_ids", &request.notice_ids, NOTICES_AT_ONCE)?;
        if notices.is_empty() {
            return Err(Refusal::invalid("notice_ids", InputRule::NoneGiven).into());
        }
        Ok(Self { staff: caller.id, notices })
    }
}

impl Write for MarkRead {
    type Output = MarkReadResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<MarkReadResponse, Error> {
        // A notice never changes its case, so this may be looked up before the cases are locked.
        let mut found = Vec::with_capacity(self.notices.len());
        for id in &self.notices {
            let own = store::own_notice(tx, *id, self.staff).await?;
            found.push((*id, own.ok_or_else(|| Refusal::not_found("notice"))?));
        }
        let streams: Vec<&(dyn Display + Sync)> = found.iter().map(|(_, (case, _))| case as _).collect();
        tx.lock(&streams).await?;
        let mut marked = 0;
        for (id, (case, lane)) in found {
            if store::mark_read(tx, id).await? {
                marked += 1;
                let event = NoticeRead { notice_id: id.to_string(), staff_id: self.staff.to_string() };
                tx.append(case, lane, self.staff.to_string(), &NotificationEvent::from(event))?;
            }
        }
        Ok(MarkReadResponse { marked })
    }
}
