//! Whatever anybody types for a code.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| flare_seal::properties::receipt(text));
