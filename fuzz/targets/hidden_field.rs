//! The hidden field of a form.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| flare_portal::holds::hidden_field(text));
