//! A case: from the request to its close.

use flare_seal::Receipt;
use serde_json::Value;

use super::{PATIENCE, act, list, text};
use crate::harness::{Answer, Desk, Installation, answer::exit, until, within};

/// A case, and whoever asked for help.
pub(crate) struct Case<'i> {
    pub(crate) installation: &'i Installation,
    pub(crate) requester: Desk,
    /// The file that holds the receipt.
    pub(crate) receipt: String,
    pub(crate) id: String,
}

impl<'i> Case<'i> {
    /// Asks for help with a form, and waits until triage has the case.
    pub(crate) fn submit(installation: &'i Installation, form: &Value) -> Self {
        let case = Self::send(installation, form);
        case.wait_until_it_is_queued();
        case
    }

    /// Asks for help with a form. The case may not be in triage's hands yet.
    pub(crate) fn send(installation: &'i Installation, form: &Value) -> Self {
        let requester = installation.requester();
        let form = requester.file("form.json", form.to_string().as_bytes());
        let receipt = requester.new_file("receipt");
        let args = ["request", "submit", "--first-contact", "--form", &form, "--receipt-file", &receipt];
        let first = requester.run(&args);
        let sent = if first.code == exit::UNAVAILABLE {
            // It may have arrived: the same receipt makes it the same case.
            within(PATIENCE, "the request is taken", || {
                let again = requester.run(&[args.as_slice(), &["--again"]].concat());
                (again.code == 0).then_some(again)
            })
        } else {
            first
        };
        let id = text(&sent.json()["case_id"]);
        Self { installation, requester, receipt, id }
    }

    /// The case that a code opens, and somebody who has written the code down.
    pub(crate) fn of_code(installation: &'i Installation, code: &str) -> Self {
        let requester = installation.requester();
        let receipt = requester.file("receipt", format!("{code}\n").as_bytes());
        let id = Receipt::parse(code).unwrap().case_id().unwrap().to_string();
        Self { installation, requester, receipt, id }
    }

    pub(crate) fn wait_until_it_is_queued(&self) {
        let officer = &self.installation.team.officer;
        within(PATIENCE, "the request is a case in the queue", || {
            list(&officer.read(&["case", "queue", "--limit", "1000"])["cases"])
                .iter()
                .any(|case| case["case_id"] == self.id.as_str())
                .then_some(())
        });
    }

    /// The case as an officer sees it.
    pub(crate) fn show(&self) -> Value {
        self.installation.team.officer.read(&["case", "show", &self.id])
    }

    pub(crate) fn stage(&self) -> String {
        text(&self.show()["case"]["stage"])
    }

    /// The case as the requester sees it.
    pub(crate) fn status(&self) -> Value {
        self.requester.read(&["receipt", "status", "--receipt-file", &self.receipt])
    }

