//! `flare staff`: founding the organisation, and its people.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use flare_contracts::{codes, common::v1::Role, input, words::Worded as _};
use flare_edge::{
    KeyBundle, NewMember, Team,
    desk::{Desk, Member},
    draw_code, enrol, enrolment, found, founding_code, retrying,
};
use flare_seal::{Argon2Params, OrganisationSeed, fingerprint};
use flare_typed::text::clean_value;
use serde_json::json;

use super::{
    CliError, Context, Exit,
    case::choices::code,
    login::new_passphrase,
    prompt,
    secret_file::{self, SecretFile},
    words::RoleName,
};

/// What can be done with staff.
#[derive(Debug, Subcommand)]
pub(crate) enum StaffCommand {
    /// Found the organisation, once; gives its offline key and the first administrator's one-time code
    #[command(after_help = "Example:
  flare staff init --name 'Press Aid' --admin mara --setup-code-file flare-data/setup-code \\
    --organisation-key-file organisation.key --code-file mara.code

Keep the organisation's key offline: whoever holds it can open everything and vouch for new keys, and without it
nobody can let the first members into the teams. It is in its file before the organisation is founded: if the answer
is lost, give the same command again, and it goes on with the key that is there.")]
    Init(InitArgs),
    /// Invite somebody; gives the one-time code with which they enrol
    #[command(after_help = "Examples:
  flare staff invite amal --roles officer,head --code-file amal.code
  flare staff invite amal --roles officer,head --code-file amal.code --again      after a connection broke")]
    Invite(InviteArgs),
    /// Enrol with a one-time code: choose a passphrase; keys are made on this device
    #[command(after_help = "Example:\n  flare staff enrol amal --code-file amal.code")]
    Enrol(EnrolArgs),
    /// Vouch for the keys of somebody who has enrolled: before it, they approve, pay and head nothing
    #[command(after_help = "Examples:
  flare staff certify ruth --organisation-key-file organisation.key
  flare staff certify ruth --organisation-key-file organisation.key --fingerprint '01234 56789 …'

The numbers are shown to them when they enrol and when they log in. Have them read out in a meeting or a call, never by a
message through Flare's own servers: a server could show you keys of its own.")]
    Certify(CertifyArgs),
    /// Let somebody who has enrolled into a team, so that they open what it opens; vouches for their keys if nobody did
    #[command(after_help = "Examples:
  flare staff admit amal --team triage --organisation-key-file organisation.key --fingerprint '01234 56789 …'
  flare staff admit joao --team triage          as a member of the team yourself, once joao is certified")]
    Admit(AdmitArgs),
    /// Everyone on the staff
    #[command(after_help = "Example:\n  flare staff list")]
    List,
    /// Set what somebody may do
    #[command(after_help = "Example:\n  flare staff roles amal --roles officer,approver")]
    Roles(RolesArgs),
    /// End somebody's access and sessions; what they did stays theirs
    #[command(after_help = "Example:\n  flare staff disable amal --reason lost-device")]
    Disable(DisableArgs),
}

/// `flare staff init`
#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// The organisation's name
    #[arg(long, value_name = "ORGANISATION")]
    name: String,
    /// What the first administrator logs in with: lower-case letters, digits, dots, hyphens
    #[arg(long, value_name = "NAME")]
    admin: String,
    /// The file with the setup code that the first start wrote beside the database
    #[arg(long, value_name = "FILE")]
    setup_code_file: PathBuf,
    /// Where the organisation's key is written, to be kept offline
    #[arg(long, value_name = "NEW FILE")]
    organisation_key_file: PathBuf,
    /// Where the administrator's one-time code is written; without it, it is shown once
    #[arg(long, value_name = "NEW FILE")]
    code_file: Option<PathBuf>,
}

/// `flare staff invite`
#[derive(Args, Debug)]
pub(crate) struct InviteArgs {
    /// What they will log in with: 2 to 40 lower-case letters, digits, dots and hyphens
    name: String,
    /// What they may do
    #[arg(long, value_enum, value_delimiter = ',', required = true)]
    roles: Vec<RoleName>,
    /// Where the one-time code is written; without it, it is shown once
    #[arg(long, value_name = "NEW FILE")]
    code_file: Option<PathBuf>,
    /// Invite once more with the code that is in --code-file already, after a connection broke
    #[arg(long, requires = "code_file")]
    again: bool,
}

/// `flare staff enrol`
#[derive(Args, Debug)]
pub(crate) struct EnrolArgs {
    /// The name you were invited under
    name: String,
    /// The file with your one-time code; without it, you are asked
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
    /// A file with your new passphrase; without it, you are asked twice
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Protect the passphrase barely: quick, and only for made-up people of a sandbox
    #[arg(long, hide = true)]
    sandbox: bool,
}

