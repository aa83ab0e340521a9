//! The words every other crate shares: identifiers, money, time, days, lanes, countries, languages, codenames, codes, and how long to wait after a failure.
//!
//! Nothing here does I/O or knows a clock. The forms that are read here are those that machines write, one for each
//! value; what people type is read by `flare_typed` and ends in the same types. Everything is parsed at the edge into one of these types or refused with
//! an error that names the rule, so that code further in cannot be handed a value that makes no sense.

mod backoff;
mod code;
mod codename;
mod country;
mod date;
mod id;
mod lane;
mod language;
mod money;
mod random;
pub mod settings;
mod time;

pub use backoff::Backoff;
pub use code::UnknownCode;
pub use codename::{Codename, CodenameError};
pub use country::{Country, CountryError, Place};
pub use date::{Date, DateError};
pub use id::{
    CaseId, ContactId, EventId, FileId, GrantId, Id, IdError, IdKind, MessageId, NeedId, NoteId, NoticeId,
    PersonId, ReferenceId, ReferralId, StaffId, TrancheId,
};
pub use lane::{Lane, LaneError, lane_hint};
pub use language::{Language, LanguageError};
pub use money::{Currency, Money, MoneyError};
pub use random::{RandomError, random};
pub use time::{Duration, Timestamp};
