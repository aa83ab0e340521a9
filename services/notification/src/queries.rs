//! Reads.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use flare_access::Staff;
use flare_contracts::{
    common::v1::Role,
    input,
    notification::v1::{ListInboxRequest, ListInboxResponse, Notice as WireNotice},
};
use flare_kernel::{CaseId, StaffId};
use flare_store::{Error, Page};
use futures::{StreamExt as _, stream};

use crate::{
    CanSee, Notification,
    domain::{Sight, may_be_told},
    store::{self, Notice},
};

/// How many cases triage is asked about at once.
const AT_ONCE: usize = 16;

/// How long an answer of triage is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// The caller's open notices, as far as they may know of their cases now.
pub(crate) async fn list_inbox(
    notification: &Notification,
    caller: &Staff,
    request: &ListInboxRequest,
) -> Result<ListInboxResponse, Error> {
    let page = Page::asked(request.page_size, &request.page_token)?;
    let found = store::page_of_inbox(&notification.database, caller.id, &page).await?;
    let (mut notices, next_page_token) = page.cut(found);

    let cases: HashSet<CaseId> = notices.iter().map(|notice| notice.case).collect();
    let sights = look(&notification.can_see, caller.id, cases).await;
    let is_head = caller.roles.holds(Role::Head);
    let sight = |case| sights.get(&case).copied().unwrap_or(Sight::Unknown);
    let may_know = |notice: &Notice| may_be_told(sight(notice.case), notice.lane, is_head);
    let held_back = notices.iter().any(|notice| sight(notice.case) == Sight::Unknown && !may_know(notice));
    notices.retain(may_know);
    Ok(ListInboxResponse { notices: notices.iter().map(notice_out).collect(), next_page_token, held_back })
}

/// What triage says about the caller and each case. Once it cannot be asked it is not asked again for this page.
async fn look(can_see: &Arc<dyn CanSee>, staff: StaffId, cases: HashSet<CaseId>) -> HashMap<CaseId, Sight> {
    let mut answers = stream::iter(cases)
        .map(|case| async move { (case, sight(can_see.as_ref(), case, &[staff]).await) })
        .buffer_unordered(AT_ONCE);
    let mut sights = HashMap::new();
    while let Some((case, answer)) = answers.next().await {
        let Some(visible) = answer else { break };
        sights.insert(case, if visible.contains(&staff) { Sight::Visible } else { Sight::Hidden });
    }
    sights
}

/// Those who may know of a case; nothing when triage cannot be asked.
pub(crate) async fn sight(can_see: &dyn CanSee, case: CaseId, staff: &[StaffId]) -> Option<Vec<StaffId>> {
    tokio::time::timeout(PATIENCE, can_see.can_see(case, staff)).await.ok()?.ok()
}

fn notice_out(notice: &Notice) -> WireNotice {
    WireNotice {
        notice_id: notice.id.to_string(),
        lane: input::lane_out(notice.lane).into(),
        case_id: notice.case.to_string(),
        codename: notice.codename.as_ref().map(ToString::to_string).unwrap_or_default(),
        grant_id: notice.grant.map(|grant| grant.to_string()).unwrap_or_default(),
        ask: notice.ask.clone(),
        due: notice.due.map(input::timestamp_out),
        raised: Some(input::timestamp_out(notice.raised)),
    }
}
