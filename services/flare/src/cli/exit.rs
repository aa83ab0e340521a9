//! How a command ends: the exit codes, and errors told so that a person knows what to do next.

use std::{
    fmt::{self, Write as _},
    process::ExitCode,
};

use flare_contracts::{Kind, Refusal, words::Worded as _};
use flare_edge::{
    EdgeError, FormError, Lifted, broke_off,
    desk::{CaseStanding, GrantStanding, Standing},
};
use flare_kernel::RandomError;
use flare_seal::SealError;
use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::output::isolated;

/// How a command ends. A script can tell what to do by the number alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something nobody foresaw.
    Unexpected = 1,
    /// The command was written wrongly; clap ends with the same number.
    Usage = 2,
    /// Input that breaks a rule. Nothing changed.
    Refused = 3,
    /// Not logged in, or not allowed.
    NotAllowed = 4,
    /// There is no such thing, or the caller may not know of it.
    NotFound = 5,
    /// The state does not allow it, or it has changed since it was last seen.
    State = 6,
    /// A service could not be reached or did not answer in time.
    Unavailable = 7,
}

/// One field and the rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    /// The option or field.
    pub(crate) field: String,
    /// The rule, as a sentence part: "must not be empty".
    pub(crate) rule: String,
}

/// Why a command did not do what it was asked.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CliError {
    #[serde(skip)]
    pub(crate) exit: Exit,
    /// The kind of error, in gRPC's words, such as `INVALID_ARGUMENT`.
    code: &'static str,
    /// Stable, such as `STALE_VERSION`; empty when there is none.
    pub(crate) reason: String,
    /// What went wrong, in one line.
    message: Box<str>,
    /// The fields at fault.
    fields: Vec<Fault>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<Box<str>>,
    /// The idempotency key of a change of which nobody knows whether it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Box<str>>,
}

impl CliError {
    fn new(exit: Exit, code: &'static str, reason: &str, message: impl Into<String>) -> Self {
        let (reason, message) = (reason.to_owned(), message.into().into_boxed_str());
        Self { exit, code, reason, message, fields: Vec::new(), hint: None, request_id: None }
    }

    /// Something nobody foresaw.
    pub(crate) fn unexpected(message: impl Into<String>) -> Self {
        Self::new(Exit::Unexpected, "UNKNOWN", "", message)
    }

