//! The payments of a grant: scheduled, released, sent, and what became of them.

use flare_contracts::{events::v1::TrancheMoved, input};
use flare_kernel::{Date, Money, StaffId, Timestamp, TrancheId};

use super::{Act, Events, Grant, MoneyState, Refused, Stage, TrancheState};
use crate::{GrantsPolicy, refusals::GrantsRule};

/// The most payments that one grant may have.
const MAX_TRANCHES: usize = 40;

/// One payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tranche {
    pub(crate) id: TrancheId,
    pub(crate) amount: Money,
    pub(crate) due: Date,
    /// Comes out of the advance.
    pub(crate) advance: bool,
    pub(crate) state: TrancheState,
    pub(crate) released_by: Option<StaffId>,
    pub(crate) sent: Option<Timestamp>,
    /// When its arrival is asked after next.
    pub(crate) arrival_next: Option<Timestamp>,
    pub(crate) arrived: Option<Money>,
    /// Who proposed to write it off, and why.
    pub(crate) write_off: Option<(StaffId, &'static str)>,
    pub(crate) lost_by: Option<StaffId>,
    /// Who confirmed that its money came back after it was sent. Stays when the requester says that it arrived after
    /// all: then two accounts stand against each other.
    pub(crate) returned_by: Option<StaffId>,
}

/// A payment that is to be scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewTranche {
    pub(crate) id: TrancheId,
    pub(crate) amount: Money,
    pub(crate) due: Date,
    pub(crate) advance: bool,
}

/// What became of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// So much of it arrived.
    Arrived(Money),
    /// Nobody knows.
    InDoubt,
    /// It came back; one that was released and never left comes back too.
    Returned,
}

impl Grant {
    fn sum(&self, counts: impl Fn(&Tranche) -> bool) -> Money {
        let amounts =
            self.tranches.iter().filter(|tranche| counts(tranche)).map(|tranche| tranche.amount.minor());
        self.money(amounts.fold(0, i64::saturating_add))
    }

    /// What the payments come to that did not come back. Never more than the ceiling, but for what is contested.
    pub(crate) fn committed(&self) -> Money {
        self.sum(|tranche| tranche.state.is_committed())
    }

    /// What staff had confirmed as returned and the requester has reported as arrived since.
    pub(crate) fn contested(&self) -> Money {
        self.sum(|tranche| tranche.state.is_committed() && tranche.returned_by.is_some())
    }

    /// What of the advance is used up. One that was sent and came back has used it: whoever could have it back without
    /// a limit would pay without a limit, before a single vote.
    pub(crate) fn advance_used(&self) -> Money {
        self.sum(|tranche| tranche.advance && (tranche.state.is_committed() || tranche.sent.is_some()))
    }

    /// What has left or may leave at any moment. Once the gates are open, never more than was reserved.
    pub(crate) fn money_out(&self) -> Money {
        self.sum(|tranche| tranche.state.is_out())
    }

    /// Whether any money has left for good.
    pub(crate) fn is_paid(&self) -> bool {
        self.tranches.iter().any(|tranche| tranche.state.is_paid())
    }

    /// How many payments were sent and are not settled.
    pub(crate) fn under_way(&self) -> usize {
        self.tranches.iter().filter(|tranche| tranche.state.is_under_way()).count()
    }

    fn tranche(&mut self, id: TrancheId) -> Result<&mut Tranche, Refused> {
        self.tranches.iter_mut().find(|tranche| tranche.id == id).ok_or(Refused::NoSuchTranche)
    }

    fn tranche_moved(&self, tranche: &Tranche) -> Events {
        let (case_id, grant_id) = self.ids();
        vec![
            TrancheMoved {
                case_id,
                grant_id,
                tranche_id: tranche.id.to_string(),
                state: tranche.state.out().into(),
                amount: Some(input::money_out(tranche.amount)),
                arrived: tranche.arrived.map(input::money_out),
                reason: tranche.write_off.map(|(_, reason)| reason.to_owned()).unwrap_or_default(),
                write_off_proposed: tranche.write_off.is_some() && tranche.state == TrancheState::InDoubt,
            }
            .into(),
        ]
    }

