//! A grant on one page: what is voted on, who voted, which gates are open, and where its money is.

use flare_contracts::{
    common::v1::{Lane, Mode, Trigger},
    fields,
    grants::v1::{self as wire, Decision, Gate, GrantStage, PaymentMethod, SupportKind, TrancheState},
    input,
};
use flare_kernel::Timestamp;
use serde::Serialize;

use super::{
    GrantRecord, People,
    case_record::{CLOSED, shown},
    voting::{Proof, digest_text, proof_of},
};
use crate::{
    VerifiedProposal,
    view::{money_text, text_or_none, told_codename, word},
};

/// A grant with its proposal opened. Amounts are texts such as `9400.00 EUR`, days are `YYYY-MM-DD`, people are ids.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct GrantSheet {
    /// The grant.
    pub grant_id: String,
    /// Its case.
    pub case_id: String,
    /// The name of its case on screens that others may see.
    pub codename: String,
    /// The number of its last change.
    pub version: i64,
    /// How far it is.
    #[serde(serialize_with = "word")]
    pub stage: GrantStage,
    /// How urgent it is.
    #[serde(serialize_with = "word")]
    pub lane: Lane,
    /// Who proposes it.
    pub proposer: String,
    /// Which round of votes.
    pub round: u32,
    /// How many votes it needs.
    pub votes_required: u32,
    /// What a vote on exactly this signs.
    pub shown_digest: String,
    /// What is voted on.
    pub terms: SheetTerms,
    /// The votes, of all rounds.
    pub votes: Vec<SheetVote>,
    /// Who declared a conflict of interest.
    pub conflicted: Vec<String>,
    /// The gates.
    pub gates: Vec<SheetGate>,
    /// Who is paid, for those who may open it.
    pub payee: Option<String>,
    /// Who entered the payee; empty while nobody has.
    pub payee_entered_by: String,
    /// Who checked the payee; empty while nobody has.
    pub payee_checked_by: String,
    /// Money of funds that is set aside.
    pub reservations: Vec<SheetReservation>,
    /// What may go before the gates are open.
    pub advance: Option<SheetAdvance>,
    /// The payments.
    pub tranches: Vec<SheetTranche>,
    /// Until when the votes are due; none outside approval.
    #[serde(serialize_with = "text_or_none")]
    pub approval_due: Option<Timestamp>,
    /// When a report is due.
    #[serde(serialize_with = "text_or_none")]
    pub report_due: Option<Timestamp>,
    /// What became of the report, as a code; may be empty.
    pub report: String,
    /// All money of the grant is held.
    pub money_held: bool,
    /// The requester said that the proposal is right, or was told it.
    pub requester_saw_proposal: bool,
    /// The message that shows the proposal; empty while none does.
    pub proposal_message_id: String,
    /// The message that shows the agreement; empty while none does.
    pub agreement_message_id: String,
    /// Who heard that it was agreed to by voice; empty when nobody did.
    pub agreement_witness: String,
    /// The close that was proposed.
    pub close: Option<SheetClose>,
}

/// What is voted on.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SheetTerms {
    /// The most that it may cost.
    pub ceiling: String,
    /// First day.
    pub start: String,
    /// Last day.
    pub end: String,
    /// No payment after it.
    pub pay_by: String,
    /// Costs before the start are allowed back to this day; empty: none.
    pub costs_from: String,
    /// Cash, service or in kind.
    #[serde(serialize_with = "word")]
    pub support: SupportKind,
    /// How money goes.
    #[serde(serialize_with = "word")]
    pub method: PaymentMethod,
    /// Preventive or reactive.
    #[serde(serialize_with = "word")]
    pub mode: Mode,
    /// Negative or positive.
    #[serde(serialize_with = "word")]
    pub trigger: Trigger,
    /// The needs that it answers.
    pub need_ids: Vec<String>,
    /// What will be done.
    pub scope: String,
    /// Line by line.
    pub budget: String,
    /// For whom.
    pub beneficiary: String,
}

/// A vote.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SheetVote {
    /// Whose.
    pub voter: String,
    /// What they decided.
    #[serde(serialize_with = "word")]
    pub decision: Decision,
    /// In which round.
    pub round: u32,
    /// When.
    #[serde(serialize_with = "text_or_none")]
    pub at: Option<Timestamp>,
    /// What this device knows about the signature.
    pub signature: Proof,
    /// Their conditions or reasons.
    pub words: Option<String>,
}

