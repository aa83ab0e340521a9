//! Who is paid: entered by one person, checked by another, never one of the case's references.

use flare_contracts::{common::v1::SealedField, events::v1::PayeeEntered, vote};
use flare_kernel::{Date, StaffId, Timestamp};

use super::{Act, Events, Grant, Refused, Stage, terms::check_next};
use crate::refusals::GrantsRule;

/// How old the look at a sanctions list may be, in days.
const SANCTIONS_FRESH_DAYS: i64 = 30;

/// The payee.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Payee {
    pub(crate) sealed: SealedField,
    /// Stands for how the payee is reached or paid.
    pub(crate) fingerprint: [u8; 32],
    pub(crate) entered_by: StaffId,
    /// A reference of the case has the same fingerprint.
    pub(crate) is_reference: bool,
    pub(crate) check: Option<PayeeCheck>,
}

/// A payee's check by call-back and against a sanctions list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PayeeCheck {
    pub(crate) by: StaffId,
    pub(crate) at: Timestamp,
    pub(crate) sanctions_on: Date,
}

/// A payee that is to be entered.
#[derive(Clone, Debug)]
pub(crate) struct PayeeEntry {
    pub(crate) by: StaffId,
    pub(crate) sealed: SealedField,
    pub(crate) fingerprint: [u8; 32],
    /// The first key epoch of the compartment comes along.
    pub(crate) brings_key: bool,
}

impl Payee {
    /// Stands for this very entry.
    pub(crate) fn digest(&self) -> [u8; 32] {
        vote::payee_digest(&self.sealed)
    }
}

impl Grant {
    /// Enters the payee; another person checks it anew. What was released to the payee before waits for that.
    ///
    /// Bank details are asked for after the votes only. Until then an advance that two people authorised stands in for
    /// the votes, because without a payee it could not be paid.
    pub(crate) fn enter_payee(
        &mut self,
        entry: PayeeEntry,
        references: &[Vec<u8>],
    ) -> Result<Events, Refused> {
        self.allow(Act::EnterPayee)?;
        if !self.voted && self.authorised_advance().is_none() {
            return Err(Refused::PayeeTooEarly);
        }
        let epoch = match (self.epochs.payment, entry.brings_key) {
            (0, false) => return Err(Refused::KeyMissing),
            (0, true) => 1,
            (_, true) => return Err(Refused::KeyExists),
            (newest, false) => newest,
        };
        let before = self.payee.as_ref().map_or(0, |payee| payee.sealed.version);
        check_next("payee", &entry.sealed, before, epoch)?;
        if references.iter().any(|reference| *reference == entry.fingerprint) {
            return Err(Refused::PayeeIsReference);
        }
        let PayeeEntry { by, sealed, fingerprint, .. } = entry;
        self.epochs.payment = epoch;
        self.payee = Some(Payee { sealed, fingerprint, entered_by: by, is_reference: false, check: None });
        let (case_id, grant_id) = self.ids();
        let mut events = self.take_releases_back();
        events.push(
            PayeeEntered { case_id, grant_id, fingerprint: fingerprint.to_vec(), by: by.to_string() }.into(),
        );
        Ok(events)
    }

    /// Somebody else called back the payee of this digest, and looked at a sanctions list on that day. Whoever was
    /// entered since was called by nobody.
    pub(crate) fn check_payee(
        &mut self,
        by: StaffId,
        called_back: [u8; 32],
        sanctions_on: Date,
        now: Timestamp,
    ) -> Result<Events, Refused> {
        self.allow(Act::CheckPayee)?;
        let payee = self.payee.as_mut().ok_or(Refused::NoPayee)?;
        if payee.is_reference {
            return Err(Refused::PayeeIsReference);
        }
        if payee.check.is_some() {
            return Err(Refused::AlreadyChecked);
        }
        if payee.entered_by == by {
            return Err(Refused::EnteredBySame("check it"));
        }
        if payee.digest() != called_back {
            return Err(Refused::PayeeChanged);
        }
        let age = sanctions_on.days_until(Date::from_timestamp(now));
        if !(0..=SANCTIONS_FRESH_DAYS).contains(&age) {
            let rule = GrantsRule::NotFresh { days: SANCTIONS_FRESH_DAYS };
            return Err(Refused::field("sanctions_checked_on", rule));
        }
        payee.check = Some(PayeeCheck { by, at: now, sanctions_on });
        Ok(Events::new())
    }

