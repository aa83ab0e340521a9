//! Grants in each stage, for the tests of this crate.

use flare_contracts::{
    DomainEvent,
    common::v1::{Mode, Money as MoneyOut, Role, SealedField, Trigger},
    events::v1::GrantsEvent,
    fields,
    grants::v1::{self, Decision, PaymentMethod, SupportKind},
    vote,
};
use flare_kernel::{
    CaseId, Currency, Date, GrantId, Lane, MessageId, Money, NeedId, StaffId, Timestamp, TrancheId,
};
use flare_seal::SigningKey;

use super::*;
use crate::GrantsPolicy;

/// 2026-11-22T00:00:00Z, where the clock of the test databases stands too.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_795_305_600_000_000);
pub(crate) const CASE: CaseId = CaseId::from_bytes([0xca; 16]);
/// What triage called every case of the tests.
pub(crate) const CODENAME: &str = "amber-kestrel-27";
pub(crate) const GRANT: GrantId = GrantId::from_bytes([0x61; 16]);
pub(crate) const PROPOSER: StaffId = StaffId::from_bytes([1; 16]);
pub(crate) const OFFICER: StaffId = StaffId::from_bytes([2; 16]);
pub(crate) const HEAD: StaffId = StaffId::from_bytes([3; 16]);
pub(crate) const FINANCE: [StaffId; 2] = [StaffId::from_bytes([4; 16]), StaffId::from_bytes([5; 16])];
pub(crate) const APPROVERS: [StaffId; 3] =
    [StaffId::from_bytes([6; 16]), StaffId::from_bytes([7; 16]), StaffId::from_bytes([8; 16])];

pub(crate) fn eur(minor: i64) -> Money {
    Money::new(Currency::parse("EUR").unwrap(), minor).unwrap()
}

pub(crate) fn usd(minor: i64) -> Money {
    Money::new(Currency::parse("USD").unwrap(), minor).unwrap()
}

pub(crate) fn message(number: u8) -> MessageId {
    MessageId::from_bytes([number; 16])
}

pub(crate) fn need(number: u8) -> NeedId {
    NeedId::from_bytes([number; 16])
}

pub(crate) fn tranche_id(number: u8) -> TrancheId {
    TrancheId::from_bytes([number; 16])
}

pub(crate) fn sealed(name: &str, version: u32, epoch: u32) -> SealedField {
    let ciphertext = vec![u8::try_from(version).unwrap(); flare_seal::sealed_committed_len(100)];
    let mut commitment = vec![0; 32];
    commitment[0] = u8::try_from(version).unwrap();
    SealedField { name: name.to_owned(), epoch, version, ciphertext, tag: vec![3; 32], commitment }
}

pub(crate) fn terms() -> v1::Terms {
    v1::Terms {
        ceiling: Some(MoneyOut { currency: "EUR".into(), minor_units: 940_000 }),
        start: "2026-12-01".into(),
        end: "2027-02-28".into(),
        pay_by: "2027-03-15".into(),
        support_kind: SupportKind::Cash.into(),
        payment_method: PaymentMethod::BankTransfer.into(),
        mode: Mode::Reactive.into(),
        trigger: Trigger::Negative.into(),
        need_ids: vec![need(1).to_string(), need(2).to_string()],
        costs_from: String::new(),
        sealed: fields::TERMS.map(|term| sealed(&term.name, 1, 1)).into(),
    }
}

/// The same terms in their next version, with other words.
pub(crate) fn next_terms(grant: &Grant) -> Terms {
    let mut terms = grant.terms.clone();
    for field in &mut terms.sealed {
        *field = sealed(&field.name, field.version + 1, grant.epochs.proposal);
    }
    terms
}

pub(crate) fn case() -> CaseFacts {
    CaseFacts {
        codename: Some(CODENAME.parse().unwrap()),
        lane: Lane::Urgent,
        money: MoneyState::Free,
        closed: false,
        recommended: vec![need(1), need(2)],
        confirmed_by: Vec::new(),
        references: Vec::new(),
    }
}

pub(crate) fn new_draft() -> Draft {
    let terms = Terms::parse(Some(terms()), &GrantsPolicy::default()).unwrap();
    Draft { id: GRANT, case: CASE, proposer: PROPOSER, terms, votes_required: 2 }
}

pub(crate) fn draft() -> Grant {
    let (mut grant, _) = Grant::draft(new_draft(), &case(), NOW).unwrap();
    grant.set_deadlines(NOW, &GrantsPolicy::default());
    grant
}

pub(crate) fn in_approval() -> Grant {
    let mut grant = draft();
    grant.show_proposal(None, Some("phone"), NOW).unwrap();
    grant.submit(PROPOSER, false, NOW, &GrantsPolicy::default()).unwrap();
    grant
}

/// In approval, with an advance of 500.00 EUR that two people authorised.
pub(crate) fn with_advance() -> Grant {
    let mut grant = in_approval();
    grant.authorise_advance(HEAD, eur(50_000), 1, &GrantsPolicy::default()).unwrap();
    grant.authorise_advance(FINANCE[0], eur(50_000), 1, &GrantsPolicy::default()).unwrap();
    grant
}

