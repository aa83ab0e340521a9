//! People: who may vote, and under which key.

use flare_access::Roles;
use flare_contracts::{Refusal, events::v1::identity_event::Event, input};
use flare_kernel::StaffId;
use flare_store::{Error, Tx};

use super::id;
use crate::{domain::Voter, refusals::GrantsRule, store};

pub(super) async fn apply(tx: &mut Tx, event: &Event) -> Result<(), Error> {
    match event {
        Event::StaffEnrolled(enrolled) => {
            let roles = roles(&enrolled.roles)?;
            change(tx, &enrolled.staff_id, |voter| {
                voter.roles = roles;
                voter.active = true;
                Ok(())
            })
            .await
        }
        // Votes count under a key that the organisation vouches for, and under no other later.
        Event::StaffCertified(certified) => {
            let key = input::array("signing_key", &certified.signing_key)?;
            let roles = roles(&certified.roles)?;
            change(tx, &certified.staff_id, |voter| {
                if voter.signing_key.is_some_and(|known| known != key) {
                    return Err(Refusal::invalid("signing_key", GrantsRule::OtherKey));
                }
                voter.roles = roles;
                voter.signing_key = Some(key);
                Ok(())
            })
            .await
        }
        Event::RolesSet(set) => {
            let roles = roles(&set.roles)?;
            change(tx, &set.staff_id, |voter| {
                voter.roles = roles;
                Ok(())
            })
            .await
        }
        Event::StaffDisabled(disabled) => {
            change(tx, &disabled.staff_id, |voter| {
                voter.active = false;
                Ok(())
            })
            .await
        }
        // Invited is not yet enrolled, and the keys of teams are no matter of votes.
        Event::OrganisationFounded(_) | Event::StaffInvited(_) | Event::AdmittedToTeam(_) => Ok(()),
    }
}

async fn change(
    tx: &mut Tx,
    staff: &str,
    change: impl FnOnce(&mut Voter) -> Result<(), Refusal> + Send,
) -> Result<(), Error> {
    let staff: StaffId = id("staff_id", staff)?;
    tx.lock(&[&staff]).await?;
    let mut voter = store::cases::voter(tx, staff).await?;
    change(&mut voter)?;
    store::cases::put_voter(tx, &voter).await
}

fn roles(codes: &[i32]) -> Result<Roles, Refusal> {
    Roles::from_codes(codes).map_err(|error| Refusal::invalid("roles", error))
}
