//! Payments: scheduled, released, sent, and what became of them.

use std::collections::BTreeSet;

use flare_contracts::{
    Refusal,
    common::v1,
    grants::v1::{
        Grant, MarkTrancheSentRequest, ReleaseTrancheRequest, ScheduleTrancheRequest, SettleTrancheRequest,
        Tranche, TrancheState, WriteOffTrancheRequest,
    },
    input,
};
use flare_kernel::{Date, GrantId, Money, TrancheId};

use super::{Desk, GrantRecord, GrantStanding, refusals::DeskRefusal, voting::check_votes};
use crate::{EdgeError, call::call};

impl Desk {
    /// Schedules a payment; `advance` says that it is paid out of the advance.
    pub async fn schedule(
        &self,
        record: &GrantRecord,
        amount: Money,
        due: Date,
        advance: bool,
    ) -> Result<(TrancheId, GrantStanding), EdgeError> {
        let tranche: TrancheId = self.drawn(&record.id.to_string());
        let request = ScheduleTrancheRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            version: record.version(),
            tranche_id: tranche.to_string(),
            amount: Some(input::money_out(amount)),
            due: due.to_string(),
            advance,
        };
        let answer = call!(self, grants.schedule_tranche(request));
        Ok((tranche, self.grant_changed(record.id, answer).await?))
    }

    /// Releases a payment, if the votes verify on this device.
    pub async fn release(
        &self,
        record: &GrantRecord,
        tranche: TrancheId,
    ) -> Result<GrantStanding, EdgeError> {
        self.check_voted(record, tranche).await?;
        let request = ReleaseTrancheRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            version: record.version(),
            tranche_id: tranche.to_string(),
        };
        let answer = call!(self, grants.release_tranche(request));
        self.grant_changed(record.id, answer).await
    }

    /// Marks a payment as sent, if the votes verify on this device. Whoever was refused sends nothing.
    pub async fn mark_sent(
        &self,
        record: &GrantRecord,
        tranche: TrancheId,
    ) -> Result<GrantStanding, EdgeError> {
        self.check_voted(record, tranche).await?;
        let request = MarkTrancheSentRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            version: record.version(),
            tranche_id: tranche.to_string(),
        };
        let answer = call!(self, grants.mark_tranche_sent(request));
        self.grant_changed(record.id, answer).await
    }

    /// An advance goes out before the votes, on two people's word.
    async fn check_voted(&self, record: &GrantRecord, tranche: TrancheId) -> Result<(), EdgeError> {
        if find(&record.grant.tranches, tranche)?.advance {
            return Ok(check_authorised(&record.grant)?);
        }
        let proposal = record.proposal()?;
        check_votes(&record.grant, &self.people().await?, proposal.digest()).map_err(Into::into)
    }

    /// Notes how much of a payment arrived: all of it when nobody says otherwise. Gives what was noted.
    pub async fn arrived(
        &self,
        record: &GrantRecord,
        tranche: TrancheId,
        amount: Option<Money>,
    ) -> Result<(Money, GrantStanding), EdgeError> {
        let sent = find(&record.grant.tranches, tranche)?;
        let arrived = amount.map_or_else(|| told_amount(sent.amount.as_ref()), Ok)?;
        let request = SettleTrancheRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            version: record.version(),
            tranche_id: tranche.to_string(),
            state: TrancheState::Arrived.into(),
            arrived: Some(input::money_out(arrived)),
        };
        let answer = call!(self, grants.settle_tranche(request));
        Ok((arrived, self.grant_changed(record.id, answer).await?))
    }

    /// Notes that a payment is in doubt, or came back.
    pub async fn settle(
        &self,
        grant: GrantId,
        tranche: TrancheId,
        state: TrancheState,
        seen: Option<i64>,
    ) -> Result<GrantStanding, EdgeError> {
        let version = self.grant_version(grant, seen).await?;
        let request = SettleTrancheRequest {
            request_id: self.key.use_it(),
            grant_id: grant.to_string(),
            version,
            tranche_id: tranche.to_string(),
            state: state.into(),
            arrived: None,
        };
        let answer = call!(self, grants.settle_tranche(request));
        self.grant_changed(grant, answer).await
    }

    /// Writes a payment off; says whether this person is the second, with whom it is done.
    pub async fn write_off(
        &self,
        record: &GrantRecord,
        tranche: TrancheId,
        reason: &str,
    ) -> Result<(bool, GrantStanding), EdgeError> {
        let lost = find(&record.grant.tranches, tranche)?;
        let is_second = is_confirmed_by(lost, reason, &self.session.staff_id().to_string());
        let request = WriteOffTrancheRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            version: record.version(),
            tranche_id: tranche.to_string(),
            reason: reason.to_owned(),
        };
        let answer = call!(self, grants.write_off_tranche(request));
        Ok((is_second, self.grant_changed(record.id, answer).await?))
    }
}

/// Refuses an advance that two people, neither of them the proposer, have not authorised, as far as grants tells it.
fn check_authorised(grant: &Grant) -> Result<(), Refusal> {
    let by = grant.advance.iter().flat_map(|advance| &advance.authorised_by);
    let others: BTreeSet<_> = by.filter(|person| **person != grant.proposer).collect();
    if others.len() >= 2 { Ok(()) } else { Err(DeskRefusal::AdvanceNotAuthorised.into()) }
}

fn find(tranches: &[Tranche], id: TrancheId) -> Result<&Tranche, Refusal> {
    let id = id.to_string();
    tranches.iter().find(|tranche| tranche.tranche_id == id).ok_or_else(|| Refusal::not_found("tranche"))
}

/// An amount that grants told.
pub(super) fn told_amount(money: Option<&v1::Money>) -> Result<Money, EdgeError> {
    input::money("amount", money).map_err(|_| EdgeError::Incomplete("a readable amount"))
}

/// Whether somebody confirms another's write-off: with another reason they propose their own.
fn is_confirmed_by(tranche: &Tranche, reason: &str, me: &str) -> bool {
    let first = tranche.write_off_proposed_by.as_str();
    !first.is_empty() && first != me && tranche.write_off_reason == reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_off_is_confirmed_by_another_person_with_the_same_reason() {
        let proposed = Tranche {
            write_off_proposed_by: "staff_1".to_owned(),
            write_off_reason: "stolen".to_owned(),
            ..Tranche::default()
        };
        assert!(is_confirmed_by(&proposed, "stolen", "staff_2"));
        assert!(!is_confirmed_by(&proposed, "other", "staff_2"));
        assert!(!is_confirmed_by(&proposed, "stolen", "staff_1"));
        assert!(!is_confirmed_by(&Tranche::default(), "", "staff_1"));
    }

    #[test]
    fn a_payment_is_found_by_its_id_and_its_amount_is_read() {
        let id = TrancheId::from_bytes([3; 16]);
        let amount = Money::parse("5200.00", "EUR").unwrap();
        let tranche = Tranche {
            tranche_id: id.to_string(),
            amount: Some(input::money_out(amount)),
            ..Tranche::default()
        };
        let tranches = [Tranche::default(), tranche];
        assert_eq!(told_amount(find(&tranches, id).unwrap().amount.as_ref()).unwrap(), amount);
        let other = find(&tranches, TrancheId::from_bytes([4; 16]));
        assert_eq!(other.err().map(|refusal| refusal.reason), Some("NOT_FOUND"));
        assert!(told_amount(None).is_err());
    }
}