/// `flare staff admit`
#[derive(Args, Debug)]
pub(crate) struct AdmitArgs {
    /// Their name or id
    name: String,
    /// The team
    #[arg(long, value_enum)]
    team: TeamName,
    /// The organisation's key; without it, you must be a member of the team, and they must be certified
    #[arg(long, value_name = "FILE")]
    organisation_key_file: Option<PathBuf>,
    /// The fingerprint of their keys, as they read it out; without it, you are shown one and asked
    #[arg(long, value_name = "FINGERPRINT")]
    fingerprint: Option<String>,
}

/// `flare staff certify`
#[derive(Args, Debug)]
pub(crate) struct CertifyArgs {
    /// Their name or id
    name: String,
    /// The organisation's key
    #[arg(long, value_name = "FILE")]
    organisation_key_file: PathBuf,
    /// The fingerprint of their keys, as they read it out; without it, you are shown one and asked
    #[arg(long, value_name = "FINGERPRINT")]
    fingerprint: Option<String>,
}

/// `flare staff roles`
#[derive(Args, Debug)]
pub(crate) struct RolesArgs {
    /// Their name or id
    name: String,
    /// What they may do from now on
    #[arg(long, value_enum, value_delimiter = ',', required = true)]
    roles: Vec<RoleName>,
}

