//! The whole system in a folder, and commands that are given to it. Answers of its services can be lost on the way.

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
    Service,
    intake::v1::ReserveCaseRequest,
    triage::v1::{GetCaseRequest, ListQueueRequest},
};
use flare_edge::{Lines, desk::CaseRecord, receipt::ReceiptHolder};
use flare_kernel::CaseId;
use flare_runtime::{PeerChannel, Settings, Tasks, config::Sources};
use flare_seal::PassphraseRule;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body, codegen::Service as Call};

use crate::{
    cli::{Cli, CliError, Command, Context, Exit, carry_out, context::Global, receipt},
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

impl Call<http::Request<Body>> for Lossy {
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
pub(super) struct Flare {
    folder: TempDir,
    address: String,
    to_lose: Arc<Mutex<HashMap<&'static str, usize>>>,
    settings: Settings,
    process: Process,
    tasks: Tasks,
}

impl Flare {
    pub(super) async fn start() -> Self {
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
            Process::start(&settings, &Service::ALL, PassphraseRule::Sandbox, &tasks).await.unwrap();
        let address = process.address.to_string();
        fs::write(folder.path().join("passphrase"), "seventeen herons at dawn\n").unwrap();
        Self { folder, address, to_lose: Arc::default(), settings, process, tasks }
    }

    pub(super) async fn stop(self) {
        self.tasks.token().cancel();
        self.process.finish(&self.settings, &self.tasks).await;
    }

    /// From now on this many answers of the RPC are lost.
    pub(super) fn lose(&self, rpc: &'static str, answers: usize) {
        self.to_lose.lock().unwrap().insert(rpc, answers);
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(super) fn context(&self, who: &str, request_id: Option<&str>) -> Context {
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
    pub(super) async fn give(&self, who: &str, line: &str) -> Result<(), CliError> {
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
    pub(super) async fn lost(&self, rpc: &'static str, who: &str, line: &str) -> CliError {
        self.lose(rpc, TRIES);
        let error = self.give(who, line).await.unwrap_err();
        assert_eq!(error.exit, Exit::Unavailable, "{line}: {error}");
        assert_eq!(self.to_lose.lock().unwrap()[rpc], 0, "{line}: all tries were made");
        error
    }

    pub(super) const FOUND: &'static str = "staff init --name Beacon --admin ada --setup-code-file @data/setup-code \
         --organisation-key-file @key --code-file @ada.code";

    pub(super) async fn enrol(&self, name: &str) -> Result<(), CliError> {
        let files = format!("--code-file @{name}.code --passphrase-file @passphrase --sandbox");
        self.give(name, &format!("staff enrol {name} {files}")).await?;
        self.give(name, &format!("login {name} --passphrase-file @passphrase --first-contact --sandbox"))
            .await
    }

    /// The fingerprint of somebody's keys, as they write it: with hyphens, and in the figures of their own script.
    pub(super) async fn keys_of(&self, name: &str) -> String {
        let shown = self.context(name, None).session().await.unwrap().own_keys().fingerprint();
        let written = |c: char| c.to_digit(10).map_or('-', |digit| char::from_u32(0x660 + digit).unwrap());
        shown.chars().map(written).collect()
    }

    /// What lets omar into the team triage.
    pub(super) async fn admit_omar(&self) -> Result<(), CliError> {
        let keys = self.keys_of("omar").await;
        let admit = "staff admit omar --team triage --organisation-key-file @key --fingerprint";
        self.give("ada", &format!("{admit} {keys}")).await
    }

    /// Founds it and brings in an officer, omar.
    pub(super) async fn with_an_officer() -> Self {
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

    pub(super) fn holder(&self, file: &str) -> ReceiptHolder {
        let receipt = receipt::read(&self.path(file)).unwrap();
        ReceiptHolder::open(&self.context("nobody", None).lines, &receipt).unwrap()
    }

    /// The id that intake drew for omar's command with this `--request-id`.
    pub(super) async fn reserved(&self, request_id: &str) -> CaseId {
        let session = self.context("omar", None).session().await.unwrap();
        let mut intake = session.lines().intake(&session.credential().await.unwrap());
        let request = ReserveCaseRequest { request_id: request_id.to_owned() };
        let reserved = intake.reserve_case(request).await.unwrap().into_inner();
        reserved.case_id.parse().unwrap()
    }

    /// A case as omar reads it.
    pub(super) async fn record(&self, case: CaseId) -> CaseRecord {
        self.context("omar", None).desk().await.unwrap().case(case, None).await.unwrap()
    }

    /// A request that somebody without an account sent, once triage has heard of it: whoever holds its receipt, in the file
    /// `receipt`.
    pub(super) async fn asked_for_help(&self) -> ReceiptHolder {
        let submit = "request submit --first-contact --form @form.json --receipt-file @receipt";
        self.give("nobody", submit).await.unwrap();
        let holder = self.holder("receipt");
        self.cases(&holder.case().to_string()).await;
        holder
    }

    /// The same, and omar has taken it under this contact plan.
    pub(super) async fn taken(&self, plan: &str) -> ReceiptHolder {
        let holder = self.asked_for_help().await;
        self.take(holder.case(), plan).await;
        holder
    }

    /// Omar takes a case under this contact plan.
    pub(super) async fn take(&self, case: CaseId, plan: &str) {
        self.file("plan.json", plan);
        let acknowledge = format!("case acknowledge {case} --contact-plan-file @plan.json");
        self.give("omar", &acknowledge).await.unwrap();
    }

    /// How many cases triage has heard of, once it has heard of this one.
    pub(super) async fn cases(&self, newest: &str) -> usize {
        let session = self.context("omar", None).session().await.unwrap();
        let mut triage = session.lines().triage(&session.credential().await.unwrap());
        while triage.get_case(GetCaseRequest { case_id: newest.to_owned() }).await.is_err() {
            tokio::task::yield_now().await;
        }
        let request = ListQueueRequest { page_size: 100, ..ListQueueRequest::default() };
        triage.list_queue(request).await.unwrap().into_inner().cases.len()
    }
}

/// The id that an error tells to repeat the command under.
pub(super) fn told_id(error: &CliError) -> String {
    let told = serde_json::to_value(error).unwrap();
    told["request_id"].as_str().unwrap_or_else(|| panic!("no id is told: {told}")).to_owned()
}
