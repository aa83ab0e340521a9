//! The only SQL of this service.

pub(crate) mod cases;
mod children;
pub(crate) mod grants;
pub(crate) mod lists;
mod payments;
