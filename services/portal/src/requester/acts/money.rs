//! What arrived of a payment.

use flare_edge::receipt::{Grant, Status, Tranche, Try};
use flare_kernel::{Money, Timestamp};
use flare_seal::Receipt;
use flare_typed::money;

use super::{Acted, acted, chosen, posted_now};
use crate::{
    acts::{arrival_reported_at, payments, times_arrival_was_reported},
    requester::{NotDone, Requester},
    to_staff,
};

/// A payment that may have arrived.
pub(crate) struct Payment {
    /// Which.
    pub(crate) tranche: String,
    /// How much was sent.
    pub(crate) amount: Option<Money>,
    /// What a page carries of it ([`Shown`]).
    pub(crate) shown: String,
    /// When it last was.
    pub(crate) reported: Option<Timestamp>,
    /// Another one.
    pub(crate) next: Option<String>,
}

/// What somebody says of a payment.
pub(crate) enum Arrival<'a> {
    /// All of it is there.
    All,
    /// So much is there, as it was typed.
    Less(&'a str),
    /// Nothing is there yet.
    Nothing,
    /// They cannot say it on the page.
    Elsewhere,
}

impl Requester {
    /// This payment; the first one under way, where it is not.
    pub(crate) async fn payment(&self, receipt: &Receipt, tranche: &str) -> Result<Option<Payment>, NotDone> {
        let (_, status) = self.find(receipt).await?;
        let under_way: Vec<_> = payments(&status).collect();
        let unsaid =
            |(_, tranche): &(&Grant, &Tranche)| arrival_reported_at(&status, &tranche.tranche_id).is_none();
        let chosen = chosen(&under_way, |(_, tranche)| &tranche.tranche_id, unsaid, tranche);
        Ok(chosen.map(|((_, tranche), next)| Payment {
            tranche: tranche.tranche_id.clone(),
            amount: tranche.amount,
            shown: Shown::now(&status, tranche).to_text(),
            reported: arrival_reported_at(&status, &tranche.tranche_id),
            next,
        }))
    }

    /// Says what became of a payment, as it was shown.
    pub(crate) async fn say_arrival(
        &self,
        receipt: &Receipt,
        (tranche, shown): (&str, &str),
        arrival: Arrival<'_>,
        act: Try<'_>,
    ) -> Result<Acted, NotDone> {
        let (holder, status) = self.find(receipt).await?;
        let all =
            status.grants.iter().flat_map(|grant| grant.tranches.iter().map(move |tranche| (grant, tranche)));
        let Some((grant, tranche)) = all.into_iter().find(|(_, known)| known.tranche_id == tranche) else {
            return Ok(Acted::Changed);
        };
        if let Arrival::Elsewhere = arrival {
            let posted = holder.write(to_staff::ASK_ELSEWHERE, &grant.grant_id, act.request_id).await;
            return posted_now(&holder, &status, act.request_id, posted).await;
        }
        let (then, now) = (Shown::read(shown), Shown::now(&status, tranche));
        if then.as_ref().is_none_or(|then| then.amount != now.amount) {
            return Ok(Acted::Changed);
        }
        if then != Some(now) {
            return Ok(Acted::Before(arrival_reported_at(&status, &tranche.tranche_id)));
        }
        let Some(sent) = tranche.amount else { return Ok(Acted::Changed) };
        let arrived = match arrival {
            Arrival::All => sent,
            Arrival::Less(typed) => match money::read(typed, sent.currency().code()).one() {
                Ok(arrived) => arrived,
                Err(rule) => return Ok(Acted::Unreadable(rule)),
            },
            Arrival::Nothing | Arrival::Elsewhere => Money::zero(sent.currency()),
        };
        acted(&status, holder.report_arrival(grant, tranche, arrived, act).await, None)
    }
}

/// What a page carries of a payment that it shows.
#[derive(PartialEq, Eq)]
struct Shown {
    /// How often its arrival was reported.
    times_reported: String,
    /// How much was sent.
    amount: String,
}

impl Shown {
    fn now(status: &Status, tranche: &Tranche) -> Self {
        let amount = tranche.amount.map(|amount| format!("{}{}", amount.minor(), amount.currency()));
        let times_reported = times_arrival_was_reported(status, &tranche.tranche_id).to_string();
        Self { times_reported, amount: amount.unwrap_or_default() }
    }

    fn to_text(&self) -> String {
        format!("{}:{}", self.times_reported, self.amount)
    }

    fn read(carried: &str) -> Option<Self> {
        let (times_reported, amount) = carried.split_once(':')?;
        Some(Self { times_reported: times_reported.to_owned(), amount: amount.to_owned() })
    }
}
