//! A session ends.

use flare_store::{Error, Tx, Write};

use crate::{domain::SessionKey, store};

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
