//! An intake of its own, and a requester who seals as an edge would.

use std::sync::Arc;

use flare_access::{Caller, ReceiptClaim, Roles, Staff};
use flare_contracts::{
    Event, Service,
    common::v1::{
        ActSignature, Compartment as WireCompartment, EpochAuthor, KeyEpoch, KeyWrap, Lane as WireLane,
        SealedField,
    },
    input,
    intake::v1::{
        Consent, ConsentState, GetStatusRequest, GetStatusResponse, Listing, MessageKind, PostMessageRequest,
        PostMessageResponse, Purpose, ReceiptLock, SubmitRequestRequest, SubmitRequestResponse,
        intake_server::Intake as _,
    },
    requester_act::{RequesterCall, sign_call},
};
use flare_kernel::{CaseId, Lane, MessageId, StaffId, Timestamp, random};
use flare_messaging::{Handler as _, Received};
use flare_seal::{
    Compartment, CompartmentKey, FieldAddress, Receipt, RecipientPublic, RecipientSecret, Sensitive,
    ServiceKey, WrapContext, content_tag, proof_hash, seal_field, wrap_key,
};
use flare_store::{Error, Tx, Write, sql};
use flare_testkit::Sandbox;
use object_store::local::LocalFileSystem;
use tempfile::TempDir;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::{Intake, IntakeApi, IntakeConsumer};

pub(super) const OFFICER: StaffId = StaffId::from_bytes([7; 16]);

/// An intake of its own.
pub(super) struct World {
    pub(super) sandbox: Sandbox,
    pub(super) intake: Arc<Intake>,
    pub(super) api: IntakeApi,
    pub(super) folder: TempDir,
}

impl World {
    pub(super) fn new(sandbox: Sandbox) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap());
        let key = Arc::new(ServiceKey::from_bytes([0x5e; 32]));
        let intake = Arc::new(Intake::new(sandbox.database.clone(), key, files));
        Self { sandbox, api: IntakeApi::new(Arc::clone(&intake)), intake, folder }
    }

    pub(super) async fn submit(
        &self,
        request: SubmitRequestRequest,
    ) -> Result<SubmitRequestResponse, Status> {
        self.api.submit_request(from(Caller::Anonymous, request)).await.map(tonic::Response::into_inner)
    }

    /// A requester whose request is in.
    pub(super) async fn requester(&self) -> Requester {
        let requester = Requester::draw();
        self.submit(requester.request()).await.unwrap();
        requester
    }

    pub(super) async fn status(&self, requester: &Requester) -> GetStatusResponse {
        let reply = self.api.get_status(from(requester.caller(), GetStatusRequest {})).await;
        reply.unwrap().into_inner()
    }

    pub(super) async fn post(
        &self,
        caller: Caller,
        message: PostMessageRequest,
    ) -> Result<PostMessageResponse, Status> {
        self.api.post_message(from(caller, message)).await.map(tonic::Response::into_inner)
    }

    /// Lets an event of another service take effect, as the inbox does.
    pub(super) async fn handle(
        &self,
        producer: Service,
        stream: &str,
        seq: i64,
        event: Event,
    ) -> Result<(), Error> {
        let received = Received {
            producer,
            stream: stream.to_owned(),
            seq,
            event_id: format!("{producer}:{stream}:{seq}"),
            at: NOW.plus(flare_kernel::Duration::from_secs(seq)),
            actor: "system:test".to_owned(),
            lane: Lane::Urgent,
            event,
        };
        self.sandbox.database.write(Apply(received)).await
    }

    /// How many rows a query finds.
    pub(super) async fn count(&self, statement: &'static str) -> usize {
        self.sandbox.database.fetch_all(sql(statement)).await.unwrap().len()
    }
}

/// The sandbox's clock before it is moved.
pub(super) const NOW: Timestamp = Timestamp::from_micros(1_795_305_600_000_000);

struct Apply(Received);

impl Write for Apply {
    type Output = ();

    async fn apply(&self, tx: &mut Tx) -> Result<(), Error> {
        IntakeConsumer.apply(tx, &self.0).await
    }
}

/// A requester with a receipt and the first keys.
pub(super) struct Requester {
    pub(super) receipt: Receipt,
    pub(super) case: CaseId,
    pub(super) request_key: CompartmentKey,
    pub(super) thread_key: CompartmentKey,
}

impl Requester {
    pub(super) fn draw() -> Self {
        let receipt = Receipt::draw().unwrap();
        Self {
            case: receipt.case_id().unwrap(),
            request_key: CompartmentKey::generate().unwrap(),
            thread_key: CompartmentKey::generate().unwrap(),
            receipt,
        }
    }

    pub(super) fn lock(&self) -> ReceiptLock {
        ReceiptLock {
            lookup_id: self.receipt.lookup_id().to_vec(),
            proof_hash: proof_hash(&self.receipt.proof()).to_vec(),
            encryption_key: self.receipt.keys().unwrap().encryption.to_bytes(),
            signing_key: self.receipt.keys().unwrap().signing.to_vec(),
        }
    }

    /// The signature of an act on a message of the thread and its text, or on none.
    pub(super) fn act(&self, call: &impl RequesterCall, about: Option<(&str, &str)>) -> ActSignature {
        let tag = about.map(|(message, text)| {
            content_tag(&self.thread_key, &format!("thread.message.{message}"), text.as_bytes()).to_vec()
        });
        let at = input::timestamp_out(NOW);
        sign_call(call, self.case, (&tag.unwrap_or_default(), at), &self.receipt.signer())
    }

