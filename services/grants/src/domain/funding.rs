//! Money set aside for a grant, and the advance that may go before the gates.

use flare_contracts::{
    InputRule,
    events::v1::{AdvanceAuthorised, FundsReserved},
    input,
};
use flare_kernel::{Money, StaffId, Timestamp};

use super::{Act, Events, Grant, Refused, Terms};
use crate::{GrantsPolicy, refusals::GrantsRule};

/// The most reservations that one grant may have.
const MAX_RESERVATIONS: usize = 20;

/// Money of a fund that is set aside for a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reservation {
    pub(crate) fund: String,
    pub(crate) amount: Money,
    pub(crate) by: StaffId,
    pub(crate) at: Timestamp,
    /// Went back to its fund.
    pub(crate) released: bool,
}

/// What may be paid before the gates are open, once two people have authorised it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Advance {
    pub(crate) amount: Money,
    pub(crate) first: StaffId,
    pub(crate) second: Option<StaffId>,
}

impl Grant {
    /// What is set aside now.
    pub(crate) fn reserved(&self) -> Money {
        let counts = self.reservations.iter().filter(|reservation| !reservation.released);
        let minor = counts.map(|reservation| reservation.amount.minor()).fold(0_i64, i64::saturating_add);
        self.money(minor)
    }

    /// Sets money of a fund aside.
    pub(crate) fn reserve(
        &mut self,
        by: StaffId,
        fund: String,
        amount: Money,
        now: Timestamp,
    ) -> Result<Events, Refused> {
        self.allow(Act::ReserveFunds)?;
        self.own_money("amount", amount)?;
        if self.reservations.len() >= MAX_RESERVATIONS {
            return Err(Refused::TooMany { what: "reservations", most: MAX_RESERVATIONS });
        }
        if self.reserved().checked_add(amount).is_err() {
            return Err(Refused::field("amount.minor_units", InputRule::AmountTooLarge));
        }
        self.reservations.push(Reservation { fund: fund.clone(), amount, by, at: now, released: false });
        let (case_id, grant_id) = self.ids();
        Ok(vec![FundsReserved { case_id, grant_id, fund, amount: Some(input::money_out(amount)) }.into()])
    }

    pub(super) fn release_reservations(&mut self) {
        for reservation in &mut self.reservations {
            reservation.released = true;
        }
    }

    /// The advance, once two people have authorised it.
    pub(crate) fn authorised_advance(&self) -> Option<Money> {
        self.advance.filter(|advance| advance.second.is_some()).map(|advance| advance.amount)
    }

    /// The first of two authorises an advance; the second authorises the same. Another amount, by whomever, is a first
    /// authorisation of its own, so that nobody has to wait for a person who has gone.
    pub(crate) fn authorise_advance(
        &mut self,
        by: StaffId,
        amount: Money,
        confirmed: usize,
        policy: &GrantsPolicy,
    ) -> Result<Events, Refused> {
        self.allow(Act::AuthoriseAdvance)?;
        self.not_proposer(by, "authorise its advance")?;
        if self.is_conflicted(by) {
            return Err(Refused::Conflicted);
        }
        self.own_money("amount", amount)?;
        for most in [self.terms.ceiling, policy.advance_ceiling] {
            if !amount.is_within(most) {
                return Err(Refused::field("amount", GrantsRule::MoreThan { most: most.to_string() }));
            }
        }
        if confirmed == 0 {
            return Err(Refused::NoIndependentCheck);
        }
        let second = match self.advance {
            Some(Advance { second: Some(_), .. }) => return Err(Refused::AdvanceComplete),
            Some(advance) if advance.first == by && advance.amount == amount => {
                return Err(Refused::AdvanceBySame);
            }
            Some(advance) if advance.amount == amount => Some((advance.first, by)),
            Some(_) | None => None,
        };
        self.advance = Some(match second {
            Some((first, second)) => Advance { amount, first, second: Some(second) },
            None => Advance { amount, first: by, second: None },
        });
        let (case_id, grant_id) = self.ids();
        Ok(vec![
            AdvanceAuthorised {
                case_id,
                grant_id,
                by: by.to_string(),
                amount: Some(input::money_out(amount)),
                complete: second.is_some(),
            }
            .into(),
        ])
    }

