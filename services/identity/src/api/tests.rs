//! The API, called as its server calls it.

mod enrolling;
mod founding;
mod signing_in;
mod staff;
mod stored;
mod teams;

use flare_contracts::{
    common::v1::Role,
    identity::v1::{AdmitToTeamRequest, AdmitToTeamResponse, InviteStaffRequest},
};
use flare_kernel::StaffId;
use flare_seal::WRAPPED_LEN;
use flare_store::{events_after, sql};
use flare_testkit::{Sandbox, on_both_engines};
use identity_server::Identity as _;

use super::*;
use crate::{
    SCHEMA,
    fixtures::{AUTH_KEY, Founded, by, enrolment, founded, invitation, invite, refusal},
};

/// What to break in a request, and the field that is named for it.
type Change<T> = (fn(&mut T), &'static str);

const ADMIN: &[Role] = &[Role::Admin];

fn reason(text: &str) -> (String, Vec<String>) {
    (text.to_owned(), Vec::new())
}

fn field(name: &str) -> (String, Vec<String>) {
    ("INVALID_FIELD".to_owned(), vec![name.to_owned()])
}

async fn disable(world: &Founded, staff: StaffId) -> Result<Response<DisableStaffResponse>, Status> {
    let request_id = format!("disable-{staff}");
    let request =
        DisableStaffRequest { request_id, staff_id: staff.to_string(), reason: "lost_device".to_owned() };
    world.api.disable_staff(by(world.admin, ADMIN, request)).await
}

async fn admit(
    world: &Founded,
    staff: StaffId,
    team: &str,
    generation: u32,
) -> Result<Response<AdmitToTeamResponse>, Status> {
    let request = AdmitToTeamRequest {
        request_id: format!("admit-{team}-{generation}"),
        staff_id: staff.to_string(),
        team: team.to_owned(),
        generation,
        wrapped: vec![6; WRAPPED_LEN],
    };
    world.api.admit_to_team(by(world.admin, ADMIN, request)).await
}
