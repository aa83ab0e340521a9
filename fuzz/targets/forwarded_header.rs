//! The header that proxies name addresses in.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| flare_access::properties::forwarded_header(bytes));
