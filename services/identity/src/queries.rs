//! Reads.

use std::collections::HashMap;

use flare_contracts::{Cause, Refusal, identity::v1 as wire};
use flare_kernel::StaffId;
use flare_store::{Database, Error, Page};

use crate::{
    domain::{Staff, State, Team},
    store,
    vault::{Vault, VaultPlace},
};

/// A person on the wire.
fn staff_out(staff: Staff, teams: Vec<String>) -> wire::Staff {
    let state = match staff.state {
        State::Invited => wire::StaffState::Invited,
        State::Active => wire::StaffState::Active,
        State::Disabled => wire::StaffState::Disabled,
    };
    let certificate = staff.certificate.map(Vec::from).unwrap_or_default();
    let (encryption_key, signing_key) =
        staff.keys.map(|keys| (keys.encryption, keys.signing.to_vec())).unwrap_or_default();
    wire::Staff {
        staff_id: staff.id.to_string(),
        name: staff.name.to_string(),
        roles: staff.roles.codes(),
        state: state.into(),
        teams,
        encryption_key,
        signing_key,
        certificate,
    }
}

pub(crate) async fn key_bundle(database: &Database) -> Result<wire::GetKeyBundleResponse, Error> {
    let bundle = database.read(async |reads| store::key_bundle(reads).await).await?;
    Ok(bundle.ok_or_else(not_founded)?)
}

fn not_founded() -> Refusal {
    Cause::NotFounded.into()
}

pub(crate) async fn team_recovery(
    database: &Database,
    vault: &Vault,
    team: Team,
) -> Result<wire::GetTeamRecoveryResponse, Error> {
    let (generation, wrapped) = store::team_recovery(database, team).await?.ok_or_else(not_founded)?;
    let wrapped_to_recovery = vault.unwrap(&VaultPlace::recovery(team, generation), &wrapped)?;
    Ok(wire::GetTeamRecoveryResponse { generation, wrapped_to_recovery })
}

pub(crate) async fn myself(
    database: &Database,
    vault: &Vault,
    id: StaffId,
) -> Result<wire::GetMyselfResponse, Error> {
    let (staff, memberships) = database
        .read(async |reads| Ok((store::staff(reads, id).await?, store::memberships(reads, id).await?)))
        .await?;
    let mut teams = Vec::new();
    for (team, generation, wrapped) in memberships {
        let wrapped = vault.unwrap(&VaultPlace::membership(team, generation, id), &wrapped)?;
        teams.push(wire::TeamMembership { team: team.as_str().to_owned(), generation, wrapped });
    }
    let mut names: Vec<_> = teams.iter().map(|membership| membership.team.clone()).collect();
    names.dedup();
    Ok(wire::GetMyselfResponse { staff: Some(staff_out(staff, names)), teams })
}

pub(crate) async fn list_staff(
    database: &Database,
    request: wire::ListStaffRequest,
) -> Result<wire::ListStaffResponse, Error> {
    let page: Page<(String,)> = Page::asked(request.page_size, &request.page_token)?;
    database
        .read(async |reads| {
            let (people, next_page_token) = page.cut(store::page_of_staff(reads, &page).await?);
            let Some(last) = people.last().map(|staff| staff.name.to_string()) else {
                return Ok(wire::ListStaffResponse::default());
            };
            let mut teams: HashMap<StaffId, Vec<String>> = HashMap::new();
            for (staff, team) in store::teams_between(reads, &page.after().0, &last).await? {
                teams.entry(staff).or_default().push(team);
            }
            let staff = people.into_iter().map(|staff| {
                let teams = teams.remove(&staff.id).unwrap_or_default();
                staff_out(staff, teams)
            });
            Ok(wire::ListStaffResponse { staff: staff.collect(), next_page_token })
        })
        .await
}

#[cfg(test)]
mod tests {
    use flare_testkit::{Sandbox, on_both_engines};

    use super::*;
    use crate::fixtures::{Founded, founded};

    on_both_engines!(the_list_of_staff_walks_its_index, crate::SCHEMA);
    async fn the_list_of_staff_walks_its_index(sandbox: Sandbox) {
        let plan = crate::fixtures::plan(&sandbox, store::PLAN_OF_PAGE).await;
        let index =
            if sandbox.folder().is_some() { "USING INDEX sqlite_autoindex_staff_2" } else { "staff_name" };
        assert!(plan.contains(index), "{plan}");
        assert!(!plan.contains("Sort") && !plan.contains("TEMP B-TREE"), "{plan}");
    }

    on_both_engines!(the_list_of_staff_pages_without_gap_or_repetition, crate::SCHEMA);
    async fn the_list_of_staff_pages_without_gap_or_repetition(sandbox: Sandbox) {
        let Founded { identity, admin, .. } = founded(&sandbox).await;
        for name in ["bea", "cem", "dao", "eva"] {
            crate::fixtures::invite(&identity, admin, name, &[flare_contracts::common::v1::Role::Officer])
                .await;
        }
        let mut request = wire::ListStaffRequest { page_size: 2, page_token: String::new() };
        let mut names = Vec::new();
        loop {
            let page = list_staff(&identity.database, request.clone()).await.unwrap();
            assert!(page.staff.len() <= 2);
            names.extend(page.staff.into_iter().map(|staff| staff.name));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(names, ["amina", "bea", "cem", "dao", "eva"]);
        let bad = wire::ListStaffRequest { page_size: 201, page_token: String::new() };
        assert!(list_staff(&identity.database, bad).await.is_err());
        let bad = wire::ListStaffRequest { page_size: 0, page_token: "?".to_owned() };
        assert!(list_staff(&identity.database, bad).await.is_err());
    }
}
