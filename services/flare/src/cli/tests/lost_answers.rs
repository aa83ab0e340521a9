//! What becomes of a command whose call was carried out and whose answer was lost: given again, it is done once, and no
//! secret is gone. The services are the real ones; only what they answer is lost on the way.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex},
    task,
};

use clap::Parser as _;
use flare_contracts::{
    Producer,
    grants::v1::GetGrantRequest,
    identity::v1::ListStaffRequest,
    intake::v1::{ListFilesRequest, ReserveCaseRequest},
    triage::v1::{GetCaseRequest, ListQueueRequest},
};
use flare_edge::{Lines, founding_code, receipt::ReceiptHolder};
use flare_runtime::{PeerChannel, Settings, Tasks, config::Sources};
use flare_seal::PassphraseRule;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body, codegen::Service};

use crate::{
    cli::{
        Cli, CliError, Command, Context, Exit, carry_out, case::desk::Desk, context::Global, receipt, staff,
    },
    run::Process,
};

/// How often a command makes a call by itself before it gives up.
const TRIES: usize = 3;

/// Carries calls, and loses as many answers of an RPC as were ordered.
#[derive(Clone)]
struct Lossy {
    way: PeerChannel,
    to_lose: Arc<Mutex<HashMap<&'static str, usize>>>,
}

impl Service<http::Request<Body>> for Lossy {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), Status>> {
        self.way.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let rpc = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        let (calling, to_lose) = (self.way.call(request), Arc::clone(&self.to_lose));
        Box::pin(async move {
            let answer = calling.await?;
            let mut to_lose = to_lose.lock().unwrap();
            match to_lose.get_mut(rpc.as_str()) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    Err(Status::unavailable("the connection was lost"))
                }
                _ => Ok(answer),
            }
        })
    }
}

/// The whole system, not yet founded, and a way to it that loses answers.
struct Flare {
    folder: TempDir,
    address: String,
    to_lose: Arc<Mutex<HashMap<&'static str, usize>>>,
    settings: Settings,
    process: Process,
    tasks: Tasks,
}

