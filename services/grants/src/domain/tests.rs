//! Whatever anybody does in whatever order, the rules that never bend hold.

use flare_contracts::grants::v1::Decision;
use flare_kernel::{Date, Duration, StaffId, Timestamp};
use proptest::prelude::*;

use super::{
    samples::{
        self, APPROVERS, FINANCE, HEAD, NOW, OFFICER, PROPOSER, eur, message, new_tranche, tranche_id,
    },
    *,
};
use crate::GrantsPolicy;

const PEOPLE: [StaffId; 8] =
    [PROPOSER, OFFICER, HEAD, FINANCE[0], FINANCE[1], APPROVERS[0], APPROVERS[1], APPROVERS[2]];

/// Something that somebody, or time, or another service does.
#[derive(Clone, Debug)]
enum Doing {
    Revise { ceiling: i64 },
    Show,
    Answer(bool),
    Submit,
    Vote(Decision),
    Conflict,
    Override,
    References(usize),
    ReferenceIsPayee,
    EnterPayee,
    CheckPayee,
    Agreement(bool),
    AgreementAnswer(AgreementAnswer),
    Reserve(i64),
    Advance(i64),
    Schedule { tranche: u8, minor: i64, advance: bool },
    Release(u8),
    Send(u8),
    Settle(u8, usize),
    ArrivalReported(u8, i64),
    WriteOff(u8),
    Report(usize),
    Close,
    Abandon,
    Terminate,
    Hold(MoneyAsk),
    Wait(i64),
}

fn doing() -> impl Strategy<Value = Doing> {
    let tranche = || 1..4_u8;
    prop_oneof![
        1 => (1..2_000_000_i64).prop_map(|ceiling| Doing::Revise { ceiling }),
        3 => Just(Doing::Show),
        2 => any::<bool>().prop_map(Doing::Answer),
        4 => Just(Doing::Submit),
        12 => prop_oneof![
            8 => Just(Decision::Approve),
            4 => Just(Decision::ApproveWithConditions),
            1 => Just(Decision::Return),
            1 => Just(Decision::Reject)
        ].prop_map(Doing::Vote),
        1 => Just(Doing::Conflict),
        1 => Just(Doing::Override),
        3 => (0..4_usize).prop_map(Doing::References),
        1 => Just(Doing::ReferenceIsPayee),
        4 => Just(Doing::EnterPayee),
        5 => Just(Doing::CheckPayee),
        4 => any::<bool>().prop_map(Doing::Agreement),
        4 => prop_oneof![
            4 => Just(AgreementAnswer::Accepted),
            1 => Just(AgreementAnswer::Declined),
            1 => Just(AgreementAnswer::DonorRefused)
        ].prop_map(Doing::AgreementAnswer),
        5 => (1..1_000_000_i64).prop_map(Doing::Reserve),
        3 => prop_oneof![Just(50_000), 1..120_000_i64].prop_map(Doing::Advance),
        5 => (tranche(), 1..1_000_000_i64, any::<bool>())
            .prop_map(|(tranche, minor, advance)| Doing::Schedule { tranche, minor, advance }),
        6 => tranche().prop_map(Doing::Release),
        6 => tranche().prop_map(Doing::Send),
        5 => (tranche(), 0..3_usize).prop_map(|(tranche, how)| Doing::Settle(tranche, how)),
        2 => (tranche(), 0..1_000_000_i64).prop_map(|(tranche, minor)| Doing::ArrivalReported(tranche, minor)),
        2 => tranche().prop_map(Doing::WriteOff),
        2 => (0..4_usize).prop_map(Doing::Report),
        3 => Just(Doing::Close),
        1 => (0..20_usize).prop_map(|dice| if dice == 0 { Doing::Abandon } else { Doing::Submit }),
        1 => (0..20_usize).prop_map(|dice| if dice == 0 { Doing::Terminate } else { Doing::Show }),
        1 => prop_oneof![3 => Just(MoneyAsk::Hold), 6 => Just(MoneyAsk::Free), 1 => Just(MoneyAsk::Stop)].prop_map(Doing::Hold),
        2 => (0..40_i64).prop_map(Doing::Wait),
    ]
}

