//! Key epochs and their wraps.

use flare_contracts::{
    common::v1::{Compartment as Wire, KeyEpoch, KeyWrap},
    epoch_author,
};
use flare_kernel::GrantId;
use flare_seal::{Compartment, ServiceKey};
use flare_store::{Error, Tx, sql};

use super::{
    Read,
    read::{corrupt, number},
};
use crate::{
    domain::Epochs,
    keys::{SealedEpoch, context},
};

/// The newest epoch of each compartment of a grant.
pub(super) async fn newest(read: &mut impl Read, grant: GrantId) -> Result<Epochs, Error> {
    let query =
        sql("SELECT compartment, CAST(MAX(epoch) AS BIGINT) AS epoch FROM key_epochs WHERE grant_id = $1 \
                     GROUP BY compartment");
    let mut epochs = Epochs::default();
    for row in read.rows(query.bind(grant.to_string())).await? {
        let newest = match row.parse("compartment")? {
            Compartment::Proposal => &mut epochs.proposal,
            Compartment::Payment => &mut epochs.payment,
            Compartment::Request | Compartment::Thread | Compartment::Notes => {
                return Err(corrupt("key_epochs.compartment"));
            }
        };
        *newest = number(&row, "epoch")?;
    }
    Ok(epochs)
}

/// Stores an epoch.
pub(crate) async fn put(tx: &mut Tx, grant: GrantId, epoch: &SealedEpoch) -> Result<(), Error> {
    let (id, compartment, number) = (grant.to_string(), epoch.compartment.as_str(), i64::from(epoch.epoch));
    let query = sql("INSERT INTO key_epochs (grant_id, compartment, epoch, author) VALUES ($1, $2, $3, $4)");
    tx.execute(query.bind(id.clone()).bind(compartment).bind(number).bind(epoch.author.clone())).await?;
    for wrap in &epoch.wraps {
        let query =
            sql("INSERT INTO key_wraps (grant_id, compartment, epoch, recipient, generation, wrapped) \
                         VALUES ($1, $2, $3, $4, $5, $6)");
        tx.execute(
            query
                .bind(id.clone())
                .bind(compartment)
                .bind(number)
                .bind(wrap.recipient.clone())
                .bind(i64::from(wrap.generation))
                .bind(wrap.wrapped.clone()),
        )
        .await?;
    }
    Ok(())
}

/// Every epoch of these compartments, out of the service key's wrapping.
pub(crate) async fn all(
    read: &mut impl Read,
    grant: GrantId,
    compartments: &[Compartment],
    service: &ServiceKey,
) -> Result<Vec<KeyEpoch>, Error> {
    let query = sql("SELECT compartment, epoch, recipient, generation, wrapped, author \
                     FROM key_wraps JOIN key_epochs USING (grant_id, compartment, epoch) WHERE grant_id = $1 \
                     ORDER BY compartment DESC, epoch, recipient");
    let mut epochs: Vec<KeyEpoch> = Vec::new();
    for row in read.rows(query.bind(grant.to_string())).await? {
        let compartment: Compartment = row.parse("compartment")?;
        if !compartments.contains(&compartment) {
            continue;
        }
        let wire = match compartment {
            Compartment::Request => Wire::Request,
            Compartment::Thread => Wire::Thread,
            Compartment::Notes => Wire::Notes,
            Compartment::Proposal => Wire::Proposal,
            Compartment::Payment => Wire::Payment,
        };
        let (epoch, recipient) = (number(&row, "epoch")?, row.text("recipient")?);
        let wrapped = service.unwrap(&context(grant, compartment, epoch, &recipient), &row.bytes("wrapped")?);
        let wrapped = wrapped.map_err(|_| corrupt("key_wraps.wrapped"))?.expose().clone();
        let wrap = KeyWrap { recipient, generation: number(&row, "generation")?, wrapped };
        match epochs.last_mut() {
            Some(last) if last.compartment() == wire && last.epoch == epoch => last.wraps.push(wrap),
            Some(_) | None => {
                let author = epoch_author::from_bytes(row.bytes_or_null("author")?);
                epochs.push(KeyEpoch { compartment: wire.into(), epoch, wraps: vec![wrap], author });
            }
        }
    }
    Ok(epochs)
}