/// `flare staff disable`
#[derive(Args, Debug)]
pub(crate) struct DisableArgs {
    /// Their name or id
    name: String,
    /// Why
    #[arg(long, value_parser = code(codes::WHY_DISABLED))]
    reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TeamName {
    /// Opens requests, threads, notes, proposals and payees
    Triage,
    /// Opens proposals
    Approvers,
    /// Opens proposals and payees
    Finance,
}

impl TeamName {
    const fn team(self) -> Team {
        match self {
            Self::Triage => Team::Triage,
            Self::Approvers => Team::Approvers,
            Self::Finance => Team::Finance,
        }
    }
}

/// Does it.
pub(crate) async fn run(command: StaffCommand, context: &Context) -> Result<(), CliError> {
    match command {
        StaffCommand::Init(args) => init(args, context).await,
        StaffCommand::Invite(args) => invite(args, context).await,
        StaffCommand::Enrol(args) => enrol_member(args, context).await,
        StaffCommand::Certify(args) => certify_member(args, context).await,
        StaffCommand::Admit(args) => admit_member(args, context).await,
        StaffCommand::List => list(context).await,
        StaffCommand::Roles(args) => set_roles(args, context).await,
        StaffCommand::Disable(args) => disable(args, context).await,
    }
}

async fn init(args: InitArgs, context: &Context) -> Result<(), CliError> {
    let setup_code = secret_file::read(&args.setup_code_file)?;
    secret_file::check_destination(args.code_file.as_deref(), "--code-file", context.output)?;
    let (seed, key_file) = founding_seed(&args.organisation_key_file)?;
    let code = founding_code(&seed);
    let code_file = args.code_file.as_ref().map(|path| SecretFile::keep_again(path, &code));
    let code_file = match code_file.transpose() {
        Ok(code_file) => code_file,
        Err(error) => {
            key_file.forget();
            return Err(error);
        }
    };
    let lines = &context.lines;
    let founded = retrying(|| found(lines, &seed, &args.name, &args.admin, setup_code.expose())).await;
    let founding = founded.map_err(|error| {
        let error = CliError::from(error).named(&[("name", "--name"), ("administrator.name", "--admin")]);
        let how = "it may have been founded all the same: the key is kept; give the same command again";
        let error = SecretFile::forget_if_refused(code_file, error, how);
        SecretFile::forget_if_refused(Some(key_file), error, how)
    })?;
    // From the seed, not from what the server says: everybody will compare this number.
    let fingerprint = fingerprint(&seed.signer().public());
    retrying(|| KeyBundle::fetch(lines, Some(&fingerprint))).await?;
    context.profile.trust(&fingerprint)?;
    let document = json!({
        "administrator_id": founding.administrator,
        "organisation_fingerprint": fingerprint,
        "organisation_key_file": args.organisation_key_file,
        "code_file": args.code_file,
    });
    if args.code_file.is_none() {
        show_code(context, &founding.code);
    }
    context.output.show(&document, |out| {
        if founding.administrator.is_none() {
            out.line(
                "An earlier try had founded it already; its administrator is the one that was named then.",
            );
        }
        out.line(format!(
            "{} is founded. Its fingerprint, to compare on every device:\n  {fingerprint}",
            args.name
        ));
        out.line(format!("Its key is in {}: keep it offline.", args.organisation_key_file.display()));
        out.line(format!("Next: flare staff enrol {} --code-file …", args.admin));
    })
}

/// What the organisation will come from: kept in its file before anybody is asked, or found there from a try whose
/// answer was lost.
pub(super) fn founding_seed(path: &Path) -> Result<(OrganisationSeed, SecretFile), CliError> {
    let seed = if path.exists() { organisation_key(path)? } else { OrganisationSeed::generate()? };
    let file = SecretFile::keep_again(path, &HEXLOWER.encode(seed.expose()))?;
    Ok((seed, file))
}

/// Shows a one-time code, this one time.
fn show_code(context: &Context, code: &str) {
    context.output.line(format!("One-time code, shown only now: {}", context.output.bold(code)));
}

async fn invite(args: InviteArgs, context: &Context) -> Result<(), CliError> {
    let desk = context.desk().await?;
    secret_file::check_destination(args.code_file.as_deref(), "--code-file", context.output)?;
    let (code, file) = match args.code_file.as_deref() {
        Some(path) if args.again => (clean_value(secret_file::read(path)?.expose()), None),
        Some(path) => {
            let (code, _) = draw_code()?;
            let file = SecretFile::keep(path, &code)?;
            (code, Some(file))
        }
        None => (draw_code()?.0, None),
    };
    let invited = desk.invite(&args.name, &roles_of(&args.roles), &code).await;
    let staff_id = invited.map_err(|error| {
        let error =
            CliError::from(error).named(&[("invitation.name", "NAME"), ("invitation.roles", "--roles")]);
        if args.code_file.is_none() && error.may_have_been_done() {
            show_code(context, &code);
        }
        let how =
            "they may be invited all the same, with this code; give the same command again with --again";
        SecretFile::forget_if_refused(file, error, how)
    })?;
    if args.code_file.is_none() {
        show_code(context, &code);
    }
    let document = json!({ "staff_id": staff_id, "name": args.name, "code_file": args.code_file });
    context.output.show(&document, |out| {
        out.line(format!("{} is invited ({staff_id}). Give them the code in a safe way.", args.name));
        out.line(format!("They enrol with: flare staff enrol {}", args.name));
    })
}

async fn enrol_member(args: EnrolArgs, context: &Context) -> Result<(), CliError> {
    let code = match &args.code_file {
        Some(path) => secret_file::read(path)?,
        None => prompt::hidden("One-time code", "--code-file")?,
    };
    let passphrase = new_passphrase(args.passphrase_file.as_deref())?;
    let params = if args.sandbox { Argon2Params::for_tests() } else { Argon2Params::STANDARD };
    let member = NewMember { name: &args.name, code: code.expose(), passphrase: &passphrase, params };
    let enrolment = enrolment(&member, context.key.text())?;
    let keys = retrying(|| enrol(&context.lines, enrolment.clone())).await.map_err(|error| {
        let error = CliError::from(error);
        if !error.may_have_been_done() {
            return error;
        }
        // Their keys are at identity if it arrived, and were never anywhere if it did not.
        let name = &args.name;
        error.hint(format!(
            "you may be enrolled all the same: try flare login {name}; if that is refused, enrol again with the same code"
        ))
    })?;
    let (id, fingerprint) = (keys.staff.to_string(), keys.fingerprint());
    let document = json!({ "staff_id": id, "name": args.name, "key_fingerprint": fingerprint });
    context.output.show(&document, |out| {
        out.line(format!("{} is enrolled ({id}).", args.name));
        out.line(format!(
            "Read these numbers to whoever holds the organisation's key, in a meeting or a call:\n  {}",
            out.bold(&fingerprint)
        ));
        out.line(format!("Next: flare login {}", args.name));
    })
}

/// Makes sure that the organisation vouches for a member's keys: it did already, or it does now, after the numbers were
/// compared that they read out. Whoever runs the servers could have put their own keys in the place of these.
async fn vouch(
    desk: &Desk,
    context: &Context,
    member: &mut Member,
    (seed, fingerprint): (Option<&OrganisationSeed>, Option<&str>),
) -> Result<(), CliError> {
    let keys = member.keys()?;
    if member.has_certificate() {
        return Ok(desk.check_certified(member)?);
    }
    let Some(seed) = seed else {
        return Err(CliError::usage(format!(
            "--organisation-key-file is needed: nobody has vouched for the keys of {} yet",
            member.name
        )));
    };
    compare(context, &member.name, &keys.fingerprint(), fingerprint)?;
    Ok(desk.certify(member, seed).await?)
}

/// Whether the numbers that a person read out are those of the keys that the server shows.
fn compare(context: &Context, name: &str, shown: &str, read_out: Option<&str>) -> Result<(), CliError> {
    match read_out.map(input::fingerprint) {
        Some(read_out) if read_out == shown => Ok(()),
        Some(_) => {
            let rule = format!("must be that of the keys which the server shows for {name}: {shown}");
            Err(CliError::refused("--fingerprint", rule)
                .hint("if they read it out rightly, somebody has changed their keys at the server"))
        }
        None if context.output.is_json() => {
            Err(CliError::usage("--fingerprint is needed: with --json nothing is asked"))
        }
        None => {
            context.output.line(format!("The keys of {name}, as the server shows them:\n  {shown}"));
            if prompt::confirm(&format!("Has {name} read out the same numbers?"), "--fingerprint")? {
                return Ok(());
            }
            Err(CliError::state("NOT_CONFIRMED", "nothing was signed"))
        }
    }
}

async fn certify_member(args: CertifyArgs, context: &Context) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let seed = organisation_key(&args.organisation_key_file)?;
    let mut member = find(&desk, &args.name).await?;
    vouch(&desk, context, &mut member, (Some(&seed), args.fingerprint.as_deref())).await?;
    let document = json!({ "staff_id": member.staff_id, "name": member.name, "certified": true });
    context.done(&format!("The organisation vouches for the keys of {}.", member.name), &document)
}