    pub(super) fn caller(&self) -> Caller {
        claim(self.receipt.lookup_id(), self.receipt.proof())
    }

    pub(super) fn answer(&self, name: &str, text: &str) -> SealedField {
        self.seal(Compartment::Request, &self.request_key, (name, 1, 1), text)
    }

    pub(super) fn seal(
        &self,
        compartment: Compartment,
        key: &CompartmentKey,
        (field, epoch, version): (&str, u32, u32),
        text: &str,
    ) -> SealedField {
        let address = FieldAddress { case: self.case, compartment, epoch, field, version };
        let sealed = seal_field(key, &address, text.as_bytes()).unwrap();
        SealedField {
            name: field.to_owned(),
            epoch,
            version,
            ciphertext: sealed.ciphertext,
            tag: sealed.tag.to_vec(),
            commitment: Vec::new(),
        }
    }

    pub(super) fn keys(&self) -> Vec<KeyEpoch> {
        vec![
            self.epoch(Compartment::Request, 1, &self.request_key, false),
            self.epoch(Compartment::Thread, 1, &self.thread_key, true),
        ]
    }

    /// An epoch whose key triage can open, and the receipt if it may.
    pub(super) fn epoch(
        &self,
        compartment: Compartment,
        epoch: u32,
        key: &CompartmentKey,
        to_receipt: bool,
    ) -> KeyEpoch {
        let wrap = |recipient: &str, public: &RecipientPublic| {
            let context = WrapContext { case: self.case, compartment, epoch, recipient };
            KeyWrap {
                recipient: recipient.to_owned(),
                generation: u32::from(recipient != "receipt"),
                wrapped: wrap_key(public, key, &context).unwrap(),
            }
        };
        let mut wraps = vec![
            wrap("team:triage", &triage().public().unwrap()),
            wrap("recovery", &recovery().public().unwrap()),
        ];
        if to_receipt {
            wraps.push(wrap("receipt", &self.receipt.recipient().public().unwrap()));
        }
        let compartment = match compartment {
            Compartment::Request => WireCompartment::Request,
            Compartment::Thread => WireCompartment::Thread,
            Compartment::Notes | Compartment::Proposal | Compartment::Payment => unreachable!(),
        };
        KeyEpoch { compartment: compartment.into(), epoch, wraps, author: None }
    }

    /// A request of two answers.
    pub(super) fn request(&self) -> SubmitRequestRequest {
        SubmitRequestRequest {
            request_id: "submit-1".to_owned(),
            case_id: self.case.to_string(),
            receipt: Some(self.lock()),
            listing: Some(listing()),
            answers: vec![
                self.answer("request.contact", "Signal, after dark"),
                self.answer("request.happened", "They came at night."),
            ],
            keys: self.keys(),
            waiting_since: None,
        }
    }

    /// A message, to be written by the requester or by staff who have seen whatever was written before.
    pub(super) fn message(&self, kind: MessageKind, about: &str, text: &str) -> PostMessageRequest {
        let id = MessageId::random().unwrap();
        let name = format!("thread.message.{id}");
        PostMessageRequest {
            request_id: format!("post-{id}"),
            case_id: self.case.to_string(),
            message_id: id.to_string(),
            kind: kind.into(),
            text: Some(self.seal(Compartment::Thread, &self.thread_key, (&name, 1, 1), text)),
            about: about.to_owned(),
            contact_plan_kept: true,
            seen: i64::MAX,
        }
    }
}

/// Who vouches for what staff draw; services keep it as it came.
pub(super) fn author() -> EpochAuthor {
    EpochAuthor {
        staff_id: OFFICER.to_string(),
        encryption_key_digest: vec![1; 32],
        signing_key: vec![2; 32],
        certificate: vec![3; 64],
        signature: vec![4; 64],
    }
}

/// The triage team's secret in these tests.
pub(super) fn triage() -> RecipientSecret {
    RecipientSecret::from_bytes([0x7a; 32])
}

/// The organisation's recovery secret in these tests.
fn recovery() -> RecipientSecret {
    RecipientSecret::from_bytes([0x7b; 32])
}

pub(super) fn listing() -> Listing {
    Listing {
        lane_hint: WireLane::Critical.into(),
        language: "ar".to_owned(),
        consents: vec![Consent { purpose: Purpose::Help.into(), state: ConsentState::Agreed.into() }],
        ..Listing::default()
    }
}

pub(super) fn claim(lookup: [u8; 16], proof: [u8; 32]) -> Caller {
    Caller::Receipt(ReceiptClaim { lookup, proof: Sensitive::new(proof) })
}

pub(super) fn officer() -> Caller {
    staff(OFFICER)
}

pub(super) fn another_officer() -> Caller {
    staff(StaffId::from_bytes([8; 16]))
}

fn staff(id: StaffId) -> Caller {
    Caller::Staff(Staff {
        id,
        roles: Roles::NONE,
        session: [8; 16],
        expires: NOW.plus(flare_kernel::Duration::from_secs(60)),
    })
}

/// A fresh idempotency key.
pub(super) fn fresh() -> String {
    format!("{:032x}", u128::from_be_bytes(random().unwrap()))
}

pub(super) fn from<T>(caller: Caller, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller);
    request
}

/// A refusal's stable reason.
pub(super) fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

/// The one field that a refusal names.
pub(super) fn field(status: &Status) -> String {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    violation(status)
}

/// The first field that a refusal names, whatever its kind.
pub(super) fn violation(status: &Status) -> String {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    violations.first().map(|violation| violation.field.clone()).unwrap_or_default()
}
