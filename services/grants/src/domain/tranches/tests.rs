//! Every move of a payment, and what stands in its way.

use flare_kernel::Duration;

use super::*;
use crate::domain::{
    MoneyAsk,
    samples::{self, FINANCE, HEAD, NOW, OFFICER, PROPOSER, eur, new_tranche},
};

const FINANCIER: StaffId = FINANCE[1];

fn policy() -> GrantsPolicy {
    GrantsPolicy::default()
}

/// One payment of an active grant, in a state.
fn with(state: TrancheState) -> (Grant, TrancheId) {
    let mut grant = samples::active();
    let id = samples::tranche_id(1);
    grant.schedule(new_tranche(1, 30_000)).unwrap();
    if state == TrancheState::Scheduled {
        return (grant, id);
    }
    grant.release(FINANCIER, id, NOW).unwrap();
    if state == TrancheState::Released {
        return (grant, id);
    }
    grant.send(id, NOW, &policy()).unwrap();
    match state {
        TrancheState::Scheduled | TrancheState::Released | TrancheState::Sent => {}
        TrancheState::InDoubt => drop(grant.settle(FINANCE[0], id, Settlement::InDoubt).unwrap()),
        TrancheState::Arrived => {
            drop(grant.settle(FINANCE[0], id, Settlement::Arrived(eur(30_000))).unwrap());
        }
        TrancheState::Returned => drop(grant.settle(FINANCE[0], id, Settlement::Returned).unwrap()),
        TrancheState::Lost => {
            grant.settle(FINANCE[0], id, Settlement::InDoubt).unwrap();
            grant.write_off(HEAD, id, "stolen").unwrap();
            grant.write_off(FINANCIER, id, "stolen").unwrap();
        }
    }
    assert_eq!(samples::tranche(&grant, id).state, state);
    (grant, id)
}

#[test]
fn every_state_and_every_move() {
    use TrancheState::{Arrived, InDoubt, Lost, Released, Returned, Scheduled, Sent};
    type Move = fn(&mut Grant, TrancheId) -> Result<Events, Refused>;
    let moves: [(Move, &[TrancheState], TrancheState); 6] = [
        (|grant, id| grant.release(FINANCIER, id, NOW), &[Scheduled], Released),
        (|grant, id| grant.send(id, NOW, &policy()), &[Released], Sent),
        (|grant, id| grant.settle(FINANCE[0], id, Settlement::Arrived(eur(1))), &[Sent, InDoubt], Arrived),
        (|grant, id| grant.settle(FINANCE[0], id, Settlement::InDoubt), &[Sent], InDoubt),
        (
            |grant, id| grant.settle(FINANCE[0], id, Settlement::Returned),
            &[Released, Sent, InDoubt],
            Returned,
        ),
        (
            |grant, id| {
                grant.write_off(HEAD, id, "other")?;
                grant.write_off(FINANCIER, id, "other")
            },
            &[InDoubt],
            Lost,
        ),
    ];
    for (apply, from, to) in moves {
        for state in TrancheState::ALL {
            let (mut grant, id) = with(*state);
            let outcome = apply(&mut grant, id);
            if from.contains(state) {
                assert_eq!(samples::kinds(&outcome.unwrap()), ["TrancheMoved"]);
                assert_eq!(samples::tranche(&grant, id).state, to);
            } else {
                assert!(
                    matches!(outcome, Err(Refused::WrongTrancheState { found, .. }) if found == *state),
                    "{state:?} to {to:?}: {outcome:?}"
                );
            }
        }
    }
}

#[test]
fn payments_stay_within_the_ceiling() {
    let mut grant = samples::active();
    let ceiling = grant.terms.ceiling.minor();
    grant.schedule(new_tranche(1, ceiling - 1)).unwrap();
    assert_eq!(grant.schedule(new_tranche(2, 2)), Err(Refused::OverCeiling(eur(1))));
    grant.schedule(new_tranche(2, 1)).unwrap();
    assert_eq!(grant.schedule(new_tranche(3, 1)), Err(Refused::OverCeiling(eur(0))));
}

#[test]
fn a_returned_payment_leaves_room_and_one_in_doubt_or_lost_does_not() {
    for (state, room) in
        [(TrancheState::InDoubt, false), (TrancheState::Returned, true), (TrancheState::Lost, false)]
    {
        let (mut grant, _) = with(state);
        let outcome = grant.schedule(new_tranche(2, grant.terms.ceiling.minor()));
        assert_eq!(outcome.is_ok(), room, "{state:?}");
    }
}