/// A gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SheetGate {
    /// Which.
    #[serde(serialize_with = "word")]
    pub gate: Gate,
    /// Whether it is open.
    pub open: bool,
    /// How it opened, or what is missing, as a code.
    pub how: String,
}

/// Money of a fund that is set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SheetReservation {
    /// Which fund.
    pub fund: String,
    /// How much.
    pub amount: String,
    /// By whom.
    pub by: String,
}

/// Money that may go before the gates are open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SheetAdvance {
    /// How much.
    pub amount: String,
    /// By whom.
    pub authorised_by: Vec<String>,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SheetTranche {
    /// Its id.
    pub tranche_id: String,
    /// How much is sent.
    pub amount: String,
    /// On which day.
    pub due: String,
    /// How far it is.
    #[serde(serialize_with = "word")]
    pub state: TrancheState,
    /// It goes before the gates are open.
    pub advance: bool,
    /// How much arrived, once some did.
    pub arrived: Option<String>,
    /// When it was sent.
    #[serde(serialize_with = "text_or_none")]
    pub sent: Option<Timestamp>,
    /// Who proposed to write it off; empty when nobody did.
    pub write_off_proposed_by: String,
    /// Why, as a code.
    pub write_off_reason: String,
    /// Who released it; empty while nobody has.
    pub released_by: String,
    /// Who noted that its money came back; empty when nobody did.
    pub returned_by: String,
}

/// A close that was proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SheetClose {
    /// How it went, as a code.
    pub outcome: String,
    /// What goes back to the funds.
    pub unspent: String,
    /// By whom.
    pub proposed_by: String,
}

impl GrantSheet {
    /// A grant with this proposal, which is its own, opened.
    pub fn of(record: &GrantRecord, proposal: &VerifiedProposal, people: &People) -> Self {
        let grant = &record.grant;
        let vote = |vote: &wire::Vote| SheetVote {
            voter: vote.voter.clone(),
            decision: vote.decision(),
            round: vote.round,
            at: vote.at.as_ref().map(input::timestamp_in),
            signature: proof_of(vote, people, proposal.digest()),
            words: vote.words.as_ref().map(|words| match vote.voter.parse() {
                Ok(voter) => shown(&record.keys, &fields::vote(voter), words),
                Err(_) => CLOSED.to_owned(),
            }),
        };
        Self {
            grant_id: grant.grant_id.clone(),
            case_id: grant.case_id.clone(),
            codename: told_codename(grant.codename.clone()),
            version: grant.version,
            stage: grant.stage(),
            lane: grant.lane(),
            proposer: grant.proposer.clone(),
            round: grant.round,
            votes_required: grant.votes_required,
            shown_digest: digest_text(proposal.digest()),
            terms: SheetTerms::of(grant, proposal),
            votes: grant.votes.iter().map(vote).collect(),
            conflicted: grant.conflicted.clone(),
            gates: grant.gates.iter().map(SheetGate::of).collect(),
            payee: record.payee(),
            payee_entered_by: grant.payee_entered_by.clone(),
            payee_checked_by: grant.payee_checked_by.clone(),
            reservations: grant.reservations.iter().map(SheetReservation::of).collect(),
            advance: grant.advance.as_ref().map(SheetAdvance::of),
            tranches: grant.tranches.iter().map(SheetTranche::of).collect(),
            approval_due: grant.approval_due.as_ref().map(input::timestamp_in),
            report_due: grant.report_due.as_ref().map(input::timestamp_in),
            report: grant.report.clone(),
            money_held: grant.money_held,
            requester_saw_proposal: grant.requester_saw_proposal,
            proposal_message_id: grant.proposal_message_id.clone(),
            agreement_message_id: grant.agreement_message_id.clone(),
            agreement_witness: grant.agreement_witness.clone(),
            close: grant.close.as_ref().map(SheetClose::of),
        }
    }
}

