//! What a person's own device does: it holds keys, seals before anything leaves, opens what comes back, and checks that
//! what it shows is what will be signed. Services never do any of this.
//!
//! The command line and the portal stand on it, and so do the tests that play whole cases.

mod act_key;
mod bundle;
mod call;
mod case_keys;
mod contact_plan;
pub mod desk;
mod error;
mod file_transfer;
mod forbidden_words;
mod form;
mod issued;
mod lines;
mod organisation;
mod proposal;
pub mod receipt;
mod session;
mod view;

pub use act_key::ActKey;
pub use bundle::{KeyBundle, Team};
pub use call::retrying;
pub use case_keys::CaseKeys;
pub use contact_plan::{ContactPlan, ContactPlanError, Forbidden, Lifted};
pub use error::{EdgeError, broke_off};
pub use file_transfer::{Description, Progress, describe, download, upload};
pub use form::{
    Amount, Answer, BudgetLine, ConsentWords, Consents, Doubt, Fault, Form, FormError, IfNothing, Others,
    Reference, Who, need_kind,
};
pub use issued::{commits_to_a_receipt, receipt_to_wrap_to};
pub use lines::{Credential, Line, Lines, Way};
pub use organisation::{
    Founding, NewMember, admission, admit, certify_staff, code_hash, draw_code, enrol, enrolment, found,
    founding_code, person_keys,
};
pub use proposal::{Proposal, VerifiedProposal};
pub use session::{SavedSession, Session};