    /// An option that is missing or does not go with another.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "USAGE", "USAGE", message)
    }

    /// One option or field that breaks a rule.
    pub(crate) fn refused(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::new(Exit::Refused, "INVALID_ARGUMENT", "INVALID_FIELD", "the input breaks a rule")
            .field(field, rule)
    }

    /// A receipt that is written wrongly, and where.
    pub(crate) fn mistyped(place: impl Into<String>) -> Self {
        Self::new(Exit::Refused, "INVALID_ARGUMENT", "RECEIPT_MISTYPED", "the receipt cannot be read")
            .field("receipt", place)
    }

    /// Something that changed since it was decided on.
    pub(crate) fn stale(reason: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::State, "ABORTED", reason, message)
    }

    /// A step that cannot be taken as things stand.
    pub(crate) fn state(reason: &str, message: impl Into<String>) -> Self {
        Self::new(Exit::State, "FAILED_PRECONDITION", reason, message)
    }

    /// An id that names nothing here.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Exit::NotFound, "NOT_FOUND", "NOT_FOUND", format!("there is no such {what}"))
    }

    /// A service that is not there or not ready.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unavailable, "UNAVAILABLE", "UNAVAILABLE", message)
    }

    /// Nobody is logged in here.
    pub(crate) fn not_logged_in() -> Self {
        Self::new(
            Exit::NotAllowed,
            "UNAUTHENTICATED",
            "NOT_LOGGED_IN",
            "nobody is logged in with this profile",
        )
        .hint("log in with: flare login NAME")
    }

    /// A file of this machine that could not be read or written.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Exit::Refused, "INVALID_ARGUMENT", "FILE", format!("{}: {error}", path.display()))
    }

    /// Names one more field at fault.
    #[must_use]
    pub(crate) fn field(mut self, field: impl Into<String>, rule: impl Into<String>) -> Self {
        self.fields.push(Fault { field: field.into(), rule: rule.into() });
        self
    }

    /// Says what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into().into_boxed_str());
        self
    }

    /// Tells fields by the options they came from: each pair is the field's path in the message and the option's name.
    /// A longer path that begins with the given one is renamed too.
    #[must_use]
    pub(crate) fn named(mut self, names: &[(&str, &str)]) -> Self {
        for fault in &mut self.fields {
            let known = names.iter().find(|(path, _)| {
                fault
                    .field
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            });
            if let Some((_, option)) = known {
                (*option).clone_into(&mut fault.field);
            }
        }
        self
    }

    /// Whether what was asked may have been done all the same: the answer was lost, or made no sense.
    pub(crate) fn may_have_been_done(&self) -> bool {
        matches!(self.exit, Exit::Unavailable | Exit::Unexpected) && self.code != "RESOURCE_EXHAUSTED"
    }

    /// Says under which id the same command can be given again without being done twice.
    #[must_use]
    pub(crate) fn repeatable_as(mut self, request_id: &str) -> Self {
        self.request_id = Some(request_id.into());
        self
    }

    /// The whole of it for a person: what, which fields, what next.
    pub(crate) fn for_people(&self) -> String {
        let mut text = format!("error: {}", self.message);
        for fault in &self.fields {
            let _ = write!(text, "\n  {} {}", fault.field, fault.rule);
        }
        if let Some(hint) = &self.hint {
            let _ = write!(text, "\nhint: {hint}");
        }
        if let Some(id) = &self.request_id {
            let _ = write!(
                text,
                "\nIt may have been done all the same. To have it done once, give the same command again with: --request-id {id}"
            );
        }
        text
    }

    /// The exit code for the shell.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.fields.iter().try_for_each(|fault| write!(f, "; {} {}", fault.field, fault.rule))
    }
}

impl std::error::Error for CliError {}

impl From<Status> for CliError {
    fn from(status: Status) -> Self {
        let (exit, code) =
            if broke_off(&status) { of_code(Code::Unavailable) } else { of_code(status.code()) };
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
        let mut message = status.message().to_owned();
        let mut fields = Vec::new();
        for violation in details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default()
        {
            let fault = Fault { field: violation.field.clone(), rule: violation.description.clone() };
            // The status repeats the violations for people who see nothing else.
            let repeated = format!("{} {}", fault.field, fault.rule);
            message = message.replace(&format!(": {repeated}"), "").replace(&format!("; {repeated}"), "");
            fields.push(fault);
        }
        if reason.is_empty() && exit == Exit::Unavailable {
            // The transport's own words, such as "tcp connect error", help nobody.
            "the service cannot be reached".clone_into(&mut message);
        } else if message.is_empty() {
            "the service gave no reason".clone_into(&mut message);
        }
        let retry = details.retry_info().and_then(|info| info.retry_delay);
        let hint = match (retry, reason.as_str()) {
            (Some(wait), _) => Some(format!("try again in {} s", wait.as_secs().max(1))),
            (None, "EXPIRED_CREDENTIALS" | "BAD_CREDENTIALS" | "NO_CREDENTIALS" | "SESSION_OVER") => {
                Some("log in with: flare login NAME".to_owned())
            }
            (None, "STALE_VERSION") => Some("look at it again, then repeat the command".to_owned()),
            (None, "REQUEST_ID_REUSED") => Some(
                "a command under this id was carried out already, with other words or options: look first; if this is \
                 another command, leave --request-id out"
                    .to_owned(),
            ),
            (None, _) if exit == Exit::Unavailable => {
                Some("is it running, and at this address? See: flare health".to_owned())
            }
            (None, _) => None,
        };
        let (message, hint) = (message.into_boxed_str(), hint.map(String::into_boxed_str));
        Self { exit, code, reason, message, fields, hint, request_id: None }
    }
}