impl SheetTerms {
    fn of(grant: &wire::Grant, proposal: &VerifiedProposal) -> Self {
        let terms = grant.terms.clone().unwrap_or_default();
        Self {
            ceiling: money_text(terms.ceiling.as_ref()),
            support: terms.support_kind(),
            method: terms.payment_method(),
            mode: terms.mode(),
            trigger: terms.trigger(),
            start: terms.start,
            end: terms.end,
            pay_by: terms.pay_by,
            costs_from: terms.costs_from,
            need_ids: terms.need_ids,
            scope: proposal.scope.expose().clone(),
            budget: proposal.budget.expose().clone(),
            beneficiary: proposal.beneficiary.expose().clone(),
        }
    }
}

impl SheetGate {
    fn of(gate: &wire::GateView) -> Self {
        Self { gate: gate.gate(), open: gate.open, how: gate.how.clone() }
    }
}

impl SheetReservation {
    fn of(reservation: &wire::Reservation) -> Self {
        Self {
            fund: reservation.fund.clone(),
            amount: money_text(reservation.amount.as_ref()),
            by: reservation.by.clone(),
        }
    }
}

impl SheetAdvance {
    fn of(advance: &wire::Advance) -> Self {
        Self { amount: money_text(advance.amount.as_ref()), authorised_by: advance.authorised_by.clone() }
    }
}

impl SheetTranche {
    fn of(tranche: &wire::Tranche) -> Self {
        Self {
            tranche_id: tranche.tranche_id.clone(),
            amount: money_text(tranche.amount.as_ref()),
            due: tranche.due.clone(),
            state: tranche.state(),
            advance: tranche.advance,
            arrived: tranche.arrived.as_ref().map(|arrived| money_text(Some(arrived))),
            sent: tranche.sent.as_ref().map(input::timestamp_in),
            write_off_proposed_by: tranche.write_off_proposed_by.clone(),
            write_off_reason: tranche.write_off_reason.clone(),
            released_by: tranche.released_by.clone(),
            returned_by: tranche.returned_by.clone(),
        }
    }
}

