//! What people do with a case, one act each. Every act is repeated until it is done: another service may not have heard
//! yet of what came before, somebody may have changed the case meanwhile, and in some journeys processes are being killed.

use std::{
    thread,
    time::{Duration, Instant},
};

use flare_contracts::Producer;
use flare_kernel::Date;
use serde_json::Value;

use crate::harness::{Answer, Desk, Installation, answer::exit, checker, today, token, until, within};

/// How long an act may take. Long, because processes may be killed and started again meanwhile.
const PATIENCE: Duration = Duration::from_mins(2);

/// Does something until it is done. `done` looks whether it is, when nobody could say so.
pub(crate) fn act(desk: &Desk, args: &[&str], done: impl Fn() -> bool) {
    let id = token();
    let args = [args, &["--request-id", &id]].concat();
    let begun = Instant::now();
    loop {
        let answer = desk.run(&args);
        match answer.code {
            0 => return,
            exit::UNAVAILABLE | exit::STATE | exit::NOT_FOUND if done() => return,
            exit::UNAVAILABLE | exit::STATE | exit::NOT_FOUND => {
                assert!(begun.elapsed() < PATIENCE, "not done within {PATIENCE:?}; at last {answer}");
            }
            _ => panic!("{answer}"),
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Tries something that must be refused for this reason. A try that somebody else's change came before is made again.
pub(crate) fn refused(code: i32, reason: &str, attempt: impl Fn() -> Answer) -> Answer {
    let answer = until("nobody else changes it", || {
        Some(attempt()).filter(|answer| !answer.err.contains("STALE_VERSION"))
    });
    answer.refused_because(code, reason);
    answer
}

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
        let args = ["request", "submit", "--form", &form, "--receipt-file", &receipt];
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
        self.stands_if_followed("being_assessed");
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
        self.stands("waiting_for_you");
        until("triage waits for the requester", || (self.stage() == "awaiting-requester").then_some(()));
        let words = self.requester.words(answer);
        self.receipt_act(&["answer", "--text-file", &words], || self.message("answer", answer).is_some());
        self.stands("being_assessed");
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
        self.officer_act(&["reference", "check"], &args, || known().unwrap()["result"] == "confirms");
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

/// What a grant is drafted with.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) ceiling: String,
    pub(crate) currency: String,
    pub(crate) start: Date,
    pub(crate) end: Date,
    pub(crate) scope: String,
    pub(crate) budget: String,
    pub(crate) beneficiary: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            ceiling: "9400.00".to_owned(),
            currency: "EUR".to_owned(),
            start: today(),
            end: today().add_days(60),
            scope: "Safe housing for two reporters; a control unit for the transmitter.".to_owned(),
            budget: "5200.00 housing and transport, 2900.00 devices, 1300.00 control unit".to_owned(),
            beneficiary: "The radio station and two of its reporters.".to_owned(),
        }
    }
}

