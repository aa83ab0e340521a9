//! A session begins, and ends.

use flare_kernel::StaffId;
use flare_store::{Error, Tx, Write};

use crate::{
    domain::{SESSION_LIFE, SessionKey, SessionView, State},
    refusals::bad_login,
    store,
    timers::SESSIONS_END,
};

/// For a person whose login was checked a moment ago.
pub(crate) struct StartSession {
    pub(crate) staff: StaffId,
    pub(crate) key: SessionKey,
    /// As it is stored.
    pub(crate) unlock_share: Vec<u8>,
}

impl Write for StartSession {
    type Output = SessionView;

    async fn apply(&self, tx: &mut Tx) -> Result<SessionView, Error> {
        // Against a disabling at the same moment: whichever locks second sees what the first did.
        tx.lock(&[&self.staff]).await?;
        let staff = store::staff(tx, self.staff).await?;
        match staff.state {
            State::Active => {}
            State::Invited | State::Disabled => return Err(bad_login().into()),
        }
        let ends = tx.now().plus(SESSION_LIFE);
        let view = SessionView {
            staff: self.staff,
            roles: staff.effective_roles(),
            ends,
            unlock_share: self.unlock_share.clone(),
        };
        store::insert_session(tx, self.key, &view).await?;
        tx.set_timer(self.staff, SESSIONS_END, ends).await?;
        Ok(view)
    }
}

/// Whoever holds the session may end it; one that is over stays so.
pub(crate) struct EndSession {
    pub(crate) key: SessionKey,
}

impl Write for EndSession {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        store::end_session(tx, self.key).await
    }
}