pub(crate) fn with_advance_tranche(minor: i64) -> Grant {
    let mut grant = with_advance();
    grant.schedule(NewTranche { advance: true, ..new_tranche(1, minor) }).unwrap();
    grant
}

pub(crate) fn approved() -> Grant {
    let mut grant = in_approval();
    for who in [APPROVERS[0], APPROVERS[1]] {
        let (voter, vote) = vote(&grant, who, Decision::Approve);
        step(&mut grant, |grant| grant.cast_vote(&voter, vote, NOW)).unwrap();
    }
    grant
}

pub(crate) fn active() -> Grant {
    let mut grant = approved();
    step(&mut grant, |grant| {
        grant.verify(2);
        grant.enter_payee(payee(OFFICER, 1, true), &[])?;
        grant.check_payee(FINANCE[0], payee_digest(grant), Date::from_timestamp(NOW), NOW)?;
        grant.record_agreement(AgreementWay::Message(message(9)), OFFICER, NOW)?;
        grant.answer_agreement(message(9), AgreementAnswer::Accepted);
        grant.reserve(FINANCE[0], "Emergency fund".into(), grant.terms.ceiling, NOW)
    })
    .unwrap();
    assert_eq!(grant.stage, Stage::Active);
    grant
}

/// Ended, with a payment under way.
pub(crate) fn reporting() -> Grant {
    let mut grant = active();
    send(&mut grant, 10_000);
    let events = grant.fire(TimerKind::End, grant.terms.end.end_of_day(), &GrantsPolicy::default());
    assert_eq!(kinds(&events), ["GrantEnded"]);
    grant
}

pub(crate) fn payee(by: StaffId, version: u32, brings_key: bool) -> PayeeEntry {
    PayeeEntry { by, sealed: sealed("payment.payee", version, 1), fingerprint: [0x70; 32], brings_key }
}

/// Agreed to on the telephone, while somebody listened.
pub(crate) fn by_voice(witness: StaffId) -> AgreementWay {
    AgreementWay::Voice { how: "phone", witness }
}

/// What stands for the payee as it is; zeros while there is none.
pub(crate) fn payee_digest(grant: &Grant) -> [u8; 32] {
    grant.payee.as_ref().map_or([0; 32], Payee::digest)
}

pub(crate) fn new_tranche(number: u8, minor: i64) -> NewTranche {
    let due = Date::parse("2026-12-10").unwrap();
    NewTranche { id: tranche_id(number), amount: eur(minor), due, advance: false }
}

/// Schedules and releases a payment.
pub(crate) fn release(grant: &mut Grant, minor: i64) -> TrancheId {
    let new = new_tranche(u8::try_from(grant.tranches.len() + 1).unwrap(), minor);
    grant.schedule(new).unwrap();
    grant.release(FINANCE[1], new.id, NOW).unwrap();
    new.id
}

/// Schedules, releases and sends a payment.
pub(crate) fn send(grant: &mut Grant, minor: i64) -> TrancheId {
    let id = release(grant, minor);
    grant.send(id, NOW, &GrantsPolicy::default()).unwrap();
    id
}

pub(crate) fn tranche(grant: &Grant, id: TrancheId) -> Tranche {
    *grant.tranches.iter().find(|tranche| tranche.id == id).unwrap()
}

pub(crate) fn signing_key(who: StaffId) -> SigningKey {
    SigningKey::from_bytes([who.as_bytes()[0]; 32])
}

/// A vote on the grant as it is now, by somebody with the role and the words it takes.
pub(crate) fn vote(grant: &Grant, who: StaffId, decision: Decision) -> (Voter, NewVote) {
    let shown_digest = grant.terms.digest(grant.id, grant.case, grant.ballot());
    let key = signing_key(who);
    let voter = Voter {
        id: who,
        roles: [Role::Approver].into_iter().collect(),
        signing_key: Some(key.public()),
        active: true,
    };
    let name = fields::vote(who).name;
    let earlier = grant.votes.iter().filter(|vote| vote.voter == who && vote.cast.words.is_some()).count();
    let version = u32::try_from(earlier).unwrap() + 1;
    let words = (decision != Decision::Approve).then(|| sealed(&name, version, grant.epochs.proposal));
    let message = vote::vote_message(&shown_digest, &who.to_string(), decision, words.as_ref());
    let signature = flare_seal::sign(vote::SIGNATURE_DOMAIN, &key, &message);
    (voter, NewVote { decision, shown_digest, signature, words })
}

/// Decides, with everything that follows.
pub(crate) fn step(
    grant: &mut Grant,
    decide: impl FnOnce(&mut Grant) -> Result<Events, Refused>,
) -> Result<Events, Refused> {
    let before = grant.gates();
    let mut events = decide(grant)?;
    events.extend(grant.follow(before));
    events.extend(grant.set_deadlines(NOW, &GrantsPolicy::default()));
    Ok(events)
}

/// The names of events.
pub(crate) fn kinds(events: &[GrantsEvent]) -> Vec<&'static str> {
    events.iter().map(|event| event.kind().trim_start_matches("flare.events.v1.")).collect()
}
