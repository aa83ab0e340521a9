//! The header of cookies.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flare_portal::properties::cookie(bytes));