fn of_code(code: Code) -> (Exit, &'static str) {
    match code {
        Code::InvalidArgument => (Exit::Refused, "INVALID_ARGUMENT"),
        Code::OutOfRange => (Exit::Refused, "OUT_OF_RANGE"),
        Code::AlreadyExists => (Exit::State, "ALREADY_EXISTS"),
        Code::Unauthenticated => (Exit::NotAllowed, "UNAUTHENTICATED"),
        Code::PermissionDenied => (Exit::NotAllowed, "PERMISSION_DENIED"),
        Code::NotFound => (Exit::NotFound, "NOT_FOUND"),
        Code::FailedPrecondition => (Exit::State, "FAILED_PRECONDITION"),
        Code::Aborted => (Exit::State, "ABORTED"),
        Code::Unavailable => (Exit::Unavailable, "UNAVAILABLE"),
        Code::DeadlineExceeded => (Exit::Unavailable, "DEADLINE_EXCEEDED"),
        Code::ResourceExhausted => (Exit::Unavailable, "RESOURCE_EXHAUSTED"),
        Code::Cancelled => (Exit::Unavailable, "CANCELLED"),
        Code::Ok | Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss => {
            (Exit::Unexpected, "UNKNOWN")
        }
    }
}

impl From<Refusal> for CliError {
    fn from(refusal: Refusal) -> Self {
        let (exit, code) = match refusal.kind {
            Kind::Invalid => (Exit::Refused, "INVALID_ARGUMENT"),
            Kind::Unauthenticated => (Exit::NotAllowed, "UNAUTHENTICATED"),
            Kind::Forbidden => (Exit::NotAllowed, "PERMISSION_DENIED"),
            Kind::NotFound => (Exit::NotFound, "NOT_FOUND"),
            Kind::State => (Exit::State, "FAILED_PRECONDITION"),
            Kind::Stale => (Exit::State, "ABORTED"),
            Kind::Reused => (Exit::State, "ALREADY_EXISTS"),
            Kind::Exhausted => (Exit::Unavailable, "RESOURCE_EXHAUSTED"),
            Kind::Unavailable => (Exit::Unavailable, "UNAVAILABLE"),
            Kind::Late => (Exit::Unavailable, "DEADLINE_EXCEEDED"),
        };
        let mut error = Self::new(exit, code, refusal.reason, refusal.message);
        if refusal.reason == "NOT_ACKNOWLEDGED" {
            error = error.hint("take it with: flare case acknowledge CASE");
        }
        refusal.violations.into_iter().fold(error, |error, fault| error.field(fault.field, fault.rule))
    }
}

