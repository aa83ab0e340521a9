//! What people typed, read: one place for every form, prompt and option.
//!
//! Keyboards, messengers and calendars differ. A figure may be Burmese, an amount grouped the German way, a day of the
//! Islamic calendar; a copied word may carry marks that nobody sees. Each module here takes such a text and says what it
//! is: one thing, one of two things, or nothing that can be read ([`Reading`]). Whoever asks decides what to do with the
//! second and third: a command refuses them, a page sends them as typed and has them marked for staff by the same
//! function.
//!
//! Nothing here does I/O or knows a clock; where today matters, it is an argument. What is written between machines is
//! not read here: the strict forms are `flare_kernel`'s.

pub mod codename;
pub mod currency;
pub mod date;
pub mod language;
pub mod money;
mod months;
mod names;
pub mod place;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod properties;
mod reading;
mod rule;
mod scale;
pub mod text;

pub use reading::{Reading, TwoWays};
pub use rule::Rule;
