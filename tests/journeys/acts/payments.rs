//! What has to be settled before the money of a grant moves, and its way to the requester.

use serde_json::Value;

use super::{Grant, list, text};
use crate::harness::{today, until};

impl Grant<'_, '_> {
    /// The payee is entered by one person and checked by another.
    pub(crate) fn pay_to(&self, payee: &str) {
        let words = self.case.words(payee);
        self.officer_act(&["payee", "enter"], &["--payee-file", &words], || {
            self.show()["payee_entered_by"] != ""
        });
        let on = today().to_string();
        let finance = &self.case.installation.team.finance;
        let shown = text(&finance.read(&["grant", "payee", "check", &self.id])["shown_digest"]);
        let args = ["--called-back", "--shown", &shown, "--sanctions-checked-on", &on, "--sanctions-clear"];
        self.act_as(finance, &["payee", "check"], &args, || self.gate("payee-checked"));
        self.opens("payee-checked");
    }

    /// The requester is shown the agreement.
    pub(crate) fn post_agreement(&self, terms: &str) {
        let words = self.case.words(terms);
        let posted = || {
            let seen =
                |grant: &Value| grant["grant_id"] == self.id.as_str() && grant["agreement_message_id"] != "";
            list(&self.case.status()["grants"]).iter().any(seen)
        };
        let args = ["--text-file", &words, "--donor-origin-told"];
        self.officer_act(&["agreement", "post"], &args, posted);
        until("the requester is shown the agreement", || posted().then_some(()));
    }

    /// The agreement is posted, and the requester agrees.
    pub(crate) fn agree(&self, terms: &str) {
        self.post_agreement(terms);
        self.case.receipt_act(&["agree", &self.id, "--yes"], || self.gate("agreed"));
        self.opens("agreed");
    }

    pub(crate) fn reserve(&self, fund: &str, amount: &str) {
        let finance = &self.case.installation.team.finance;
        let args = ["--fund", fund, "--amount", amount];
        self.act_as(finance, &["reserve"], &args, || self.gate("funded"));
        self.opens("funded");
    }

    /// How a payment stands.
    pub(crate) fn tranche_state(&self, tranche: &str) -> String {
        let tranches = list(&self.show()["tranches"]);
        text(&tranches.iter().find(|found| found["tranche_id"] == tranche).unwrap()["state"])
    }

    /// Schedules a payment and gives its id.
    pub(crate) fn tranche(&self, amount: &str) -> String {
        let before = list(&self.show()["tranches"]).len();
        let now = || list(&self.show()["tranches"]);
        let due = today().to_string();
        let args = ["--amount", amount, "--due", &due];
        self.officer_act(&["tranche", "add"], &args, || now().len() > before);
        text(&now().pop().unwrap()["tranche_id"])
    }

    /// Finance moves a payment on.
    pub(crate) fn move_tranche(&self, tranche: &str, step: &str, state: &str) {
        let finance = &self.case.installation.team.finance;
        self.act_as(finance, &["tranche", step], &[tranche], || self.tranche_state(tranche) == state);
    }

    /// A payment is released and sent, and the requester sees that it was.
    pub(crate) fn send(&self, amount: &str) -> String {
        let tranche = self.tranche(amount);
        self.move_tranche(&tranche, "release", "released");
        self.move_tranche(&tranche, "sent", "sent");
        self.requester_sees(&tranche, "sent");
        tranche
    }

    /// A payment is released and sent, and the requester says that all of it arrived.
    pub(crate) fn pay(&self, amount: &str) -> String {
        let tranche = self.send(amount);
        let arrived = || self.tranche_state(&tranche) == "arrived";
        self.case.receipt_act(&["arrived", &tranche, "--all"], arrived);
        until("the payment has arrived", || arrived().then_some(()));
        self.requester_sees(&tranche, "arrived");
        tranche
    }

    /// Waits until the requester sees a payment so.
    pub(crate) fn requester_sees(&self, tranche: &str, state: &str) {
        until(&format!("the requester sees the payment {state}"), || {
            let grants = list(&self.case.status()["grants"]);
            let tranches = grants.iter().flat_map(|grant| list(&grant["tranches"]));
            let found = tranches.into_iter().find(|seen| seen["tranche_id"] == tranche);
            found.is_some_and(|seen| seen["state"] == state).then_some(())
        });
    }
}