    /// Plans a payment. One that was returned leaves room for another; one in doubt or lost does not.
    pub(crate) fn schedule(&mut self, new: NewTranche) -> Result<Events, Refused> {
        self.allow(Act::ScheduleTranche)?;
        self.own_money("amount", new.amount)?;
        if self.money == MoneyState::Stopped {
            return Err(Refused::MoneyHeld);
        }
        let (start, pay_by) = (self.terms.start, self.terms.pay_by);
        if !(start..=pay_by).contains(&new.due) {
            return Err(Refused::field(
                "due",
                GrantsRule::NotWithin { first: start.to_string(), last: pay_by.to_string() },
            ));
        }
        if self.tranches.len() >= MAX_TRANCHES {
            return Err(Refused::TooMany { what: "payments", most: MAX_TRANCHES });
        }
        if new.advance {
            let advance = self.authorised_advance().ok_or(Refused::NoAdvance)?;
            let left = self.money(advance.minor() - self.advance_used().minor());
            if new.amount > left {
                return Err(Refused::OverAdvance(left));
            }
        } else if self.stage == Stage::InApproval {
            return Err(Refused::NoAdvance);
        }
        let left = self.money(self.terms.ceiling.minor() - self.committed().minor());
        if new.amount > left {
            return Err(Refused::OverCeiling(left));
        }
        let NewTranche { id, amount, due, advance } = new;
        let tranche = Tranche {
            id,
            amount,
            due,
            advance,
            state: TrancheState::Scheduled,
            released_by: None,
            sent: None,
            arrival_next: None,
            arrived: None,
            write_off: None,
            lost_by: None,
            returned_by: None,
        };
        self.tranches.push(tranche);
        Ok(self.tranche_moved(&tranche))
    }

    /// Lets a payment go: through the five gates, or out of the advance. Never by whoever proposed the grant.
    ///
    /// An advance goes before the gates, so its second pair of eyes is here: whoever entered the payee does not release
    /// to it.
    pub(crate) fn release(&mut self, by: StaffId, id: TrancheId, now: Timestamp) -> Result<Events, Refused> {
        let tranche = *self.tranche(id)?;
        self.allow(Act::ReleaseTranche)?;
        tranche.must_be(&[TrancheState::Scheduled], "released", "scheduled")?;
        if self.money != MoneyState::Free {
            return Err(Refused::MoneyHeld);
        }
        if Date::from_timestamp(now) > self.terms.pay_by {
            return Err(Refused::PayByPassed);
        }
        self.not_proposer(by, "release its money")?;
        if self.committed() > self.terms.ceiling {
            // A payment that had come back is said to have arrived: until that is settled nothing more goes.
            return Err(Refused::OverCeiling(self.money(0)));
        }
        if tranche.advance {
            self.authorised_advance().ok_or(Refused::NoAdvance)?;
            let payee = self.payee.as_ref().ok_or(Refused::NoPayee)?;
            if payee.is_reference {
                return Err(Refused::PayeeIsReference);
            }
            if payee.entered_by == by {
                return Err(Refused::EnteredBySame("release money to it"));
            }
        } else {
            self.through_the_gates()?;
            let after = self.money_out().minor().saturating_add(tranche.amount.minor());
            if after > self.reserved().minor() {
                return Err(Refused::Unfunded);
            }
        }
        self.move_tranche(id, |tranche| {
            tranche.state = TrancheState::Released;
            tranche.released_by = Some(by);
        })
    }

    /// Marks a payment as sent. The mark comes first and the sending after it: it is refused when the money was held in
    /// between, and then nothing must be sent.
    pub(crate) fn send(
        &mut self,
        id: TrancheId,
        now: Timestamp,
        policy: &GrantsPolicy,
    ) -> Result<Events, Refused> {
        let tranche = *self.tranche(id)?;
        self.allow(Act::SendTranche)?;
        tranche.must_be(&[TrancheState::Released], "marked as sent", "released")?;
        if self.money != MoneyState::Free {
            return Err(Refused::MoneyHeld);
        }
        let arrival = now.plus(policy.arrival_check);
        self.move_tranche(id, |tranche| {
            tranche.state = TrancheState::Sent;
            tranche.sent = Some(now);
            tranche.arrival_next = Some(arrival);
        })
    }

    /// A member of staff notes what became of a payment; in every stage, because it is a fact and no decision.
    ///
    /// Money that comes back can be paid again, so nobody says alone that what they sent came back: neither whoever
    /// released it nor whoever proposed the grant.
    pub(crate) fn settle(
        &mut self,
        by: StaffId,
        id: TrancheId,
        settlement: Settlement,
    ) -> Result<Events, Refused> {
        let tranche = *self.tranche(id)?;
        if settlement != Settlement::Returned || tranche.sent.is_none() {
            return self.settled(id, settlement);
        }
        let came_back = "note that its money came back";
        self.not_proposer(by, came_back)?;
        if tranche.released_by == Some(by) {
            return Err(Refused::ReleasedBySame(came_back));
        }
        let events = self.settled(id, settlement)?;
        self.tranche(id)?.returned_by = Some(by);
        Ok(events)
    }

