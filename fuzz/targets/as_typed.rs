//! Whatever anybody types.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flare_typed::properties::as_typed(bytes));