async fn admit_member(args: AdmitArgs, context: &Context) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let seed = args.organisation_key_file.as_deref().map(organisation_key).transpose()?;
    let mut member = find(&desk, &args.name).await?;
    let team = args.team.team();
    if seed.is_none() && !desk.can_admit_to(team)? {
        return Err(CliError::usage(format!(
            "--organisation-key-file is needed: you are no member of the team {} yourself",
            team.as_str()
        )));
    }
    vouch(&desk, context, &mut member, (seed.as_ref(), args.fingerprint.as_deref())).await?;
    desk.admit(&member, team, seed.as_ref()).await?;
    let document = json!({ "staff_id": member.staff_id, "name": member.name, "team": team.as_str() });
    context.done(&format!("{} is in the team {}.", member.name, team.as_str()), &document)
}

fn organisation_key(path: &Path) -> Result<OrganisationSeed, CliError> {
    let text = secret_file::read(path)?;
    let bytes = HEXLOWER_PERMISSIVE.decode(text.expose().trim().as_bytes()).ok();
    let seed = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    seed.map(OrganisationSeed::from_bytes).ok_or_else(|| {
        CliError::refused(
            "--organisation-key-file",
            "must hold the organisation's key: 64 hexadecimal digits",
        )
    })
}

async fn find(desk: &Desk, name: &str) -> Result<Member, CliError> {
    desk.member(name).await.map_err(|error| match CliError::from(error) {
        error if error.exit == Exit::NotFound => error.hint("see them all with: flare staff list"),
        error => error,
    })
}

async fn list(context: &Context) -> Result<(), CliError> {
    let members = context.desk().await?.members().await?;
    context.output.show(&json!({ "staff": members }), |out| {
        let row = |member: &Member| {
            vec![
                member.name.clone(),
                member.roles.join(", "),
                member.teams.join(", "),
                if member.certified { "yes" } else { "no" }.to_owned(),
                member.state.word().to_owned(),
                member.staff_id.clone(),
            ]
        };
        let headers = ["name", "roles", "teams", "certified", "state", "id"];
        out.table(&headers, members.iter().map(row).collect());
    })
}

fn roles_of(names: &[RoleName]) -> Vec<Role> {
    names.iter().map(|name| name.role()).collect()
}

async fn set_roles(args: RolesArgs, context: &Context) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let member = find(&desk, &args.name).await?;
    let roles = roles_of(&args.roles);
    desk.set_roles(&member.staff_id, &roles).await?;
    let names: Vec<_> = roles.iter().map(|role| role.word()).collect();
    let document = json!({ "staff_id": member.staff_id, "name": member.name, "roles": names });
    context.done(&format!("{} is now: {}.", member.name, names.join(", ")), &document)
}

async fn disable(args: DisableArgs, context: &Context) -> Result<(), CliError> {
    let desk = context.desk().await?;
    let member = find(&desk, &args.name).await?;
    desk.disable(&member.staff_id, &args.reason).await?;
    let document = json!({ "staff_id": member.staff_id, "name": member.name, "state": "disabled" });
    context.done(&format!("{} has no access any more. What they did stays theirs.", member.name), &document)
}