fn apply(
    grant: &mut Grant,
    who: StaffId,
    doing: &Doing,
    now: Timestamp,
    confirmed: &mut usize,
) -> Result<Events, Refused> {
    let policy = GrantsPolicy::default();
    let head = who == HEAD;
    match *doing {
        Doing::Revise { ceiling } => {
            let terms = Terms { ceiling: eur(ceiling), ..samples::next_terms(grant) };
            grant.revise(who, head, terms, now)
        }
        Doing::Show => grant.show_proposal(Some(message(1)), None, now),
        Doing::Answer(agrees) => Ok(grant.answer_proposal(agrees, now)),
        Doing::Submit => grant.submit(who, head, now, &policy),
        Doing::Vote(decision) => {
            let (voter, vote) = samples::vote(grant, who, decision);
            grant.cast_vote(&voter, vote, now)
        }
        Doing::Conflict => grant.declare_conflict(who, "personal", now),
        Doing::Override => grant.override_verification(who, "no_time"),
        Doing::References(count) => {
            *confirmed = count;
            grant.verify(count);
            Ok(Events::new())
        }
        Doing::ReferenceIsPayee => Ok(grant.reference_added(&[0x70; 32])),
        Doing::EnterPayee => {
            let version = grant.payee.as_ref().map_or(0, |payee| payee.sealed.version) + 1;
            grant.enter_payee(samples::payee(who, version, version == 1), &[])
        }
        Doing::CheckPayee => {
            grant.check_payee(who, samples::payee_digest(grant), Date::from_timestamp(now), now)
        }
        Doing::Agreement(voice) => {
            let way = if voice { samples::by_voice(HEAD) } else { AgreementWay::Message(message(2)) };
            grant.record_agreement(way, who, now)
        }
        Doing::AgreementAnswer(answer) => {
            grant.answer_agreement(message(2), answer);
            Ok(Events::new())
        }
        Doing::Reserve(minor) => grant.reserve(who, "A".into(), eur(minor), now),
        Doing::Advance(minor) => grant.authorise_advance(who, eur(minor), *confirmed, &policy),
        Doing::Schedule { tranche, minor, advance } => {
            let known = grant.tranches.iter().any(|known| known.id == tranche_id(tranche));
            if known {
                Ok(Events::new())
            } else {
                grant.schedule(NewTranche { advance, ..new_tranche(tranche, minor) })
            }
        }
        Doing::Release(tranche) => grant.release(who, tranche_id(tranche), now),
        Doing::Send(tranche) => grant.send(tranche_id(tranche), now, &policy),
        Doing::Settle(tranche, how) => {
            let how = [Settlement::InDoubt, Settlement::Returned, Settlement::Arrived(eur(1))][how];
            grant.settle(who, tranche_id(tranche), how)
        }
        Doing::ArrivalReported(tranche, minor) => {
            Ok(grant.arrival_reported(tranche_id(tranche), Some(eur(minor))))
        }
        Doing::WriteOff(tranche) => grant.write_off(who, tranche_id(tranche), "other"),
        Doing::Report(how) => {
            let until = Date::from_timestamp(now).add_days(10);
            let how = [
                Reported::Received,
                Reported::Oral,
                Reported::Deferred { reason: "unsafe", until },
                Reported::Waived { reason: "light" },
            ][how];
            grant.record_report(head, how, now, &policy)
        }
        Doing::Close => grant.close(who, NewClose { outcome: "achieved", unspent: eur(0) }, &policy),
        Doing::Abandon => grant.abandon(who, head, "other", now, &policy),
        Doing::Terminate => grant.terminate("ethics"),
        Doing::Hold(hold) => Ok(grant.hold(hold, now, &policy)),
        Doing::Wait(_) => {
            let mut events = Events::new();
            for kind in TIMERS {
                events.extend(grant.fire(*kind, now, &policy));
            }
            Ok(events)
        }
    }
}