    /// Waits until the requester sees that it stands so.
    #[track_caller]
    pub(crate) fn stands(&self, standing: &str) {
        let mut last = String::new();
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(&format!("the requester sees {standing}"), || {
                last = text(&self.status()["standing"]);
                (last == standing).then_some(())
            });
        }));
        assert!(seen.is_ok(), "the requester sees {last}, not {standing}");
    }

    /// Something that the holder of the receipt does.
    pub(crate) fn receipt_act(&self, args: &[&str], done: impl Fn() -> bool) {
        act(&self.requester, &[&["receipt"], args, &["--receipt-file", &self.receipt]].concat(), done);
    }

    /// Something that the holder of the receipt tries.
    pub(crate) fn receipt_try(&self, args: &[&str]) -> Answer {
        self.requester.run(&[&["receipt"], args, &["--receipt-file", &self.receipt]].concat())
    }

    /// What `flare case` does with this case, as an officer.
    pub(crate) fn officer_act(&self, act_name: &[&str], args: &[&str], done: impl Fn() -> bool) {
        self.act_as(&self.installation.team.officer, act_name, args, done);
    }

    /// The same, as somebody else.
    pub(crate) fn act_as(&self, desk: &Desk, act_name: &[&str], args: &[&str], done: impl Fn() -> bool) {
        act(desk, &[&["case"], act_name, &[&self.id], args].concat(), done);
    }

    /// What an officer tries.
    pub(crate) fn officer_try(&self, act_name: &[&str], args: &[&str]) -> Answer {
        self.installation.team.officer.run(&[&["case"], act_name, &[self.id.as_str()], args].concat())
    }

    pub(crate) fn acknowledge(&self, plan: &Value) {
        let plan = self.installation.team.officer.words(&plan.to_string());
        self.officer_act(&["acknowledge"], &["--contact-plan-file", &plan], || self.stage() != "submitted");
        self.stands_if_followed("acknowledged");
    }

    pub(crate) fn assess(&self, lane: &str) {
        self.officer_act(&["assess"], &["--lane", lane], || self.stage() == "assessing");
        self.stands_if_followed("being-assessed");
    }

    /// As [`Self::stands`], where there is a receipt to follow the case with.
    fn stands_if_followed(&self, standing: &str) {
        if std::path::Path::new(&self.receipt).exists() {
            self.stands(standing);
        }
    }

    /// Acknowledged and being assessed.
    pub(crate) fn take(&self) {
        self.acknowledge(&serde_json::json!({"how": "Signal, after 18:00"}));
        self.assess("urgent");
    }

    /// Adds a need, and gives its id.
    pub(crate) fn need(&self, kind: &str) -> String {
        let of_kind = || list(&self.show()["needs"]).into_iter().find(|need| need["kind"] == kind);
        self.officer_act(&["need", "add"], &[kind], || of_kind().is_some());
        text(&of_kind().unwrap()["need_id"])
    }

    /// How a need stands.
    pub(crate) fn outcome(&self, need: &str) -> String {
        let needs = list(&self.show()["needs"]);
        text(&needs.iter().find(|found| found["need_id"] == need).unwrap()["outcome"])
    }

    /// Waits until a need stands so, for staff and for the requester.
    pub(crate) fn need_is(&self, need: &str, outcome: &str, for_the_requester: &str) {
        until(&format!("the need is {outcome}"), || (self.outcome(need) == outcome).then_some(()));
        until(&format!("the requester sees the need {for_the_requester}"), || {
            let needs = list(&self.status()["needs"]);
            needs
                .iter()
                .any(|seen| seen["need_id"] == need && seen["outcome"] == for_the_requester)
                .then_some(())
        });
    }

    /// Writes words to a file of the officer's.
    pub(crate) fn words(&self, words: &str) -> String {
        self.installation.team.officer.words(words)
    }

    /// A message of the thread, as the requester reads it.
    pub(crate) fn message(&self, kind: &str, words: &str) -> Option<Value> {
        let thread = self.requester.read(&["receipt", "messages", "--receipt-file", &self.receipt]);
        list(&thread["messages"])
            .into_iter()
            .find(|message| message["kind"] == kind && text(&message["text"]).contains(words))
    }

    /// Asks the requester, who answers.
    pub(crate) fn ask_and_answer(&self, question: &str, answer: &str) {
        let words = self.words(question);
        self.officer_act(&["ask"], &["--text-file", &words], || self.message("question", question).is_some());
        self.stands("waiting-for-you");
        until("triage waits for the requester", || (self.stage() == "awaiting-requester").then_some(()));
        let words = self.requester.words(answer);
        self.receipt_act(&["answer", "--text-file", &words], || self.message("answer", answer).is_some());
        self.stands("being-assessed");
        until("triage goes on", || (self.stage() == "assessing").then_some(()));
    }

    /// Somebody who can vouch, and does.
    pub(crate) fn verified_reference(&self, who: &str) {
        let known = || {
            list(&self.show()["references"]).into_iter().find(|reference| {
                reference["description"].as_str().is_some_and(|description| description.contains(who))
            })
        };
        let words = self.words(who);
        self.officer_act(&["reference", "add"], &["--description-file", &words], || known().is_some());
        let id = text(&known().unwrap()["reference_id"]);
        let words = self.words(&format!("{who} saw it happen."));
        let how = ["--method", "call", "--confidence", "high", "--result", "confirms", "--independent"];
        let args = [&[id.as_str()], how.as_slice(), &["--text-file", &words]].concat();
        // Checked by a colleague: what the proposer of a grant checked does not count for it.
        let head = &self.installation.team.head;
        let check = [&["case", "reference", "check", &self.id], args.as_slice()].concat();
        act(head, &check, || known().unwrap()["result"] == "confirms");
    }

    /// Asks for a grant for needs.
    pub(crate) fn recommend(&self, needs: &[&str], amount: &str, currency: &str) {
        let words = self.words("They cannot go on without it, and nobody else can give it in time.");
        let mut args = vec!["--amount", amount, "--currency", currency, "--text-file", &words];
        args.extend([
            "--relevance",
            "4",
            "--result",
            "3",
            "--fit",
            "3",
            "--quality",
            "2",
            "--added-value",
            "4",
        ]);
        for need in needs {
            args.extend(["--need", need]);
        }
        let recommended = || needs.iter().all(|need| self.outcome(need) == "recommended");
        self.officer_act(&["recommend"], &args, recommended);
        for need in needs {
            self.need_is(need, "recommended", "recommended");
        }
    }

    pub(crate) fn close(&self, exit: &str) {
        self.officer_act(&["close"], &["--exit", exit], || self.stage() == "closed");
        self.stands("closed");
    }
}