    fn settled(&mut self, id: TrancheId, settlement: Settlement) -> Result<Events, Refused> {
        use TrancheState::{Arrived, InDoubt, Released, Returned, Sent};
        let tranche = *self.tranche(id)?;
        match settlement {
            Settlement::Arrived(money) => {
                tranche.must_be(&[Sent, InDoubt], "noted as arrived", "sent or in doubt")?;
                self.own_money("arrived", money)?;
                if money > tranche.amount {
                    return Err(Refused::field(
                        "arrived",
                        GrantsRule::MoreThan { most: tranche.amount.to_string() },
                    ));
                }
            }
            Settlement::InDoubt => tranche.must_be(&[Sent], "put in doubt", "sent")?,
            Settlement::Returned => {
                tranche.must_be(
                    &[Released, Sent, InDoubt],
                    "noted as returned",
                    "released, sent or in doubt",
                )?;
            }
        }
        self.move_tranche(id, |tranche| {
            (tranche.state, tranche.arrived) = match settlement {
                Settlement::Arrived(money) => (Arrived, Some(money)),
                Settlement::InDoubt => (InDoubt, None),
                Settlement::Returned => (Returned, None),
            };
            tranche.arrival_next = None;
            tranche.write_off = None;
        })
    }

    /// The requester says what arrived. What staff have settled meanwhile stays; a sum that makes no sense is a doubt,
    /// and so is money that arrived though staff noted that it came back.
    pub(crate) fn arrival_reported(&mut self, id: TrancheId, arrived: Option<Money>) -> Events {
        let Some(tranche) = self.tranches.iter().find(|tranche| tranche.id == id).copied() else {
            return Events::new();
        };
        let came_back = tranche.state == TrancheState::Returned && tranche.returned_by.is_some();
        if came_back && arrived.is_some_and(|money| !money.is_zero()) {
            let contested = |tranche: &mut Tranche| tranche.state = TrancheState::InDoubt;
            return self.move_tranche(id, contested).unwrap_or_default();
        }
        let sensible = arrived.filter(|money| !money.is_zero() && *money <= tranche.amount);
        let settlement = sensible.map_or(Settlement::InDoubt, Settlement::Arrived);
        self.settled(id, settlement).unwrap_or_default()
    }

    /// Writes a payment off: the first person proposes, the second confirms with the same reason. Another reason is a
    /// proposal of its own, in place of the first.
    pub(crate) fn write_off(
        &mut self,
        by: StaffId,
        id: TrancheId,
        reason: &'static str,
    ) -> Result<Events, Refused> {
        let tranche = *self.tranche(id)?;
        tranche.must_be(&[TrancheState::InDoubt], "written off", "in doubt")?;
        match tranche.write_off {
            Some((first, known)) if first == by && known == reason => Err(Refused::WriteOffBySame),
            Some((_, known)) if known == reason => self.move_tranche(id, |tranche| {
                tranche.state = TrancheState::Lost;
                tranche.lost_by = Some(by);
            }),
            Some(_) | None => self.move_tranche(id, |tranche| tranche.write_off = Some((by, reason))),
        }
    }

    /// Takes back every release that was not sent.
    pub(super) fn take_releases_back(&mut self) -> Events {
        let mut events = Events::new();
        for index in 0..self.tranches.len() {
            let tranche = &mut self.tranches[index];
            if tranche.state == TrancheState::Released {
                tranche.state = TrancheState::Scheduled;
                tranche.released_by = None;
                let tranche = *tranche;
                events.extend(self.tranche_moved(&tranche));
            }
        }
        events
    }

    fn move_tranche(&mut self, id: TrancheId, change: impl FnOnce(&mut Tranche)) -> Result<Events, Refused> {
        let tranche = self.tranche(id)?;
        change(tranche);
        let tranche = *tranche;
        Ok(self.tranche_moved(&tranche))
    }
}

impl Tranche {
    fn must_be(
        &self,
        states: &[TrancheState],
        act: &'static str,
        allowed: &'static str,
    ) -> Result<(), Refused> {
        if states.contains(&self.state) {
            Ok(())
        } else {
            Err(Refused::WrongTrancheState { act, allowed, found: self.state })
        }
    }
}

#[cfg(test)]
mod tests;
