//! The hidden field of a form.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| flare_portal::properties::hidden_field(text));
