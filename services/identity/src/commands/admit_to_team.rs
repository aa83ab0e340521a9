//! A person is given a team's key.

use flare_access::Staff as Caller;
use flare_contracts::{
    InputRule, Refusal,
    events::v1::IdentityEvent,
    identity::v1::{AdmitToTeamRequest, AdmitToTeamResponse},
    input,
};
use flare_kernel::StaffId;
use flare_store::{Command, Error, Tx, Write};

use super::{LANE, wrapped};
use crate::{Identity, domain::Team, refusals::IdentityRule, store, vault::VaultPlace};

/// Somebody who holds a team's secret has wrapped it to a person.
pub(crate) struct AdmitToTeam {
    actor: StaffId,
    staff: StaffId,
    team: Team,
    generation: u32,
    /// As it is stored.
    wrapped: Vec<u8>,
}

impl Command for AdmitToTeam {
    type Service = Identity;
    type By = Caller;
    type Request = AdmitToTeamRequest;

    fn parse(identity: &Identity, caller: &Caller, request: AdmitToTeamRequest) -> Result<Self, Error> {
        let staff = input::id("staff_id", &request.staff_id)?;
        let team = Team::parse("team", &request.team)?;
        let generation = request.generation;
        if generation == 0 {
            return Err(Refusal::invalid("generation", InputRule::TooSmall { least: 1 }).into());
        }
        let wrapped = wrapped("wrapped", request.wrapped)?;
        let place = VaultPlace::membership(team, generation, staff);
        let wrapped = identity.vault.wrap(&place, &wrapped)?;
        Ok(Self { actor: caller.id, staff, team, generation, wrapped })
    }
}

impl Write for AdmitToTeam {
    type Output = AdmitToTeamResponse;

    async fn apply(&self, tx: &mut Tx) -> Result<AdmitToTeamResponse, Error> {
        tx.lock(&[&self.staff]).await?;
        let staff = store::staff(tx, self.staff).await?;
        let earlier = store::admissions(tx, staff.id, self.team, self.generation).await?;
        let event = staff.admit(self.team, self.generation, earlier).map_err(Refusal::from)?;
        if !store::has_team_key(tx, self.team, self.generation).await? {
            return Err(Refusal::invalid("generation", IdentityRule::NoSuchGeneration).into());
        }
        tx.append(staff.id, LANE, self.actor.to_string(), &IdentityEvent::from(event))?;
        store::add_membership(tx, staff.id, self.team, self.generation, self.wrapped.clone()).await?;
        Ok(AdmitToTeamResponse {})
    }
}
