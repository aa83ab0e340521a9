//! Where the pages keep requests while the services are away.

use flare_portal::{Portal, Spool};
use flare_runtime::{OnFailure, Settings, Tasks};

use super::{RESTART, RunError};

/// The portal with its spool, and the task that sends on what waits there.
pub(super) fn with_spool(portal: Portal, settings: &Settings, tasks: &Tasks) -> Result<Portal, RunError> {
    let folder = settings.portal_spool_dir();
    let spool = Spool::open(&folder, settings.portal.spool_bytes)
        .map_err(|error| format!("portal.spool_dir: {} cannot be used: {error}", folder.display()))?;
    let portal = portal.with_spool(&spool);
    let drain = portal.drain().ok_or("the portal has no spool")?;
    tasks.spawn("portal's spool", OnFailure::Restart(RESTART), move |token| {
        let drain = drain.clone();
        async move {
            drain.run(token).await;
            Ok(())
        }
    });
    Ok(portal)
}