    /// A reference with this fingerprint was added to the case. If it is the payee, nothing more is paid.
    pub(crate) fn reference_added(&mut self, fingerprint: &[u8]) -> Events {
        let is_payee = |payee: &Payee| !payee.is_reference && payee.fingerprint.as_slice() == fingerprint;
        if self.stage == Stage::Closed || !self.payee.as_ref().is_some_and(is_payee) {
            return Events::new();
        }
        if let Some(payee) = &mut self.payee {
            payee.is_reference = true;
            payee.check = None;
        }
        self.take_releases_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{self, FINANCE, NOW, OFFICER};

    fn today() -> Date {
        Date::from_timestamp(NOW)
    }

    /// Checks the payee as it is.
    fn check(grant: &mut Grant, by: StaffId, on: Date) -> Result<Events, Refused> {
        grant.check_payee(by, samples::payee_digest(grant), on, NOW)
    }

    #[test]
    fn bank_details_come_after_the_votes_or_an_authorised_advance() {
        let mut grant = samples::in_approval();
        assert_eq!(grant.enter_payee(samples::payee(OFFICER, 1, true), &[]), Err(Refused::PayeeTooEarly));
        let mut early = samples::with_advance();
        early.enter_payee(samples::payee(OFFICER, 1, true), &[]).unwrap();
        let mut grant = samples::approved();
        assert_eq!(grant.enter_payee(samples::payee(OFFICER, 1, false), &[]), Err(Refused::KeyMissing));
        let events = grant.enter_payee(samples::payee(OFFICER, 1, true), &[]).unwrap();
        assert_eq!(samples::kinds(&events), ["PayeeEntered"]);
        assert_eq!(grant.enter_payee(samples::payee(OFFICER, 2, true), &[]), Err(Refused::KeyExists));
        assert!(matches!(grant.enter_payee(samples::payee(OFFICER, 3, false), &[]), Err(Refused::Field(_))));
        grant.enter_payee(samples::payee(OFFICER, 2, false), &[]).unwrap();
    }

    #[test]
    fn another_person_checks_and_a_new_entry_asks_for_another_check() {
        let mut grant = samples::approved();
        assert_eq!(check(&mut grant, FINANCE[0], today()), Err(Refused::NoPayee));
        grant.enter_payee(samples::payee(FINANCE[0], 1, true), &[]).unwrap();
        assert_eq!(check(&mut grant, FINANCE[0], today()), Err(Refused::EnteredBySame("check it")));
        let events = samples::step(&mut grant, |grant| check(grant, FINANCE[1], today())).unwrap();
        assert_eq!(samples::kinds(&events), ["GateOpened"]);
        assert_eq!(check(&mut grant, FINANCE[1], today()), Err(Refused::AlreadyChecked));
        let again = samples::payee(OFFICER, 2, false);
        let events = samples::step(&mut grant, |grant| grant.enter_payee(again, &[])).unwrap();
        assert_eq!(samples::kinds(&events), ["PayeeEntered", "GateClosed"]);
    }

    #[test]
    fn what_was_entered_after_the_call_back_is_not_checked() {
        let mut grant = samples::approved();
        grant.enter_payee(samples::payee(OFFICER, 1, true), &[]).unwrap();
        let called_back = samples::payee_digest(&grant);
        grant.enter_payee(samples::payee(OFFICER, 2, false), &[]).unwrap();
        assert_eq!(grant.check_payee(FINANCE[0], called_back, today(), NOW), Err(Refused::PayeeChanged));
        grant.check_payee(FINANCE[0], samples::payee_digest(&grant), today(), NOW).unwrap();
    }

    #[test]
    fn the_look_at_the_sanctions_list_is_fresh() {
        let mut grant = samples::approved();
        grant.enter_payee(samples::payee(OFFICER, 1, true), &[]).unwrap();
        for days in [1, -31] {
            let on = today().add_days(days);
            assert!(matches!(check(&mut grant, FINANCE[0], on), Err(Refused::Field(_))), "{on}");
        }
        check(&mut grant, FINANCE[0], today().add_days(-30)).unwrap();
    }

    #[test]
    fn a_reference_is_never_the_payee_whichever_comes_first() {
        let fingerprint = samples::payee(OFFICER, 1, true).fingerprint;
        let mut grant = samples::approved();
        assert_eq!(
            grant.enter_payee(samples::payee(OFFICER, 1, true), &[fingerprint.to_vec()]),
            Err(Refused::PayeeIsReference)
        );
        let mut grant = samples::active();
        let events = samples::step(&mut grant, |grant| Ok(grant.reference_added(&fingerprint))).unwrap();
        assert_eq!((samples::kinds(&events), grant.stage), (vec!["GateClosed"], Stage::Approved));
        assert_eq!(check(&mut grant, FINANCE[1], today()), Err(Refused::PayeeIsReference));
        assert!(grant.reference_added(&fingerprint).is_empty(), "once");
        assert!(samples::active().reference_added(&[0; 32]).is_empty(), "somebody else");
    }

    #[test]
    fn what_was_released_to_the_old_payee_is_taken_back() {
        let mut grant = samples::active();
        let tranche = samples::release(&mut grant, 10_000);
        let events = grant.enter_payee(samples::payee(OFFICER, 2, false), &[]).unwrap();
        assert_eq!(samples::kinds(&events), ["TrancheMoved", "PayeeEntered"]);
        assert_eq!(samples::tranche(&grant, tranche).state, crate::domain::TrancheState::Scheduled);
    }
}
