//! The codes in which an act says why, how or with what end it is done. Each list stands here and nowhere else: services
//! take no other code, the command line offers no other, and `proto/` lists them in the same order.

/// Why a case changes hands.
pub const WHY_ASSIGNED: &[&str] = &["shift", "leave", "workload", "conflict", "expertise"];
/// How people were in contact outside Flare.
pub const CONTACT_CHANNELS: &[&str] = &["signal", "phone", "mail", "peer", "visit", "other"];
/// Why a need is declined.
pub const WHY_DECLINED: &[&str] =
    &["outside_mandate", "not_verified", "covered_elsewhere", "could_harm", "no_funds", "duplicate", "other"];
/// Why a need is opened again.
pub const WHY_NEED_REOPENED: &[&str] = &["mistake", "helped_otherwise", "review", "new_facts"];
/// The reason of a requester who gives none.
pub const UNSAID: &str = "unsaid";
/// Why a requester wants nothing more.
pub const WHY_WITHDRAWN: &[&str] =
    &["helped_elsewhere", "too_dangerous", "no_longer_needed", "other", UNSAID];
/// Why a case is paused whose requester froze their receipt; staff can give it as a reason too.
pub const CHANNEL_COMPROMISED: &str = "channel_compromised";
/// Why a case is paused.
pub const WHY_PAUSED: &[&str] = &["not_safe", "detained", CHANNEL_COMPROMISED, "other"];
/// Why a case is held.
pub const WHY_HELD: &[&str] = &["inquiry", "corruption", "safeguarding", "other"];
/// Why a case may go on.
pub const WHY_RESUMED: &[&str] = &["safe_again", "cleared", "other"];
/// How a case can end.
pub const EXITS: &[&str] = &["helped", "referred", "declined", "withdrawn", "unreachable", "duplicate"];
/// Why a case is opened again.
pub const WHY_REOPENED: &[&str] = &["new_need", "review", "mistake", "requester_wrote"];

/// Why a receipt is frozen whose holder gives no other reason.
pub const SEEN_BY_OTHERS: &str = "seen_by_others";
/// Why a receipt is frozen.
pub const WHY_FROZEN: &[&str] = &["lost", "seized", SEEN_BY_OTHERS, "asked", "other"];

/// How a proposal is told when it is not in the thread.
pub const TOLD_BY: &[&str] = &["signal", "phone", "visit", "proxy"];
/// Why an approver takes no part.
pub const WHY_CONFLICTED: &[&str] = &["personal", "financial", "institutional", "past_dispute", "other"];
/// Why a head opens the gate "verified" without two references.
pub const WHY_OVERRIDDEN: &[&str] = &["no_time", "references_unsafe", "known_partner", "other"];
/// How an agreement by voice was given, with a witness.
pub const AGREED_BY: &[&str] = &["phone", "visit", "proxy"];
/// Why a payment is written off.
pub const WHY_WRITTEN_OFF: &[&str] = &["stolen", "channel_failed", "payee_unreachable", "other"];
/// What became of a grant's report.
pub const REPORTS: &[&str] = &["received", "oral", "deferred", "waived"];
/// Why a report is deferred or waived.
pub const WHY_NO_REPORT: &[&str] = &["unsafe", "light", "other"];
/// What a grant came to.
pub const OUTCOMES: &[&str] = &["achieved", "partly_achieved", "not_achieved", "overtaken"];
/// Why a grant is given up.
pub const WHY_ABANDONED: &[&str] = &["helped_otherwise", "not_needed", "mistake", "other"];
/// Why a grant is terminated.
pub const WHY_TERMINATED: &[&str] = &["ethics", "corruption", "safeguarding"];

