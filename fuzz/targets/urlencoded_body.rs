//! The body of a form.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flare_portal::properties::urlencoded_body(bytes));
