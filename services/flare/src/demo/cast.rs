//! The people of the demo: founded, enrolled, in their teams and logged in, each with a profile folder of their own.

use std::{fs, path::Path};

use flare_contracts::{
    common::v1::Role,
    identity::v1::{Invitation, InviteStaffRequest, ListStaffRequest},
};
use flare_edge::{
    Lines, NewMember, Session, Team, admission, admit, certify_staff, draw_code, enrol, enrolment, found,
};
use flare_seal::{Argon2Params, OrganisationSeed, Passphrase, PassphraseRule, PersonKeys};

use crate::{cli::session_file::Profile, run::RunError};

/// Everybody's passphrase: it says itself that nothing here is secret.
pub(crate) const PASSPHRASE: &str = "this is only a demo";

/// Somebody of the demo.
pub(crate) struct Person {
    /// What they log in with; also the name of their profile folder.
    pub(crate) name: &'static str,
    /// What they are, for the guide.
    pub(crate) title: &'static str,
    roles: &'static [Role],
    teams: &'static [Team],
}

/// Everybody, in the order of the guide.
pub(crate) const PEOPLE: &[Person] = &[
    Person { name: "ada", title: "administrator", roles: &[Role::Admin], teams: &[] },
    Person { name: "omar", title: "duty officer", roles: &[Role::Officer], teams: &[Team::Triage] },
    Person {
        name: "hana",
        title: "head of rapid response",
        roles: &[Role::Head, Role::Officer],
        teams: &[Team::Triage],
    },
    Person { name: "vera", title: "approver", roles: &[Role::Approver], teams: &[Team::Approvers] },
    Person { name: "jonas", title: "approver", roles: &[Role::Approver], teams: &[Team::Approvers] },
    Person { name: "fatou", title: "finance", roles: &[Role::Finance], teams: &[Team::Finance] },
    Person { name: "sam", title: "auditor", roles: &[Role::Auditor], teams: &[] },
];

/// The people, logged in.
pub(crate) struct Cast(Vec<(&'static str, Session)>);

impl Cast {
    /// Somebody's session.
    pub(crate) fn session(&self, name: &str) -> Result<&Session, RunError> {
        let found = self.0.iter().find(|(of, _)| *of == name);
        found.map(|(_, session)| session).ok_or_else(|| format!("{name} is not in the demo").into())
    }
}

/// Founds the organisation and brings everybody in.
pub(crate) async fn assemble(lines: &Lines, folder: &Path, setup_code: &str) -> Result<Cast, RunError> {
    let seed = OrganisationSeed::generate()?;
    let founding = found(lines, &seed, "DEMO - not for real cases", "ada", setup_code).await?;
    enrol_as(lines, "ada", &founding.code).await?;
    let ada = log_in(lines, folder, "ada").await?;
    for person in &PEOPLE[1..] {
        let (code, code_hash) = draw_code()?;
        let roles = person.roles.iter().map(|role| (*role).into()).collect();
        let invitation = Invitation { name: person.name.to_owned(), roles, code_hash };
        let request = InviteStaffRequest {
            request_id: format!("demo-invite-{}", person.name),
            invitation: Some(invitation),
        };
        lines.identity(&ada.credential().await?).invite_staff(request).await?;
        let keys = enrol_as(lines, person.name, &code).await?;
        certify_staff(&ada, &keys, &seed, &format!("demo-certify-{}", person.name)).await?;
    }
    admit_all(lines, &ada, &seed).await?;
    let mut cast = vec![("ada", ada)];
    for person in &PEOPLE[1..] {
        cast.push((person.name, log_in(lines, folder, person.name).await?));
    }
    Ok(Cast(cast))
}

async fn enrol_as(lines: &Lines, name: &str, code: &str) -> Result<PersonKeys, RunError> {
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let member = NewMember { name, code, passphrase: &passphrase, params: Argon2Params::for_tests() };
    Ok(enrol(lines, enrolment(&member, &format!("demo-enrol-{name}"))?).await?)
}

async fn admit_all(lines: &Lines, ada: &Session, seed: &OrganisationSeed) -> Result<(), RunError> {
    let request = ListStaffRequest { page_size: 50, page_token: String::new() };
    let staff = lines.identity(&ada.credential().await?).list_staff(request).await?.into_inner().staff;
    for person in PEOPLE {
        let Some(member) = staff.iter().find(|member| member.name == person.name) else { continue };
        for team in person.teams {
            let request_id = format!("demo-admit-{}-{}", person.name, team.as_str());
            admit(ada, admission(ada, member, *team, Some(seed), &request_id).await?).await?;
        }
    }
    Ok(())
}

async fn log_in(lines: &Lines, folder: &Path, name: &str) -> Result<Session, RunError> {
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let (session, saved) = Session::log_in(lines, name, &passphrase, PassphraseRule::Sandbox, None).await?;
    let home = folder.join("people").join(name);
    fs::create_dir_all(&home)?;
    let kept = Profile::new(Some(home)).and_then(|profile| {
        profile.trust(&saved.organisation)?;
        profile.keep_session(&saved)
    });
    kept.map_err(|error| error.for_people())?;
    Ok(session)
}