impl SheetClose {
    fn of(close: &wire::ProposedClose) -> Self {
        Self {
            outcome: close.outcome.clone(),
            unspent: money_text(close.unspent.as_ref()),
            proposed_by: close.proposed_by.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use flare_contracts::{
        common::v1::{Money, SealedField},
        fields,
        grants::v1::Grant,
    };
    use flare_kernel::{CaseId, Currency, Date, GrantId, NeedId, StaffId};
    use flare_seal::{Compartment, CompartmentKey};
    use serde_json::json;

    use super::*;
    use crate::{CaseKeys, Proposal};

    const CASE: CaseId = CaseId::from_bytes([1; 16]);
    const GRANT: GrantId = GrantId::from_bytes([2; 16]);
    const NEED: NeedId = NeedId::from_bytes([3; 16]);
    const VOTER: StaffId = StaffId::from_bytes([4; 16]);
    const AT: &str = "2026-11-21T22:26:40Z";

    fn proposal() -> Proposal {
        let day = |text| Date::parse(text).unwrap();
        Proposal {
            ceiling: flare_kernel::Money::new(Currency::parse("EUR").unwrap(), 940_000).unwrap(),
            start: day("2026-12-01"),
            end: day("2027-02-28"),
            pay_by: day("2027-03-10"),
            costs_from: None,
            support_kind: SupportKind::InKind,
            payment_method: PaymentMethod::Hawala,
            mode: Mode::Reactive,
            trigger: Trigger::Negative,
            needs: vec![NEED],
            scope: "Move".to_owned(),
            budget: "Rent 9400".to_owned(),
            beneficiary: "Two reporters".to_owned(),
        }
    }

    fn record() -> GrantRecord {
        let mut keys = CaseKeys::new(CASE);
        for compartment in [Compartment::Proposal, Compartment::Payment] {
            keys.insert(compartment, 1, CompartmentKey::generate().unwrap());
        }
        let at = || Some(input::timestamp_out(Timestamp::from_micros(1_795_300_000_000_000)));
        let euros = |minor_units: i64| Some(Money { currency: "EUR".to_owned(), minor_units });
        let payee = SealedField { epoch: 9, ..keys.seal(&fields::PAYEE, 1, "x").unwrap() };
        let grant = Grant {
            grant_id: GRANT.to_string(),
            case_id: CASE.to_string(),
            codename: "amber-kestrel-27".to_owned(),
            version: 7,
            stage: GrantStage::Active.into(),
            lane: Lane::Urgent.into(),
            proposer: "staff_1".to_owned(),
            terms: Some(proposal().seal(&keys, 1).unwrap()),
            votes_required: 2,
            round: 1,
            votes: vec![wire::Vote {
                voter: VOTER.to_string(),
                decision: Decision::ApproveWithConditions.into(),
                round: 1,
                at: at(),
                words: Some(keys.seal(&fields::vote(VOTER), 1, "Soon").unwrap()),
                ..wire::Vote::default()
            }],
            conflicted: vec!["staff_3".to_owned()],
            gates: vec![wire::GateView {
                gate: Gate::PayeeChecked.into(),
                open: true,
                how: "called_back".to_owned(),
            }],
            tranches: vec![wire::Tranche {
                tranche_id: "tranche_1".to_owned(),
                amount: euros(80_000),
                due: "2026-12-05".to_owned(),
                state: TrancheState::InDoubt.into(),
                advance: true,
                arrived: None,
                sent: at(),
                released_by: "staff_1".to_owned(),
                ..wire::Tranche::default()
            }],
            reservations: vec![wire::Reservation {
                fund: "Emergency".to_owned(),
                amount: euros(940_000),
                by: "staff_1".to_owned(),
            }],
            report_due: at(),
            payee: Some(payee),
            payee_entered_by: "staff_1".to_owned(),
            advance: Some(wire::Advance { amount: euros(80_000), authorised_by: vec!["staff_1".to_owned()] }),
            report: "received".to_owned(),
            close: Some(wire::ProposedClose {
                outcome: "achieved".to_owned(),
                unspent: None,
                proposed_by: "staff_1".to_owned(),
            }),
            ..Grant::default()
        };
        GrantRecord { id: GRANT, case: CASE, grant, keys, seen: None }
    }

    #[test]
    fn a_grant_is_printed_as_it_always_was() {
        let record = record();
        let proposal = record.proposal().unwrap();
        let sheet = GrantSheet::of(&record, &proposal, &People::named(&[]));
        let expected = json!({
            "grant_id": GRANT.to_string(), "case_id": CASE.to_string(), "codename": "amber-kestrel-27",
            "version": 7, "stage": "active", "lane": "urgent", "proposer": "staff_1", "round": 1,
            "votes_required": 2, "shown_digest": digest_text(proposal.digest()),
            "terms": {
                "ceiling": "9400.00 EUR", "start": "2026-12-01", "end": "2027-02-28", "pay_by": "2027-03-10",
                "costs_from": "", "support": "in-kind", "method": "hawala", "mode": "reactive",
                "trigger": "negative", "need_ids": [NEED.to_string()], "scope": "Move", "budget": "Rent 9400",
                "beneficiary": "Two reporters",
            },
            "votes": [{
                "voter": VOTER.to_string(), "decision": "approve-with-conditions", "round": 1, "at": AT,
                "signature": "unvouched", "words": "Soon",
            }],
            "conflicted": ["staff_3"],
            "gates": [{ "gate": "payee-checked", "open": true, "how": "called_back" }],
            "payee": "(sealed: your keys do not open it)", "payee_entered_by": "staff_1",
            "payee_checked_by": "",
            "reservations": [{ "fund": "Emergency", "amount": "9400.00 EUR", "by": "staff_1" }],
            "advance": { "amount": "800.00 EUR", "authorised_by": ["staff_1"] },
            "tranches": [{
                "tranche_id": "tranche_1", "amount": "800.00 EUR", "due": "2026-12-05", "state": "in-doubt",
                "advance": true, "arrived": null, "sent": AT, "write_off_proposed_by": "",
                "write_off_reason": "", "released_by": "staff_1", "returned_by": "",
            }],
            "approval_due": null, "report_due": AT, "report": "received", "money_held": false,
            "requester_saw_proposal": false, "proposal_message_id": "", "agreement_message_id": "",
            "agreement_witness": "",
            "close": { "outcome": "achieved", "unspent": "-", "proposed_by": "staff_1" },
        });
        assert_eq!(serde_json::to_value(&sheet).unwrap(), expected);
    }
}