    /// New terms must cover the payments that are scheduled and the advance that they come out of. An advance that
    /// nothing was paid or scheduled from was authorised for the old terms, and ends with them.
    pub(super) fn keep_money_covered(&mut self, terms: &Terms) -> Result<(), Refused> {
        let committed = self.committed();
        if committed.is_zero() && self.advance_used().is_zero() {
            self.advance = None;
            return Ok(());
        }
        let least = self
            .authorised_advance()
            .map_or(committed, |advance| self.money(advance.minor().max(committed.minor())));
        // Amounts of two currencies do not compare, and so never cover each other.
        if terms.ceiling >= least { Ok(()) } else { Err(Refused::MoneyInUse(least)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{self, APPROVERS, FINANCE, HEAD, NOW, PROPOSER, eur};

    fn authorise(grant: &mut Grant, by: StaffId, minor: i64) -> Result<Vec<&'static str>, Refused> {
        let events = grant.authorise_advance(by, eur(minor), 1, &GrantsPolicy::default());
        events.map(|events| samples::kinds(&events))
    }

    #[test]
    fn funds_in_full_open_the_gate() {
        let mut grant = samples::in_approval();
        let half = eur(grant.terms.ceiling.minor() / 2);
        for kinds in [vec!["FundsReserved"], vec!["FundsReserved", "GateOpened"]] {
            let events =
                samples::step(&mut grant, |grant| grant.reserve(FINANCE[0], "A".into(), half, NOW)).unwrap();
            assert_eq!(samples::kinds(&events), kinds);
        }
    }

    #[test]
    fn only_the_grants_own_currency_is_reserved() {
        let mut grant = samples::in_approval();
        for money in [samples::usd(5), eur(0)] {
            assert!(matches!(grant.reserve(FINANCE[0], "A".into(), money, NOW), Err(Refused::Field(_))));
        }
        grant.reserve(FINANCE[0], "A".into(), eur(i64::MAX), NOW).unwrap();
        assert!(
            matches!(grant.reserve(FINANCE[0], "A".into(), eur(1), NOW), Err(Refused::Field(_))),
            "overflow"
        );
    }

    #[test]
    fn two_people_authorise_an_advance_and_neither_is_the_proposer() {
        let mut grant = samples::in_approval();
        assert_eq!(
            authorise(&mut grant, PROPOSER, 50_000),
            Err(Refused::ByProposer("authorise its advance"))
        );
        authorise(&mut grant, HEAD, 40_000).unwrap();
        authorise(&mut grant, HEAD, 50_000).unwrap();
        assert_eq!(authorise(&mut grant, HEAD, 50_000), Err(Refused::AdvanceBySame));
        authorise(&mut grant, FINANCE[0], 40_000).unwrap();
        assert_eq!(grant.authorised_advance(), None, "another amount replaces the first");
        authorise(&mut grant, HEAD, 50_000).unwrap();
        assert_eq!(grant.authorised_advance(), None, "and does so for both of them");
        authorise(&mut grant, FINANCE[0], 50_000).unwrap();
        assert_eq!(grant.authorised_advance(), Some(eur(50_000)));
        assert_eq!(authorise(&mut grant, APPROVERS[0], 50_000), Err(Refused::AdvanceComplete));
    }

    #[test]
    fn nothing_goes_in_advance_in_another_currency_than_the_ceilings() {
        let mut grant = samples::in_approval();
        grant.terms.ceiling = samples::usd(940_000);
        let refused = grant.authorise_advance(HEAD, samples::usd(1), 1, &GrantsPolicy::default());
        let rule = GrantsRule::MoreThan { most: "1000.00 EUR".to_owned() };
        assert_eq!(refused.map(drop), Err(Refused::field("amount", rule)));
    }

    #[test]
    fn an_advance_has_a_ceiling_and_needs_one_check() {
        let mut grant = samples::in_approval();
        assert!(matches!(authorise(&mut grant, HEAD, 100_001), Err(Refused::Field(_))));
        assert_eq!(
            grant.authorise_advance(HEAD, eur(1), 0, &GrantsPolicy::default()),
            Err(Refused::NoIndependentCheck)
        );
        authorise(&mut grant, HEAD, 100_000).unwrap();
        grant.declare_conflict(APPROVERS[0], "personal", NOW).unwrap();
        assert_eq!(authorise(&mut grant, APPROVERS[0], 100_000), Err(Refused::Conflicted));
    }
}