impl Flare {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sources = Sources::defaults()
            .set("mode.data_dir", folder.path().join("data").display().to_string())
            .set("server.listen", "127.0.0.1:0")
            .set("portal.listen", "")
            .set("limits.anonymous_calls_per_minute", "100000")
            .set("limits.receipts_calls_per_minute", "100000")
            .set("limits.one_receipt_calls_per_minute", "100000");
        let settings = Settings::load(&sources).unwrap();
        let tasks = Tasks::new(CancellationToken::new());
        let process =
            Process::start(&settings, &Producer::ALL, PassphraseRule::Sandbox, &tasks).await.unwrap();
        let address = process.address.to_string();
        fs::write(folder.path().join("passphrase"), "seventeen herons at dawn\n").unwrap();
        Self { folder, address, to_lose: Arc::default(), settings, process, tasks }
    }

    async fn stop(self) {
        self.tasks.token().cancel();
        self.process.finish(&self.settings, &self.tasks).await;
    }

    /// From now on this many answers of the RPC are lost.
    fn lose(&self, rpc: &'static str, answers: usize) {
        self.to_lose.lock().unwrap().insert(rpc, answers);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn context(&self, who: &str, request_id: Option<&str>) -> Context {
        let global = Global {
            server: Some(self.address.clone()),
            json: true,
            profile: Some(self.path(who)),
            request_id: request_id.map(ToOwned::to_owned),
            ..Global::default()
        };
        let mut context = Context::new(&global).unwrap();
        let lossy = Lossy { way: context.here.channel.clone(), to_lose: Arc::clone(&self.to_lose) };
        context.lines = Lines::all(&lossy);
        context
    }

    /// Gives a command as somebody. A word that begins with @ is a file of the test's folder.
    async fn give(&self, who: &str, line: &str) -> Result<(), CliError> {
        let words = line.split_whitespace().map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name).display().to_string(),
            None => word.to_owned(),
        });
        let cli = Cli::try_parse_from(std::iter::once("flare".to_owned()).chain(words)).unwrap();
        let context = self.context(who, cli.global.request_id.as_deref());
        let Some(Command::Act(act)) = cli.command else { panic!("{line} is no act") };
        carry_out(*act, &context).await
    }

    /// Gives a command whose every answer is lost; gives the error that it ends with.
    async fn lost(&self, rpc: &'static str, who: &str, line: &str) -> CliError {
        self.lose(rpc, TRIES);
        let error = self.give(who, line).await.unwrap_err();
        assert_eq!(error.exit, Exit::Unavailable, "{line}: {error}");
        assert_eq!(self.to_lose.lock().unwrap()[rpc], 0, "{line}: all tries were made");
        error
    }

    const FOUND: &'static str = "staff init --name Beacon --admin ada --setup-code-file @data/setup-code \
                                 --organisation-key-file @key --code-file @ada.code";

    async fn enrol(&self, name: &str) -> Result<(), CliError> {
        let files = format!("--code-file @{name}.code --passphrase-file @passphrase --sandbox");
        self.give(name, &format!("staff enrol {name} {files}")).await?;
        self.give(name, &format!("login {name} --passphrase-file @passphrase --first-contact --sandbox"))
            .await
    }

    /// The fingerprint of somebody's keys, as they write it: with hyphens, and in the figures of their own script.
    async fn keys_of(&self, name: &str) -> String {
        let shown = self.context(name, None).session().await.unwrap().own_keys().fingerprint();
        let written = |c: char| c.to_digit(10).map_or('-', |digit| char::from_u32(0x660 + digit).unwrap());
        shown.chars().map(written).collect()
    }

    /// What lets omar into the team triage.
    async fn admit_omar(&self) -> Result<(), CliError> {
        let keys = self.keys_of("omar").await;
        let admit = "staff admit omar --team triage --organisation-key-file @key --fingerprint";
        self.give("ada", &format!("{admit} {keys}")).await
    }

    /// Founds it and brings in an officer, omar.
    async fn with_an_officer() -> Self {
        let flare = Self::start().await;
        flare.give("ada", Self::FOUND).await.unwrap();
        flare.enrol("ada").await.unwrap();
        flare.give("ada", "staff invite omar --roles officer --code-file @omar.code").await.unwrap();
        flare.enrol("omar").await.unwrap();
        flare.admit_omar().await.unwrap();
        flare.give("omar", "login omar --passphrase-file @passphrase --sandbox").await.unwrap();
        flare.file("form.json", r#"{"contact": "Signal", "happened": "They came at night."}"#);
        flare
    }

    fn holder(&self, file: &str) -> ReceiptHolder {
        let receipt = receipt::read(&self.path(file)).unwrap();
        ReceiptHolder::open(&self.context("nobody", None).lines, &receipt).unwrap()
    }

    /// The id that intake drew for omar's command with this `--request-id`.
    async fn reserved(&self, request_id: &str) -> flare_kernel::CaseId {
        let context = self.context("omar", Some(request_id));
        let desk = Desk::open(&context).await.unwrap();
        let request = ReserveCaseRequest { request_id: request_id.to_owned() };
        let reserved = desk.intake().await.unwrap().reserve_case(request).await.unwrap().into_inner();
        reserved.case_id.parse().unwrap()
    }

    /// What omar's command with this `--request-id` made.
    async fn drawn<K: flare_kernel::IdKind>(&self, request_id: &str, what: &str) -> flare_kernel::Id<K> {
        let context = self.context("omar", Some(request_id));
        Desk::open(&context).await.unwrap().drawn(what)
    }

    /// How many cases triage has heard of, once it has heard of this one.
    async fn cases(&self, newest: &str) -> usize {
        let session = self.context("omar", None).session().await.unwrap();
        let mut triage = session.lines().triage(&session.credential().await.unwrap());
        while triage.get_case(GetCaseRequest { case_id: newest.to_owned() }).await.is_err() {
            tokio::task::yield_now().await;
        }
        let request = ListQueueRequest { page_size: 100, ..ListQueueRequest::default() };
        triage.list_queue(request).await.unwrap().into_inner().cases.len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_whose_founding_was_not_answered_is_founded_by_the_same_command() {
    let flare = Flare::start().await;
    let error = flare.lost("FoundOrganisation", "ada", Flare::FOUND).await;
    assert!(error.for_people().contains("give the same command again"), "{}", error.for_people());
    let (key, code) = (flare.read("key"), flare.read("ada.code"));
    assert_eq!(key.trim().len(), 64, "the key was kept before the call");
    let (seed, _) = staff::founding_seed(&flare.path("key")).unwrap();
    assert_eq!(code.trim(), founding_code(&seed));

    flare.give("ada", Flare::FOUND).await.unwrap();
    assert_eq!((flare.read("key"), flare.read("ada.code")), (key, code), "nothing was drawn anew");
    // An answer that is lost once is not even noticed.
    flare.lose("Enrol", 1);
    flare.enrol("ada").await.unwrap();

    // Whoever holds another key did not found it, and is told.
    let other = Flare::FOUND.replace("@key", "@other-key").replace("@ada.code", "@other.code");
    let error = flare.give("eve", &other).await.unwrap_err();
    assert_eq!(error.reason, "ALREADY_FOUNDED");
    assert!(!flare.path("other-key").exists() && !flare.path("other.code").exists(), "they open nothing");
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_kept_by_a_try_that_never_arrived_founds_the_organisation() {
    let flare = Flare::start().await;
    flare.file("key", "not a key\n");
    assert_eq!(flare.give("ada", Flare::FOUND).await.unwrap_err().exit, Exit::Refused);
    assert_eq!(flare.read("key"), "not a key\n", "what is no key of ours is left alone");
    fs::remove_file(flare.path("key")).unwrap();
    let (seed, _) = staff::founding_seed(&flare.path("key")).unwrap();
    flare.file("wrong-code", "guessed\n");
    let wrong = Flare::FOUND.replace("@data/setup-code", "@wrong-code");
    assert_eq!(flare.give("ada", &wrong).await.unwrap_err().exit, Exit::NotAllowed);
    assert!(flare.path("key").exists(), "a key from an earlier try is nobody's to delete");
    flare.give("ada", Flare::FOUND).await.unwrap();
    assert_eq!(flare.read("ada.code").trim(), founding_code(&seed));
    flare.enrol("ada").await.unwrap();
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whose_invitation_was_not_answered_is_invited_once() {
    let flare = Flare::start().await;
    flare.give("ada", Flare::FOUND).await.unwrap();
    flare.enrol("ada").await.unwrap();
    let invite = "staff invite omar --roles officer --code-file @omar.code";
    let error = flare.lost("InviteStaff", "ada", invite).await;
    assert!(error.for_people().contains("--again"), "{}", error.for_people());
    assert_eq!(flare.give("ada", invite).await.unwrap_err().exit, Exit::Refused, "no code is written over");
    flare.give("ada", &format!("{invite} --again")).await.unwrap();
    flare.enrol("omar").await.unwrap();
    flare.lose("AdmitToTeam", 1);
    flare.lose("CertifyStaff", 1);
    flare.admit_omar().await.unwrap();
    let session = flare.context("ada", None).session().await.unwrap();
    let request = ListStaffRequest { page_size: 100, page_token: String::new() };
    let mut identity = session.lines().identity(&session.credential().await.unwrap());
    let staff = identity.list_staff(request).await.unwrap().into_inner().staff;
    let omar = staff.iter().filter(|member| member.name == "omar").collect::<Vec<_>>();
    assert_eq!((omar.len(), omar[0].teams.as_slice()), (1, ["triage".to_owned()].as_slice()));
    // A refused invitation leaves no code behind.
    let taken = "staff invite omar --roles officer --code-file @second.code";
    assert_eq!(flare.give("ada", taken).await.unwrap_err().reason, "NAME_TAKEN");
    assert!(!flare.path("second.code").exists());
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_whose_opening_was_not_answered_is_one_case_and_its_receipt_is_kept() {
    let flare = Flare::with_an_officer().await;
    let submit = "request submit --first-contact --form @form.json --receipt-file @sent";
    flare.lost("SubmitRequest", "nobody", submit).await;
    flare.give("nobody", &format!("{submit} --again")).await.unwrap();
    let sent = flare.holder("sent");
    assert_eq!(flare.cases(&sent.case().to_string()).await, 1);

    let open = "case open --from signal --form @form.json --receipt-file @opened";
    let error = flare.lost("OpenRequest", "omar", open).await;
    assert!(error.for_people().contains("--again"), "{}", error.for_people());
    flare.give("omar", &format!("{open} --again")).await.unwrap();
    let opened = flare.holder("opened");
    assert_eq!(flare.cases(&opened.case().to_string()).await, 2);
    assert!(opened.status().await.is_ok(), "the receipt of the first try opens it");

    // Without a receipt, the id that the error tells is what makes it the same command.
    let open = "case open --from phone --form @form.json";
    let error = flare.lost("OpenRequest", "omar", open).await;
    let id = told_id(&error);
    flare.give("omar", &format!("{open} --request-id {id}")).await.unwrap();
    let bare = flare.reserved(&id).await;
    assert_eq!(flare.cases(&bare.to_string()).await, 3);

    let issue = format!("case issue-receipt {bare} --receipt-file @issued");
    flare.lost("IssueReceipt", "omar", &issue).await;
    flare.give("omar", &format!("{issue} --again")).await.unwrap();
    let receipt = receipt::read(&flare.path("issued")).unwrap();
    let found = ReceiptHolder::find(&flare.context("nobody", None).lines, &receipt).await;
    assert_eq!(found.unwrap().1.case_id, bare);
    flare.file("other", &format!("{}\n", flare_seal::Receipt::from_bytes([3; 15]).words().expose()));
    let other = format!("case issue-receipt {bare} --receipt-file @other --again");
    assert_eq!(flare.give("omar", &other).await.unwrap_err().reason, "RECEIPT_EXISTS");
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_requester_writes_and_attaches_is_there_once() {
    let flare = Flare::with_an_officer().await;
    flare
        .give("nobody", "request submit --first-contact --form @form.json --receipt-file @receipt")
        .await
        .unwrap();
    let holder = flare.holder("receipt");
    flare.cases(&holder.case().to_string()).await;

    flare.file("words", "I have moved.");
    let write = "receipt write --receipt-file @receipt --text-file @words";
    let id = told_id(&flare.lost("PostMessage", "nobody", write).await);
    flare.give("nobody", &format!("{write} --request-id {id}")).await.unwrap();
    assert_eq!(holder.messages().await.unwrap().len(), 1);
    flare.file("words", "I have not moved.");
    let error = flare.give("nobody", &format!("{write} --request-id {id}")).await.unwrap_err();
    assert_eq!(error.reason, "REQUEST_ID_REUSED");

    flare.file("letter.txt", "Dear editor");
    let attach = "receipt attach @letter.txt --receipt-file @receipt";
    let id = told_id(&flare.lost("UploadFile", "nobody", attach).await);
    flare.give("nobody", &format!("{attach} --request-id {id}")).await.unwrap();
    let mut intake = flare.context("nobody", None).lines.intake(holder.credential());
    let all = || ListFilesRequest { page_size: 100, ..ListFilesRequest::default() };
    assert_eq!(intake.list_files(all()).await.unwrap().into_inner().files.len(), 1);
    flare.file("letter.txt", "Dear EDITOR");
    let error = flare.give("nobody", &format!("{attach} --request-id {id}")).await.unwrap_err();
    assert_eq!(error.reason, "REQUEST_ID_REUSED", "the same name and size, but another letter");
    flare.lose("UploadFile", 1);
    flare.give("nobody", attach).await.unwrap();
    assert_eq!(intake.list_files(all()).await.unwrap().into_inner().files.len(), 2);

    flare.file("more.json", r#"{"payment": "Cash, by hand."}"#);
    flare.lose("AddAnswers", 1);
    flare.give("nobody", "request add --form @more.json --receipt-file @receipt").await.unwrap();
    let status = holder.status().await.unwrap();
    assert_eq!(status.times_written("request.payment"), 1, "it was added once");
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_was_answered_unheard_is_answered_once() {
    let flare = Flare::with_an_officer().await;
    flare
        .give("nobody", "request submit --first-contact --form @form.json --receipt-file @receipt")
        .await
        .unwrap();
    let holder = flare.holder("receipt");
    let case = holder.case();
    flare.cases(&case.to_string()).await;
    flare.file("plan.json", r#"{"how": "Signal"}"#);
    flare.give("omar", &format!("case acknowledge {case} --contact-plan-file @plan.json")).await.unwrap();
    flare.file("words", "Are you safe?");
    let ask = format!("case ask {case} --text-file @words");
    let id = told_id(&flare.lost("PostMessage", "omar", &ask).await);
    flare.give("omar", &format!("{ask} --request-id {id}")).await.unwrap();
    assert_eq!(holder.status().await.unwrap().open_questions.len(), 1, "it was asked once");

    flare.file("answer", "Yes.");
    let answer = "receipt answer --receipt-file @receipt --text-file @answer";
    let id = told_id(&flare.lost("PostMessage", "nobody", answer).await);
    assert!(holder.status().await.unwrap().open_questions.is_empty(), "it had arrived");
    flare.give("nobody", &format!("{answer} --request-id {id}")).await.unwrap();
    assert_eq!(holder.messages().await.unwrap().len(), 2);
    flare.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_is_said_once_and_only_when_it_can_be_answered() {
    let flare = Flare::with_an_officer().await;
    flare
        .give("nobody", "request submit --first-contact --form @form.json --receipt-file @receipt")
        .await
        .unwrap();
    let holder = flare.holder("receipt");
    let case = holder.case();
    flare.cases(&case.to_string()).await;
    flare.file("plan.json", r#"{"how": "Signal"}"#);
    flare.file("words", "A camera, before Monday.");
    flare.give("omar", &format!("case acknowledge {case} --contact-plan-file @plan.json")).await.unwrap();
    flare.give("omar", &format!("case assess {case} --lane urgent")).await.unwrap();
    flare.give("omar", &format!("case need add {case} equipment --request-id need")).await.unwrap();
    let need: flare_kernel::NeedId = flare.drawn("need", &format!("{case}/equipment")).await;
    let recommend =
        format!("case recommend {case} --need {need} --amount 500.00 --currency EUR --text-file @words");
    flare.give("omar", &recommend).await.unwrap();
    let draft = format!(
        "grant draft --case {case} --ceiling 500.00 --currency EUR --start 2030-01-01 --end 2030-03-01 --support cash \
         --method cash-by-partner --mode reactive --trigger negative --scope-file @words --budget-file @words \
         --beneficiary-file @words --request-id draft"
    );
    flare.give("omar", &draft).await.unwrap();
    let grant: flare_kernel::GrantId = flare.drawn("draft", &case.to_string()).await;
    let said = async || holder.messages().await.unwrap().len();

    // Cut off between the words and the act: the same command finds its words.
    let propose = format!("grant propose {grant}");
    flare.lost("PostMessage", "omar", &propose).await;
    assert_eq!(said().await, 1);
    flare.give("omar", &propose).await.unwrap();
    assert_eq!(said().await, 1);

    // Cut off after the act, which changed the version: the id that was told brings it to its end.
    let id = told_id(&flare.lost("ShowProposal", "omar", &propose).await);
    assert_eq!(said().await, 2, "it was proposed anew");
    flare.give("omar", &format!("{propose} --request-id {id}")).await.unwrap();
    assert_eq!(said().await, 2);

    // What would be refused is not said.
    let stale = flare.give("omar", &format!("{propose} --version 1")).await.unwrap_err();
    assert_eq!(stale.reason, "STALE_VERSION");
    let agree = format!("grant agreement post {grant} --text-file @words --donor-origin-told");
    let early = flare.give("omar", &agree).await.unwrap_err();
    assert_eq!(early.reason, "WRONG_STAGE");
    assert_eq!(said().await, 2);

    let object = format!("receipt proposal {grant} --receipt-file @receipt --wrong --text-file @words");
    while flare.give("nobody", &object).await.is_err() {
        // Until the requester's view has heard of the proposal.
        tokio::task::yield_now().await;
    }
    let session = flare.context("omar", None).session().await.unwrap();
    let mut grants = session.lines().grants(&session.credential().await.unwrap());
    let request = || GetGrantRequest { grant_id: grant.to_string() };
    while !grants.get_grant(request()).await.unwrap().into_inner().grant.unwrap().requester_objects {
        tokio::task::yield_now().await;
    }
    let before = said().await;
    assert_eq!(flare.give("omar", &propose).await.unwrap_err().reason, "PROPOSAL_REFUSED");
    assert_eq!(said().await, before);
    flare.stop().await;
}

/// The id that an error tells to repeat the command under.
fn told_id(error: &CliError) -> String {
    let told = serde_json::to_value(error).unwrap();
    told["request_id"].as_str().unwrap_or_else(|| panic!("no id is told: {told}")).to_owned()
}