/// What must hold of every grant.
fn check(grant: &Grant) {
    let uncontested = grant.committed().minor() - grant.contested().minor();
    assert!(uncontested <= grant.terms.ceiling.minor(), "payments stay within the ceiling");
    if grant.stage == Stage::Active {
        assert!(grant.all_gates_open(), "active means five open gates");
    }
    assert_ne!((grant.stage, grant.all_gates_open()), (Stage::Approved, true), "five open gates activate");
    let voted = grant.votes.iter().filter(|vote| vote.round == grant.round);
    let mut voters: Vec<_> = voted.map(|vote| vote.voter).collect();
    let count = voters.len();
    voters.sort_unstable();
    voters.dedup();
    assert_eq!(voters.len(), count, "nobody votes twice in a round");
    assert!(grant.votes.iter().all(|vote| vote.voter != grant.proposer), "the proposer never votes");
    if grant.voted {
        assert!(grant.approvals() >= grant.votes_required, "enough approvals count");
    }
    for tranche in &grant.tranches {
        assert_ne!(tranche.released_by, Some(grant.proposer), "the proposer releases nothing");
        if tranche.advance {
            assert!(grant.authorised_advance().is_some(), "two people authorised the advance");
        }
        if tranche.state == TrancheState::Returned && tranche.sent.is_some() {
            let by = tranche.returned_by.expect("somebody confirmed it");
            assert!(tranche.released_by != Some(by) && by != grant.proposer, "nobody returns what they sent");
        }
        if tranche.state == TrancheState::Lost {
            assert!(tranche.lost_by.is_some() && tranche.lost_by != tranche.write_off.map(|(by, _)| by));
        }
    }
    if let Some(Advance { first, second: Some(second), .. }) = grant.advance {
        assert!(first != second && first != grant.proposer && second != grant.proposer);
    }
    let of_advance = grant.tranches.iter().filter(|tranche| tranche.advance);
    let used = of_advance.filter(|tranche| tranche.sent.is_some() || tranche.state != TrancheState::Returned);
    let used: i64 = used.map(|tranche| tranche.amount.minor()).sum();
    assert!(used <= grant.authorised_advance().map_or(0, flare_kernel::Money::minor));
    if let Some(Payee { entered_by, check: Some(check), .. }) = &grant.payee {
        assert_ne!(*entered_by, check.by, "two people see to the payee");
    }
    if grant.money != MoneyState::Free || grant.stage.is_over() {
        assert!(grant.tranches.iter().all(|tranche| tranche.state != TrancheState::Released), "held is held");
    }
    if grant.stage == Stage::Closed {
        assert!(
            grant
                .tranches
                .iter()
                .all(|tranche| !tranche.state.is_unsettled() || tranche.returned_by.is_some())
                && grant.is_report_settled()
        );
        let closing = grant.closing.unwrap();
        assert!(
            closing.light || closing.confirmed_by.is_some_and(|by| by != closing.by),
            "two close what is not light"
        );
    }
}

/// What must hold of a payment in the moment of its release.
fn check_release(before: &Grant, after: &Grant, now: Timestamp) {
    for tranche in &after.tranches {
        let was = before.tranches.iter().find(|known| known.id == tranche.id).map(|known| known.state);
        if tranche.state != TrancheState::Released || was == Some(TrancheState::Released) {
            continue;
        }
        assert!(before.money == MoneyState::Free && Date::from_timestamp(now) <= before.terms.pay_by);
        assert!(before.committed() <= before.terms.ceiling, "nothing goes while a return is contested");
        if tranche.advance {
            assert!(before.payee.is_some() && before.authorised_advance().is_some());
        } else {
            assert!(before.all_gates_open() && after.money_out() <= after.reserved());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_rules_that_never_bend_hold(
        doings in proptest::collection::vec((0..PEOPLE.len(), doing()), 1..120),
        start in 0..4_usize,
    ) {
        let mut grant = [samples::draft, samples::in_approval, samples::approved, samples::active][start]();
        let (mut now, mut confirmed) = (NOW, 2);
        for (who, doing) in &doings {
            if let Doing::Wait(days) = doing {
                now = now.plus(Duration::from_days(*days));
            }
            let mut after = grant.clone();
            let outcome = samples::step(&mut after, |grant| apply(grant, PEOPLE[*who], doing, now, &mut confirmed));
            let Ok(events) = outcome else { continue };
            check(&after);
            check_release(&grant, &after, now);
            prop_assert_eq!(grant.stage.is_over() && after.stage != grant.stage, false, "over is over");
            // Events are what is logged and what versions count: no stage, gate or payment changes without one.
            let told = |grant: &Grant| {
                let tranches: Vec<_> = grant.tranches.iter().map(|tranche| tranche.state).collect();
                (grant.stage, grant.gates(), grant.money, tranches, grant.report)
            };
            if events.is_empty() {
                prop_assert_eq!(told(&after), told(&grant), "{:?}", doing);
            }
            grant = after;
        }
    }
}
