//! The people of the demo: founded, enrolled, in their teams and logged in, each with a profile folder of their own.

use std::{fs, path::Path, sync::Arc};

use flare_contracts::common::v1::Role;
use flare_edge::{ActKey, Lines, NewMember, Session, Team, desk::Desk, draw_code, enrol, enrolment, found};
use flare_seal::{Argon2Params, OrganisationSeed, Passphrase, PassphraseRule};

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
pub(crate) struct Cast(Vec<(&'static str, Arc<Session>)>);

impl Cast {
    /// Somebody's session.
    pub(crate) fn session(&self, name: &str) -> Result<&Arc<Session>, RunError> {
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
    let desk = |step: String| Desk::new(Arc::clone(&ada), ActKey::given(format!("demo-{step}")));
    for person in &PEOPLE[1..] {
        let (code, _) = draw_code()?;
        desk(format!("invite-{}", person.name)).invite(person.name, person.roles, &code).await?;
        enrol_as(lines, person.name, &code).await?;
        let desk = desk(person.name.to_owned());
        let mut member = desk.member(person.name).await?;
        desk.certify(&mut member, &seed).await?;
        for team in person.teams {
            desk.admit(&member, *team, Some(&seed)).await?;
        }
    }
    let mut cast = vec![("ada", ada)];
    for person in &PEOPLE[1..] {
        cast.push((person.name, log_in(lines, folder, person.name).await?));
    }
    Ok(Cast(cast))
}

async fn enrol_as(lines: &Lines, name: &str, code: &str) -> Result<(), RunError> {
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let member = NewMember { name, code, passphrase: &passphrase, params: Argon2Params::for_tests() };
    enrol(lines, enrolment(&member, &format!("demo-enrol-{name}"))?).await?;
    Ok(())
}

async fn log_in(lines: &Lines, folder: &Path, name: &str) -> Result<Arc<Session>, RunError> {
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let (session, saved) = Session::log_in(lines, name, &passphrase, PassphraseRule::Sandbox, None).await?;
    let home = folder.join("people").join(name);
    fs::create_dir_all(&home)?;
    let kept = Profile::new(Some(home)).and_then(|profile| {
        profile.trust(&saved.organisation)?;
        profile.keep_session(&saved)
    });
    kept.map_err(|error| error.for_people())?;
    Ok(Arc::new(session))
}
