//! A grant: from its draft through the votes to its end.

use flare_contracts::Service;
use serde_json::Value;

use super::{Case, Draft, act, list, text};
use crate::harness::{Answer, Desk, broker, checker, until};

/// A grant of a case.
pub(crate) struct Grant<'c, 'i> {
    pub(crate) case: &'c Case<'i>,
    pub(crate) id: String,
}

impl<'c, 'i> Grant<'c, 'i> {
    /// Drafts a grant for needs that were recommended.
    pub(crate) fn draft(case: &'c Case<'i>, needs: &[&str], draft: &Draft) -> Self {
        let officer = &case.installation.team.officer;
        let options = draft.options(officer, needs);
        let mut args = vec!["grant", "draft", "--case", &case.id];
        args.extend(options.iter().map(String::as_str));
        let drafted = || list(&officer.read(&["grant", "list", "--case", &case.id])["grants"]).pop();
        act(officer, &args, || drafted().is_some());
        Self { case, id: text(&drafted().unwrap()["grant_id"]) }
    }

    pub(crate) fn show(&self) -> Value {
        self.show_to(&self.case.installation.team.officer)
    }

    pub(crate) fn show_to(&self, desk: &Desk) -> Value {
        desk.read(&["grant", "show", &self.id])
    }

    pub(crate) fn stage(&self) -> String {
        text(&self.show()["stage"])
    }

    /// Waits until it is at a stage.
    pub(crate) fn is(&self, stage: &str) {
        until(&format!("the grant is {stage}"), || (self.stage() == stage).then_some(()));
    }

    /// Waits until each approver's own queue asks for a vote; embedded there are none. Whoever votes before is asked no
    /// more: a test that reads the queues waits for this first.
    pub(crate) fn is_on_every_approvers_queue(&self) {
        let installation = self.case.installation;
        let Some(servers) = &installation.servers else {
            return;
        };
        for approver in &installation.team.approvers {
            until("the vote is asked for on the approver's queue", || {
                broker::votes_asked_of(servers, &approver.id)
                    .iter()
                    .any(|(grant, _)| *grant == self.id)
                    .then_some(())
            });
        }
    }

    pub(crate) fn gate(&self, name: &str) -> bool {
        list(&self.show()["gates"]).iter().any(|gate| gate["gate"] == name && gate["open"] == true)
    }

    /// Waits until a gate is open.
    pub(crate) fn opens(&self, name: &str) {
        until(&format!("the gate {name} opens"), || self.gate(name).then_some(()));
    }

    /// What `flare grant` does with this grant, as an officer.
    pub(crate) fn officer_act(&self, act_name: &[&str], args: &[&str], done: impl Fn() -> bool) {
        self.act_as(&self.case.installation.team.officer, act_name, args, done);
    }

    /// The same, as somebody else.
    pub(crate) fn act_as(&self, desk: &Desk, act_name: &[&str], args: &[&str], done: impl Fn() -> bool) {
        act(desk, &[&["grant"], act_name, &[&self.id], args].concat(), done);
    }

    /// What somebody tries with it.
    pub(crate) fn try_as(&self, desk: &Desk, act_name: &[&str], args: &[&str]) -> Answer {
        desk.run(&[&["grant"], act_name, &[self.id.as_str()], args].concat())
    }

    /// The requester is shown it, in the words of the program.
    pub(crate) fn put_to_the_requester(&self) {
        self.put_with(&[]);
    }

    /// The same, in these words.
    pub(crate) fn put_to_the_requester_as(&self, words: &str) {
        self.put_with(&["--text-file", &self.case.words(words)]);
    }

    fn put_with(&self, args: &[&str]) {
        let shown = || {
            let seen =
                |grant: &Value| grant["grant_id"] == self.id.as_str() && grant["proposal_message_id"] != "";
            list(&self.case.status()["grants"]).iter().any(seen)
        };
        self.officer_act(&["propose"], args, shown);
        until("the requester is shown the proposal", || shown().then_some(()));
    }

    /// Waits until staff know that the requester found it right.
    pub(crate) fn is_found_right(&self) {
        until("the requester's answer has arrived", || {
            (self.show()["requester_saw_proposal"] == true).then_some(())
        });
    }

    /// The requester sees it and says that it is right.
    pub(crate) fn propose(&self) {
        self.put_to_the_requester();
        self.case.receipt_act(&["proposal", &self.id, "--right"], || {
            self.show()["requester_saw_proposal"] == true
        });
        self.is_found_right();
    }

    /// Proposed, found right, and submitted for the votes.
    pub(crate) fn submit(&self) {
        self.propose();
        self.submit_for_votes();
    }

    /// Submitted for the votes.
    pub(crate) fn submit_for_votes(&self) {
        self.officer_act(&["submit"], &[], || self.stage() != "draft");
        self.case.stands("in-approval");
    }

    /// Somebody tries to vote on it, as they see it now.
    pub(crate) fn try_vote(&self, desk: &Desk, decision: &str, more: &[&str]) -> Answer {
        let shown = self.looked_at(desk);
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        self.try_as(desk, &["vote", decision], &[&shown, more].concat())
    }

    /// The options that say that somebody has looked at it, and need not be asked.
    fn looked_at(&self, desk: &Desk) -> [String; 3] {
        ["--yes".to_owned(), "--shown".to_owned(), text(&self.show_to(desk)["shown_digest"])]
    }

    /// An approver votes.
    pub(crate) fn vote(&self, approver: usize, decision: &str, words: &str) {
        let approver = &self.case.installation.team.approvers[approver];
        let mut args = self.looked_at(approver).to_vec();
        if !words.is_empty() {
            args.extend(["--text-file".to_owned(), approver.words(words)]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let voted = || list(&self.show()["votes"]).iter().any(|vote| vote["voter"] == approver.id.as_str());
        self.act_as(approver, &["vote", decision], &args, voted);
    }

    /// The end date passes, and with it the grant goes on to its report.
    pub(crate) fn end_date_passes(&self) {
        let (url, prefix) = self.case.installation.database(Service::Grants);
        checker::end_date_passes(&url, &prefix, &self.id);
        self.is("reporting");
        self.case.stands("reporting");
    }

    /// The requester reports, one person closes the grant, and another confirms.
    pub(crate) fn reported_and_closed(&self, report: &str) {
        let case = self.case;
        let words = case.requester.words(report);
        case.receipt_act(&["report", &self.id, "--text-file", &words], || {
            self.show()["report"] == "received"
        });
        self.closed_after_its_report();
    }

    /// The report has arrived; one person closes the grant, and another confirms.
    pub(crate) fn closed_after_its_report(&self) {
        let case = self.case;
        until("the report has arrived", || (self.show()["report"] == "received").then_some(()));
        let args = ["--outcome", "achieved"];
        self.officer_act(&["close"], &args, || self.stage() == "closing");
        assert_eq!(self.stage(), "closing", "above the light threshold a second person closes it");
        self.act_as(&case.installation.team.finance, &["close"], &args, || self.stage() == "closed");
        self.is("closed");
    }
}