impl Draft {
    /// The options of `flare grant draft` and `flare grant revise`.
    pub(crate) fn options(&self, desk: &Desk, needs: &[&str]) -> Vec<String> {
        let files = [
            ("--scope-file", &self.scope),
            ("--budget-file", &self.budget),
            ("--beneficiary-file", &self.beneficiary),
        ];
        let (start, end) = (self.start.to_string(), self.end.to_string());
        let mut options: Vec<String> = [
            "--ceiling",
            &self.ceiling,
            "--currency",
            &self.currency,
            "--start",
            &start,
            "--end",
            &end,
            "--pay-by",
            &end,
            "--support",
            "cash",
            "--method",
            "cash-by-partner",
            "--mode",
            "reactive",
            "--trigger",
            "negative",
        ]
        .map(ToOwned::to_owned)
        .into();
        for (option, words) in files {
            options.extend([option.to_owned(), desk.words(words)]);
        }
        for need in needs {
            options.extend(["--need".to_owned(), (*need).to_owned()]);
        }
        options
    }
}

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

    /// The requester sees it and says that it is right.
    pub(crate) fn propose(&self) {
        let shown = || {
            let seen =
                |grant: &Value| grant["grant_id"] == self.id.as_str() && grant["proposal_message_id"] != "";
            list(&self.case.status()["grants"]).iter().any(seen)
        };
        self.officer_act(&["propose"], &[], shown);
        until("the requester is shown the proposal", || shown().then_some(()));
        self.case.receipt_act(&["proposal", &self.id, "--right"], || {
            self.show()["requester_saw_proposal"] == true
        });
        until("the requester's answer has arrived", || {
            (self.show()["requester_saw_proposal"] == true).then_some(())
        });
    }

    /// Proposed, found right, and submitted for the votes.
    pub(crate) fn submit(&self) {
        self.propose();
        self.officer_act(&["submit"], &[], || self.stage() != "draft");
        self.case.stands("in_approval");
    }

    /// An approver votes.
    pub(crate) fn vote(&self, approver: usize, decision: &str, words: &str) {
        let approver = &self.case.installation.team.approvers[approver];
        let mut args = vec!["--yes".to_owned()];
        if !words.is_empty() {
            args.extend(["--text-file".to_owned(), approver.words(words)]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let voted = || list(&self.show()["votes"]).iter().any(|vote| vote["voter"] == approver.id.as_str());
        self.act_as(approver, &["vote", decision], &args, voted);
    }

    /// The payee is entered by one person and checked by another.
    pub(crate) fn pay_to(&self, payee: &str) {
        let words = self.case.words(payee);
        self.officer_act(&["payee", "enter"], &["--payee-file", &words], || {
            self.show()["payee_entered_by"] != ""
        });
        let on = today().to_string();
        let args = ["--called-back", "--sanctions-checked-on", &on, "--sanctions-clear"];
        let finance = &self.case.installation.team.finance;
        self.act_as(finance, &["payee", "check"], &args, || self.gate("payee-checked"));
        self.opens("payee-checked");
    }

    /// The agreement is posted, and the requester agrees.
    pub(crate) fn agree(&self, terms: &str) {
        let words = self.case.words(terms);
        let posted = || {
            let seen =
                |grant: &Value| grant["grant_id"] == self.id.as_str() && grant["agreement_message_id"] != "";
            list(&self.case.status()["grants"]).iter().any(seen)
        };
        let args = ["--text-file", &words, "--donor-origin-told"];
        self.officer_act(&["agreement", "post"], &args, posted);
        until("the requester is shown the agreement", || posted().then_some(()));
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

    /// A payment is released and sent, and the requester says that all of it arrived.
    pub(crate) fn pay(&self, amount: &str) -> String {
        let tranche = self.tranche(amount);
        self.move_tranche(&tranche, "release", "released");
        self.move_tranche(&tranche, "sent", "sent");
        self.requester_sees(&tranche, "sent");
        let arrived = || self.tranche_state(&tranche) == "arrived";
        self.case.receipt_act(&["arrived", &tranche, "--all"], arrived);
        until("the payment has arrived", || arrived().then_some(()));
        self.requester_sees(&tranche, "arrived");
        tranche
    }

    /// The end date passes, and with it the grant goes on to its report.
    pub(crate) fn end_date_passes(&self) {
        let (url, prefix) = self.case.installation.database(Producer::Grants);
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
        until("the report has arrived", || (self.show()["report"] == "received").then_some(()));
        let args = ["--outcome", "achieved"];
        self.officer_act(&["close"], &args, || self.stage() == "closing");
        assert_eq!(self.stage(), "closing", "above the light threshold a second person closes it");
        self.act_as(&case.installation.team.finance, &["close"], &args, || self.stage() == "closed");
        self.is("closed");
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

/// A text of a document.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// A list of a document.
#[track_caller]
pub(crate) fn list(value: &Value) -> Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}")).clone()
}

/// The notices in somebody's inbox about a thing, by what they ask.
pub(crate) fn asked_of(desk: &Desk, about: &str) -> Vec<String> {
    let inbox = desk.read(&["inbox"]);
    list(&inbox["notices"])
        .iter()
        .filter(|notice| notice["case_id"] == about || notice["grant_id"] == about)
        .map(|notice| text(&notice["ask"]))
        .collect()
}

/// Waits until somebody's inbox asks this of them.
pub(crate) fn is_asked(desk: &Desk, about: &str, ask: &str) {
    let mut last = Vec::new();
    let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        until(&format!("the inbox asks to {ask}"), || {
            last = asked_of(desk, about);
            last.iter().any(|asked| asked == ask).then_some(())
        });
    }));
    assert!(seen.is_ok(), "the inbox asks {last:?} about {about}, not to {ask}");
}