impl From<FormError> for CliError {
    fn from(error: FormError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<EdgeError> for CliError {
    fn from(error: EdgeError) -> Self {
        match error {
            EdgeError::Answered(status) => status.into(),
            EdgeError::Refused(refusal) => refusal.into(),
            EdgeError::Sealed(error) => error.into(),
            EdgeError::OtherOrganisation { .. } => {
                Self::new(Exit::NotAllowed, "PERMISSION_DENIED", "OTHER_ORGANISATION", error.to_string())
                    .hint(
                        "somebody may be listening in; compare the numbers with a colleague before you go on",
                    )
            }
            EdgeError::Unvouched(_) => {
                Self::new(Exit::NotAllowed, "PERMISSION_DENIED", "UNVOUCHED", error.to_string()).hint(
                    "somebody may have changed keys at the server; ask whoever holds the organisation's key",
                )
            }
            EdgeError::Closed { .. } => {
                Self::new(Exit::NotAllowed, "PERMISSION_DENIED", "KEY_DOES_NOT_OPEN", error.to_string())
            }
            EdgeError::Altered(_) | EdgeError::Misplaced(_) => {
                Self::new(Exit::NotAllowed, "PERMISSION_DENIED", "CONTENT_ALTERED", error.to_string()).hint(
                    "do not vote or pay; compare with the officer on another channel, and tell whoever runs the servers",
                )
            }
            EdgeError::NoSession => Self::not_logged_in(),
            EdgeError::File { .. } => Self::new(Exit::Refused, "INVALID_ARGUMENT", "FILE", error.to_string()),
            EdgeError::Changed(standing) => Self::changed(&standing),
            EdgeError::ForbiddenWords { field, ref phrases } => Self::forbidden(field, phrases),
            EdgeError::PlanChanged(_) => {
                Self::stale("CONTACT_PLAN_CHANGED", error.to_string()).hint("nothing was sent; look at the plan, then repeat")
            }
            EdgeError::Crossed(ref crossed) => {
                let seen = crossed.newest;
                Self::stale("MESSAGES_CROSSED", error.to_string()).hint(format!(
                    "nothing was sent; read the thread with `flare case show CASE`, then repeat with --seen {seen}"
                ))
            }
            EdgeError::Lifts(ref lifted) => Self::lifts(lifted),
            EdgeError::ContactPlan(ref plan) => Self::refused("contact_plan", plan.to_string()),
            EdgeError::Incomplete(_) | EdgeError::Random(_) => Self::unexpected(error.to_string()),
        }
    }
}

impl CliError {
    /// A change to something that changed since it was decided on, and where it stands now.
    fn changed(standing: &Standing) -> Self {
        let (what, now) = match standing {
            Standing::Case { now, owner } => ("the case", case_standing(now, owner.as_deref())),
            Standing::Grant { now, round, gates } => ("the grant", grant_standing(now, *round, *gates)),
        };
        Self::stale("STALE_VERSION", format!("{what} has changed since the version you decided on")).hint(now)
    }

    /// Words that hold what the contact plan forbids.
    fn forbidden(field: &str, phrases: &[String]) -> Self {
        let rule = format!("must not say {}: the contact plan forbids it", quoted(phrases));
        let mut error = Self::refused(field, rule)
            .hint("nothing was sent; say it differently, or give --anyway if it must be said");
        "FORBIDDEN_WORDS".clone_into(&mut error.reason);
        error
    }

    /// A new contact plan that takes back what the one before rules out.
    fn lifts(lifted: &[Lifted]) -> Self {
        let words = lifted.iter().map(|lifted| match lifted {
            Lifted::NeverSay(words) | Lifted::NeverDo(words) => words.trim().to_owned(),
        });
        let words = quoted(&words.collect::<Vec<_>>());
        let mut error =
            Self::refused("contact_plan", format!("takes back {words}, which the plan before rules out"))
                .hint("nothing was changed; name it in the file of --lift-file if it may be taken back");
        "CONTACT_PLAN_LIFTS".clone_into(&mut error.reason);
        error
    }
}

/// Phrases as they are told.
pub(crate) fn quoted(phrases: &[String]) -> String {
    phrases.iter().map(|phrase| format!("“{}”", isolated(phrase))).collect::<Vec<_>>().join(", ")
}

/// Where a case stands, in one line: what somebody needs whose version was stale.
fn case_standing(now: &CaseStanding, owner: Option<&str>) -> String {
    format!(
        "it is at version {} now: {}, {}, owned by {}; look again with `flare case show {}`, then repeat",
        now.version,
        now.stage.word(),
        now.lane.word(),
        owner.unwrap_or("nobody"),
        now.codename
    )
}

/// The same for a grant.
fn grant_standing(now: &GrantStanding, round: u32, gates: usize) -> String {
    format!(
        "it is at version {} now: {}, round {round}, {} of {gates} gates open; look again with `flare grant show {}`, then repeat",
        now.version,
        now.stage.word(),
        now.open_gates.len(),
        now.grant_id
    )
}

impl From<SealError> for CliError {
    fn from(error: SealError) -> Self {
        Self::new(Exit::NotAllowed, "PERMISSION_DENIED", "SEALED", error.to_string())
    }
}

impl From<RandomError> for CliError {
    fn from(error: RandomError) -> Self {
        Self::unexpected(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use flare_contracts::{Cause, InputRule, common::v1::Lane, grants::v1::GrantStage, triage::v1::Stage};
    use flare_edge::{ContactPlanError, desk::Crossed};

    use super::*;

    fn told(refusal: Refusal) -> CliError {
        CliError::from(Status::from(refusal))
    }

    #[test]
    fn every_way_of_refusing_has_its_exit_code() {
        let exit = |kind| told(Refusal::new(kind, Cause::TooBusy)).exit;
        assert_eq!(exit(Kind::Invalid), Exit::Refused);
        assert_eq!(exit(Kind::Unauthenticated), Exit::NotAllowed);
        assert_eq!(exit(Kind::Forbidden), Exit::NotAllowed);
        assert_eq!(exit(Kind::NotFound), Exit::NotFound);
        assert_eq!(exit(Kind::State), Exit::State);
        assert_eq!(exit(Kind::Stale), Exit::State);
        assert_eq!(exit(Kind::Reused), Exit::State);
        assert_eq!(exit(Kind::Exhausted), Exit::Unavailable);
        assert_eq!(exit(Kind::Unavailable), Exit::Unavailable);
        assert_eq!(exit(Kind::Late), Exit::Unavailable);
        for kind in
            [Kind::Invalid, Kind::Unauthenticated, Kind::Stale, Kind::Reused, Kind::Unavailable, Kind::Late]
        {
            let here = CliError::from(Refusal::new(kind, Cause::TooBusy));
            assert_eq!((here.exit, here.code), (exit(kind), told(Refusal::new(kind, Cause::TooBusy)).code));
        }
        assert_eq!(CliError::from(Status::internal("")).exit, Exit::Unexpected);
    }

    #[test]
    fn a_connection_that_broke_is_a_service_out_of_reach() {
        let broken = Status::from_error(Box::new(std::io::Error::other("connection reset")));
        assert_eq!(broken.code(), Code::Unknown);
        let told = CliError::from(broken);
        assert_eq!(told.exit, Exit::Unavailable);
        assert_eq!(CliError::from(Status::unknown("a bug")).exit, Exit::Unexpected);
    }

    #[test]
    fn fields_stand_on_lines_of_their_own_under_the_name_of_their_option() {
        let refusal = Refusal::invalid("terms.ceiling.minor_units", InputRule::AmountNegative)
            .field("version", InputRule::NotNew);
        let error = told(refusal).named(&[("terms.ceiling", "--ceiling")]);
        assert_eq!(
            error.for_people(),
            "error: the request breaks a rule\n  --ceiling must not be negative\n  version must be new"
        );
    }

    #[test]
    fn what_to_do_next_is_said_where_it_is_known() {
        let stale = told(Cause::StaleVersion { expected: 1, found: 2 }.into());
        assert!(stale.for_people().contains("hint: look at it again"));
        let wait = Refusal::from(Cause::TooManyCalls).retry_after(Duration::from_secs(7));
        assert!(told(wait).for_people().ends_with("hint: try again in 7 s"));
        let away = CliError::from(Status::unavailable("tcp connect error")).for_people();
        assert!(away.starts_with("error: the service cannot be reached\nhint: "), "{away}");
        assert!(CliError::from(EdgeError::NoSession).for_people().contains("flare login"));
        let untaken = Refusal { reason: "NOT_ACKNOWLEDGED", ..Cause::TooManyCalls.into() };
        assert!(
            CliError::from(untaken).for_people().ends_with("hint: take it with: flare case acknowledge CASE")
        );
    }

    #[test]
    fn a_stale_change_is_told_the_newest_state() {
        let case = CaseStanding {
            case_id: "case_1".to_owned(),
            codename: "amber-kestrel-27".to_owned(),
            version: 9,
            stage: Stage::Assessing,
            lane: Lane::Urgent,
        };
        let grant = GrantStanding {
            grant_id: "grant_1".to_owned(),
            version: 9,
            stage: GrantStage::Draft,
            open_gates: vec!["verified"],
        };
        for (standing, newest, look) in [
            (
                Standing::Case { now: case.clone(), owner: None },
                "it is at version 9 now: assessing, urgent, owned by nobody;",
                "flare case show amber-kestrel-27",
            ),
            (
                Standing::Case { now: case, owner: Some("amal".to_owned()) },
                "it is at version 9 now: assessing, urgent, owned by amal;",
                "flare case show amber-kestrel-27",
            ),
            (
                Standing::Grant { now: grant, round: 2, gates: 2 },
                "it is at version 9 now: draft, round 2, 1 of 2 gates open;",
                "flare grant show grant_1",
            ),
        ] {
            let error = CliError::from(EdgeError::Changed(Box::new(standing)));
            assert_eq!((error.exit, error.reason.as_str()), (Exit::State, "STALE_VERSION"));
            let told = error.for_people();
            assert!(told.contains(newest) && told.contains(look), "{told}");
        }
    }

    #[test]
    fn what_must_be_agreed_to_says_what_and_how() {
        let phrases = || vec!["El Fasher".to_owned(), "radio".to_owned()];
        for (error, (exit, reason), told) in [
            (
                EdgeError::ForbiddenWords { field: "text", phrases: phrases() },
                (Exit::Refused, "FORBIDDEN_WORDS"),
                "text must not say “El Fasher”, “radio”: the contact plan forbids it\n\
                 hint: nothing was sent; say it differently, or give --anyway if it must be said",
            ),
            (
                EdgeError::Crossed(Box::new(Crossed { newest: 12, messages: Vec::new() })),
                (Exit::State, "MESSAGES_CROSSED"),
                "hint: nothing was sent; read the thread with `flare case show CASE`, then repeat with --seen 12",
            ),
            (
                EdgeError::Lifts(vec![
                    Lifted::NeverSay("radio ".to_owned()),
                    Lifted::NeverDo("phone".to_owned()),
                ]),
                (Exit::Refused, "CONTACT_PLAN_LIFTS"),
                "contact_plan takes back “radio”, “phone”, which the plan before rules out\n\
                 hint: nothing was changed; name it in the file of --lift-file if it may be taken back",
            ),
            (
                EdgeError::ContactPlan(ContactPlanError::NoWay),
                (Exit::Refused, "INVALID_FIELD"),
                "contact_plan \"how\" must say on which channel they may be reached",
            ),
        ] {
            let error = CliError::from(error);
            assert_eq!((error.exit, error.reason.as_str()), (exit, reason));
            assert!(error.for_people().ends_with(told), "{}", error.for_people());
        }
    }

    #[test]
    fn a_text_that_was_changed_is_no_bug_and_says_what_to_do() {
        let altered = CliError::from(EdgeError::Altered("budget".to_owned()));
        assert_eq!((altered.exit, altered.reason.as_str()), (Exit::NotAllowed, "CONTENT_ALTERED"));
        let told = altered.for_people();
        assert!(told.contains("budget") && told.contains("do not vote"), "{told}");
    }

    #[test]
    fn whoever_does_not_know_whether_it_was_done_can_repeat_it() {
        let lost = CliError::from(Status::unavailable("connection lost"));
        assert!(lost.may_have_been_done() && CliError::from(Status::internal("")).may_have_been_done());
        for done in [Status::resource_exhausted("slower"), Status::aborted("stale"), Status::not_found("")] {
            assert!(!CliError::from(done).may_have_been_done());
        }
        let lost = lost.repeatable_as("abc");
        assert!(lost.for_people().ends_with("--request-id abc"));
        assert_eq!(serde_json::to_value(&lost).unwrap()["request_id"], "abc");
        let reused = Refusal::from(Cause::RequestIdReused);
        assert!(told(reused).for_people().contains("carried out already"));
    }

    #[test]
    fn machines_get_code_reason_message_and_fields() {
        let error = told(Refusal::invalid("--amount", InputRule::AmountTooLarge));
        assert_eq!(
            serde_json::to_value(&error).unwrap(),
            serde_json::json!({
                "code": "INVALID_ARGUMENT",
                "reason": "INVALID_FIELD",
                "message": "the request breaks a rule",
                "fields": [{"field": "--amount", "rule": "must not be so large"}],
            })
        );
    }
}
