//! The fewest people that a measurement needs.

use flare_contracts::{
    common::v1::Role,
    identity::v1::{Invitation, InviteStaffRequest, ListStaffRequest},
};
use flare_edge::{
    Lines, NewMember, Session, Team, admission, admit, certify_staff, draw_code, enrol, enrolment, found,
};
use flare_seal::{Argon2Params, OrganisationSeed, Passphrase, PassphraseRule, PersonKeys};

use crate::{Failure, installation::Installation};

const PASSPHRASE: &str = "a passphrase for the benchmark";

/// Founds the organisation and brings in these people.
pub(crate) async fn bring_in(
    installation: &Installation,
    people: &[(&str, &[Role], &[Team])],
) -> Result<Vec<Session>, Failure> {
    let lines = &installation.lines;
    let seed = OrganisationSeed::generate()?;
    let founding = found(lines, &seed, "Benchmark", "admin", &installation.setup_code()?).await?;
    enrol_one(lines, "admin", &founding.code).await?;
    let admin = log_in(lines, "admin").await?;
    for (name, roles, _) in people {
        let (code, code_hash) = draw_code()?;
        let roles = roles.iter().map(|role| (*role).into()).collect();
        let invitation = Some(Invitation { name: (*name).to_owned(), roles, code_hash });
        let request = InviteStaffRequest { request_id: format!("invite-{name}"), invitation };
        lines.identity(&admin.credential().await?).invite_staff(request).await?;
        let keys = enrol_one(lines, name, &code).await?;
        certify_staff(&admin, &keys, &seed, &format!("certify-{name}")).await?;
    }
    let request = ListStaffRequest { page_size: 100, page_token: String::new() };
    let staff = lines.identity(&admin.credential().await?).list_staff(request).await?.into_inner().staff;
    for (name, _, teams) in people {
        let member = staff.iter().find(|member| member.name == *name).ok_or("somebody was not invited")?;
        for team in *teams {
            let request_id = format!("admit-{name}-{}", team.as_str());
            admit(&admin, admission(&admin, member, *team, Some(&seed), &request_id).await?).await?;
        }
    }
    let mut sessions = Vec::new();
    for (name, ..) in people {
        sessions.push(log_in(lines, name).await?);
    }
    Ok(sessions)
}

async fn enrol_one(lines: &Lines, name: &str, code: &str) -> Result<PersonKeys, Failure> {
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let member = NewMember { name, code, passphrase: &passphrase, params: Argon2Params::STANDARD };
    Ok(enrol(lines, enrolment(&member, &format!("enrol-{name}"))?).await?)
}

async fn log_in(lines: &Lines, name: &str) -> Result<Session, Failure> {
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    Ok(Session::log_in(lines, name, &passphrase, PassphraseRule::Standard, None).await?.0)
}