#[test]
fn however_much_is_reserved_what_was_lost_stays_within_the_ceiling() {
    let (mut grant, _) = with(TrancheState::Lost);
    grant.reserve(FINANCIER, "B".into(), grant.terms.ceiling, NOW).unwrap();
    let left = grant.terms.ceiling.minor() - 30_000;
    assert_eq!(grant.schedule(new_tranche(2, left + 1)), Err(Refused::OverCeiling(eur(left))));
    grant.schedule(new_tranche(2, left)).unwrap();
    grant.release(FINANCIER, samples::tranche_id(2), NOW).unwrap();
}

#[test]
fn nobody_says_alone_that_what_they_sent_came_back() {
    for state in [TrancheState::Sent, TrancheState::InDoubt] {
        let (mut grant, id) = with(state);
        let returned = |grant: &mut Grant, by| grant.settle(by, id, Settlement::Returned);
        let came_back = "note that its money came back";
        assert_eq!(returned(&mut grant, FINANCIER), Err(Refused::ReleasedBySame(came_back)));
        assert_eq!(returned(&mut grant, PROPOSER), Err(Refused::ByProposer(came_back)));
        returned(&mut grant, OFFICER).unwrap();
        assert_eq!(samples::tranche(&grant, id).returned_by, Some(OFFICER));
    }
    let (mut grant, id) = with(TrancheState::Released);
    grant.settle(FINANCIER, id, Settlement::Returned).unwrap();
    assert_eq!(samples::tranche(&grant, id).returned_by, None, "it never left");
    assert!(grant.arrival_reported(id, Some(eur(1))).is_empty(), "so that it arrived is no doubt about it");
}

#[test]
fn an_advance_that_was_sent_is_used_up_even_when_it_comes_back() {
    let mut grant = samples::with_advance_tranche(50_000);
    let id = samples::tranche_id(1);
    grant.enter_payee(samples::payee(OFFICER, 1, true), &[]).unwrap();
    grant.release(FINANCIER, id, NOW).unwrap();
    grant.settle(FINANCIER, id, Settlement::Returned).unwrap();
    let again = NewTranche { advance: true, ..new_tranche(2, 50_000) };
    grant.schedule(again).unwrap();
    grant.release(FINANCIER, again.id, NOW).unwrap();
    grant.send(again.id, NOW, &policy()).unwrap();
    grant.settle(HEAD, again.id, Settlement::Returned).unwrap();
    let third = NewTranche { advance: true, ..new_tranche(3, 1) };
    assert_eq!(grant.schedule(third), Err(Refused::OverAdvance(eur(0))));
    grant.revise(PROPOSER, false, samples::next_terms(&grant), NOW).unwrap();
    assert_eq!(grant.authorised_advance(), Some(eur(50_000)), "new terms do not bring another");
}

#[test]
fn a_payment_is_due_within_the_dates() {
    let mut grant = samples::active();
    for due in [grant.terms.start.add_days(-1), grant.terms.pay_by.add_days(1)] {
        assert!(matches!(grant.schedule(NewTranche { due, ..new_tranche(1, 1) }), Err(Refused::Field(_))));
    }
    for due in [grant.terms.start, grant.terms.pay_by] {
        grant.schedule(NewTranche { due, ..new_tranche(1, 1) }).unwrap();
    }
}

#[test]
fn money_moves_through_the_gates_only_and_never_by_the_proposer() {
    let (mut grant, id) = with(TrancheState::Scheduled);
    assert_eq!(grant.release(PROPOSER, id, NOW), Err(Refused::ByProposer("release its money")));
    let last = grant.terms.pay_by.end_of_day();
    let late = last.plus(Duration::from_micros(1));
    assert_eq!(grant.release(FINANCIER, id, late), Err(Refused::PayByPassed));
    let mut closed = grant.clone();
    samples::step(&mut closed, |grant| {
        grant.verify(0);
        Ok(Events::new())
    })
    .unwrap();
    assert_eq!(closed.release(FINANCIER, id, NOW), Err(Refused::GatesClosed("references_missing".into())));
    grant.release(FINANCIER, id, last).unwrap();
}

#[test]
fn an_advance_goes_before_the_gates_to_an_entered_payee_by_another_person() {
    let mut grant = samples::with_advance();
    assert_eq!(
        grant.schedule(new_tranche(1, 10)),
        Err(Refused::NoAdvance),
        "before the votes out of it only"
    );
    let advance = NewTranche { advance: true, ..new_tranche(1, 50_001) };
    assert_eq!(grant.schedule(advance), Err(Refused::OverAdvance(eur(50_000))));
    grant.schedule(NewTranche { amount: eur(50_000), ..advance }).unwrap();
    let id = advance.id;
    assert_eq!(grant.release(FINANCIER, id, NOW), Err(Refused::NoPayee));
    grant.enter_payee(samples::payee(FINANCIER, 1, true), &[]).unwrap();
    assert_eq!(grant.release(FINANCIER, id, NOW), Err(Refused::EnteredBySame("release money to it")));
    grant.release(FINANCE[0], id, NOW).unwrap();
    grant.send(id, NOW, &policy()).unwrap();
}

