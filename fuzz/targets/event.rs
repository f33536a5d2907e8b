//! Any bytes as an event, and as the body of a message.
#![no_main]

#[path = "../checks.rs"]
#[expect(dead_code, reason = "the other targets' checks")]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    checks::event(bytes);
    checks::message(bytes);
});