/// Why somebody's access ends.
pub const WHY_DISABLED: &[&str] = &["left", "lost_device", "misuse", "other"];

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: &str = include_str!("../../../proto/flare/identity/v1/identity.proto");
    const INTAKE: &str = include_str!("../../../proto/flare/intake/v1/intake.proto");
    const TRIAGE: &str = include_str!("../../../proto/flare/triage/v1/triage.proto");
    const GRANTS: &str = include_str!("../../../proto/flare/grants/v1/grants.proto");
    const GRANTS_EVENTS: &str = include_str!("../../../proto/flare/events/v1/grants.proto");

    /// Each list, and the field whose comment lists it: the contract, the message and the field.
    const LISTED: &[(&[&str], &str, &str, &str)] = &[
        (WHY_DISABLED, IDENTITY, "DisableStaffRequest", "reason"),
        (WHY_FROZEN, INTAKE, "FreezeReceiptRequest", "reason"),
        (WHY_WITHDRAWN, INTAKE, "WithdrawRequest", "reason"),
        (CONTACT_CHANNELS, TRIAGE, "Contact", "channel"),
        (WHY_ASSIGNED, TRIAGE, "AssignCaseRequest", "reason"),
        (WHY_DECLINED, TRIAGE, "DeclineNeedRequest", "reason"),
        (WHY_NEED_REOPENED, TRIAGE, "ReopenNeedRequest", "reason"),
        (WHY_WITHDRAWN, TRIAGE, "WithdrawCaseRequest", "reason"),
        (WHY_PAUSED, TRIAGE, "PauseCaseRequest", "reason"),
        (WHY_HELD, TRIAGE, "HoldCaseRequest", "reason"),
        (WHY_RESUMED, TRIAGE, "ResumeCaseRequest", "reason"),
        (EXITS, TRIAGE, "CloseCaseRequest", "exit"),
        (WHY_REOPENED, TRIAGE, "ReopenCaseRequest", "reason"),
        (TOLD_BY, GRANTS, "ShowProposalRequest", "told_by"),
        (WHY_CONFLICTED, GRANTS, "DeclareConflictRequest", "reason"),
        (WHY_OVERRIDDEN, GRANTS, "OverrideVerificationRequest", "reason"),
        (AGREED_BY, GRANTS, "RecordAgreementRequest", "agreed_by"),
        (WHY_WRITTEN_OFF, GRANTS, "WriteOffTrancheRequest", "reason"),
        (REPORTS, GRANTS, "RecordReportRequest", "how"),
        (WHY_NO_REPORT, GRANTS, "RecordReportRequest", "reason"),
        (OUTCOMES, GRANTS, "CloseGrantRequest", "outcome"),
        (WHY_ABANDONED, GRANTS, "AbandonGrantRequest", "reason"),
        (WHY_TERMINATED, GRANTS, "TerminateGrantRequest", "reason"),
        (WHY_OVERRIDDEN, GRANTS_EVENTS, "GateOpened", "reason"),
        (WHY_WRITTEN_OFF, GRANTS_EVENTS, "TrancheMoved", "reason"),
        (WHY_ABANDONED, GRANTS_EVENTS, "GrantWithdrawn", "reason"),
    ];

    /// What stands above a field of a message.
    fn comment(contract: &str, message: &str, field: &str) -> Option<String> {
        let message = contract.split_once(&format!("\nmessage {message} {{\n"))?.1;
        let mut lines: Vec<&str> = Vec::new();
        for line in message.lines().map(str::trim).take_while(|line| *line != "}") {
            match line.strip_prefix("// ") {
                Some(comment) => lines.push(comment),
                None if line.starts_with(&format!("string {field} = ")) => return Some(lines.join(" ")),
                None => lines.clear(),
            }
        }
        None
    }

    /// Whether a comment lists these codes, all of them in their order and no other.
    fn lists(comment: &str, codes: &[&str]) -> bool {
        let Some((before, after)) = comment.split_once(&codes.join(", ")) else { return false };
        (before.is_empty() || before.ends_with(": ")) && after.starts_with(['.', ';'])
    }

    #[test]
    fn the_contract_lists_each_code_and_no_other() {
        for (codes, contract, message, field) in LISTED {
            let told = comment(contract, message, field).unwrap_or_default();
            assert!(lists(&told, codes), "{message}.{field} is told as: {told}; its codes are {codes:?}");
        }
    }

    #[test]
    fn each_list_of_codes_in_a_services_contract_is_one_of_these() {
        for contract in [IDENTITY, INTAKE, TRIAGE, GRANTS] {
            for line in contract.lines().filter(|line| line.contains("code: ")) {
                let told = line.trim().trim_start_matches("// ");
                assert!(LISTED.iter().any(|(codes, ..)| lists(told, codes)), "{told}");
            }
        }
    }
}