#[test]
fn held_money_is_neither_released_nor_sent() {
    let (mut grant, id) = with(TrancheState::Released);
    let events = grant.hold(MoneyAsk::Hold, NOW, &policy());
    assert_eq!(samples::kinds(&events), ["TrancheMoved", "MoneyHeld"]);
    assert_eq!(grant.release(FINANCIER, id, NOW), Err(Refused::MoneyHeld));
    grant.hold(MoneyAsk::Free, NOW, &policy());
    assert!(
        matches!(grant.send(id, NOW, &policy()), Err(Refused::WrongTrancheState { .. })),
        "released anew first"
    );
    grant.release(FINANCIER, id, NOW).unwrap();
}

#[test]
fn a_part_may_arrive_but_never_more() {
    let (mut grant, id) = with(TrancheState::Sent);
    for arrived in [eur(30_001), eur(0), samples::usd(1)] {
        assert!(matches!(grant.settle(FINANCE[0], id, Settlement::Arrived(arrived)), Err(Refused::Field(_))));
    }
    grant.settle(FINANCE[0], id, Settlement::Arrived(eur(1))).unwrap();
    assert_eq!(samples::tranche(&grant, id).arrived, Some(eur(1)));
}

#[test]
fn the_requester_tells_what_arrived() {
    for (arrived, state) in [
        (Some(eur(20_000)), TrancheState::Arrived),
        (Some(eur(0)), TrancheState::InDoubt),
        (None, TrancheState::InDoubt),
        (Some(eur(30_001)), TrancheState::InDoubt),
        (Some(samples::usd(1)), TrancheState::InDoubt),
    ] {
        let (mut grant, id) = with(TrancheState::Sent);
        assert_eq!(samples::kinds(&grant.arrival_reported(id, arrived)), ["TrancheMoved"]);
        assert_eq!(samples::tranche(&grant, id).state, state);
    }
    assert!(samples::active().arrival_reported(samples::tranche_id(9), None).is_empty(), "unknown here");
}

#[test]
fn what_came_back_and_arrived_is_in_doubt_and_nothing_more_goes_meanwhile() {
    let (mut grant, id) = with(TrancheState::Returned);
    assert!(grant.arrival_reported(id, Some(eur(0))).is_empty(), "both say that it is not there");
    let rest = grant.terms.ceiling.minor();
    grant.schedule(new_tranche(2, rest)).unwrap();
    assert_eq!(samples::kinds(&grant.arrival_reported(id, Some(eur(30_000)))), ["TrancheMoved"]);
    assert_eq!((samples::tranche(&grant, id).state, grant.contested()), (TrancheState::InDoubt, eur(30_000)));
    assert_eq!(grant.release(FINANCIER, samples::tranche_id(2), NOW), Err(Refused::OverCeiling(eur(0))));
    grant.settle(FINANCE[0], id, Settlement::Returned).unwrap();
    grant.release(FINANCIER, samples::tranche_id(2), NOW).unwrap();
}

#[test]
fn a_loss_is_written_off_by_two_who_say_the_same() {
    let (mut grant, id) = with(TrancheState::InDoubt);
    grant.write_off(HEAD, id, "other").unwrap();
    grant.write_off(HEAD, id, "stolen").unwrap();
    assert_eq!(grant.write_off(HEAD, id, "stolen"), Err(Refused::WriteOffBySame));
    grant.write_off(FINANCIER, id, "other").unwrap();
    assert_eq!(samples::tranche(&grant, id).write_off, Some((FINANCIER, "other")), "in place of the first");
    grant.write_off(HEAD, id, "other").unwrap();
    assert_eq!(samples::tranche(&grant, id).state, TrancheState::Lost);
    let (mut grant, id) = with(TrancheState::InDoubt);
    grant.write_off(HEAD, id, "other").unwrap();
    grant.settle(FINANCE[0], id, Settlement::Arrived(eur(1))).unwrap();
    assert_eq!(samples::tranche(&grant, id).write_off, None, "it was found");
}

#[test]
fn an_unknown_payment_is_not_found() {
    let mut grant = samples::active();
    let id = samples::tranche_id(7);
    assert_eq!(grant.release(FINANCIER, id, NOW), Err(Refused::NoSuchTranche));
    assert_eq!(grant.settle(FINANCE[0], id, Settlement::Returned), Err(Refused::NoSuchTranche));
    assert_eq!(grant.write_off(OFFICER, id, "other"), Err(Refused::NoSuchTranche));
}
