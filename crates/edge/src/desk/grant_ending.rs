//! The end of a grant: the report, the close, giving it up, or a termination.

use flare_contracts::{
    grants::v1::{
        AbandonGrantRequest, CloseGrantRequest, Grant, RecordReportRequest, TerminateGrantRequest,
        TrancheState,
    },
    input,
};
use flare_kernel::{Date, GrantId, Money};

use super::{Desk, GrantRecord, GrantStanding, payments::told_amount};
use crate::{EdgeError, call::call};

impl Desk {
    /// Notes what became of the report; with a reason when it is deferred or waived, and the day until which it is deferred.
    pub async fn record_report(
        &self,
        grant: GrantId,
        how: &str,
        reason: Option<&str>,
        until: Option<Date>,
        seen: Option<i64>,
    ) -> Result<GrantStanding, EdgeError> {
        let version = self.grant_version(grant, seen).await?;
        let request = RecordReportRequest {
            request_id: self.key.use_it(),
            grant_id: grant.to_string(),
            version,
            how: how.to_owned(),
            reason: reason.unwrap_or_default().to_owned(),
            until: until.map(|day| day.to_string()).unwrap_or_default(),
        };
        let answer = call!(self, grants.record_report(request));
        self.grant_changed(grant, answer).await
    }

    /// Closes a grant, or proposes to. Gives what goes back to its fund: what somebody says, else as the first person
    /// proposed, else what neither arrived nor was lost.
    pub async fn close_grant(
        &self,
        record: &GrantRecord,
        outcome: &str,
        unspent: Option<Money>,
    ) -> Result<(Money, GrantStanding), EdgeError> {
        let unspent = unspent.map_or_else(|| unspent_of(&record.grant), Ok)?;
        let request = CloseGrantRequest {
            request_id: self.key.use_it(),
            grant_id: record.id.to_string(),
            version: record.version(),
            outcome: outcome.to_owned(),
            unspent: Some(input::money_out(unspent)),
        };
        let answer = call!(self, grants.close_grant(request));
        Ok((unspent, self.grant_changed(record.id, answer).await?))
    }

    /// Gives a draft or a returned grant up.
    pub async fn abandon(
        &self,
        grant: GrantId,
        reason: &str,
        seen: Option<i64>,
    ) -> Result<GrantStanding, EdgeError> {
        let version = self.grant_version(grant, seen).await?;
        let request = AbandonGrantRequest {
            request_id: self.key.use_it(),
            grant_id: grant.to_string(),
            version,
            reason: reason.to_owned(),
        };
        let answer = call!(self, grants.abandon_grant(request));
        self.grant_changed(grant, answer).await
    }

    /// Ends a grant for ethics, corruption or safeguarding.
    pub async fn terminate(
        &self,
        grant: GrantId,
        reason: &str,
        seen: Option<i64>,
    ) -> Result<GrantStanding, EdgeError> {
        let version = self.grant_version(grant, seen).await?;
        let request = TerminateGrantRequest {
            request_id: self.key.use_it(),
            grant_id: grant.to_string(),
            version,
            reason: reason.to_owned(),
        };
        let answer = call!(self, grants.terminate_grant(request));
        self.grant_changed(grant, answer).await
    }
}

/// What goes back when nobody says otherwise: as the first person proposed, else what neither arrived nor was lost.
fn unspent_of(grant: &Grant) -> Result<Money, EdgeError> {
    if let Some(proposed) = grant.close.as_ref().and_then(|close| close.unspent.as_ref()) {
        return told_amount(Some(proposed));
    }
    let ceiling = told_amount(grant.terms.as_ref().and_then(|terms| terms.ceiling.as_ref()))?;
    let gone = grant.tranches.iter().map(|tranche| match tranche.state() {
        TrancheState::Arrived => tranche.arrived.as_ref().map_or(0, |arrived| arrived.minor_units),
        TrancheState::Lost => tranche.amount.as_ref().map_or(0, |amount| amount.minor_units),
        TrancheState::Unspecified
        | TrancheState::Scheduled
        | TrancheState::Released
        | TrancheState::Sent
        | TrancheState::InDoubt
        | TrancheState::Returned => 0,
    });
    // More than all of it may be gone.
    let left = ceiling.minor().saturating_sub(gone.fold(0, i64::saturating_add));
    Ok(Money::new(ceiling.currency(), left).unwrap_or(Money::zero(ceiling.currency())))
}

#[cfg(test)]
mod tests {
    use flare_contracts::grants::v1::{ProposedClose, Terms, Tranche};

    use super::*;

    fn eur(amount: &str) -> Money {
        Money::parse(amount, "EUR").unwrap()
    }

    fn tranche(state: TrancheState, amount: &str, arrived: Option<&str>) -> Tranche {
        Tranche {
            state: state.into(),
            amount: Some(input::money_out(eur(amount))),
            arrived: arrived.map(|arrived| input::money_out(eur(arrived))),
            ..Tranche::default()
        }
    }

    #[test]
    fn what_neither_arrived_nor_was_lost_goes_back() {
        let ceiling = Some(input::money_out(eur("10.00")));
        let mut grant = Grant {
            terms: Some(Terms { ceiling, ..Terms::default() }),
            tranches: vec![
                tranche(TrancheState::Arrived, "5.00", Some("4.50")),
                tranche(TrancheState::Lost, "1.00", None),
                tranche(TrancheState::Returned, "3.00", None),
            ],
            ..Grant::default()
        };
        assert_eq!(unspent_of(&grant).unwrap(), eur("4.50"));
        grant.tranches.push(tranche(TrancheState::Arrived, "9.00", Some("9.00")));
        assert_eq!(unspent_of(&grant).unwrap(), eur("0"), "more than the ceiling is gone");
        let unspent = Some(input::money_out(eur("4.00")));
        grant.close = Some(ProposedClose { unspent, ..ProposedClose::default() });
        assert_eq!(unspent_of(&grant).unwrap(), eur("4.00"));
        assert!(unspent_of(&Grant::default()).is_err(), "no terms, no amount");
    }
}
