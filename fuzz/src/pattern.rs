//! Bytes as an XSD pattern: it is refused, or it translates, compiles and matches, without a panic and in bounded time.
#![no_main]

use banyan_yang::pattern::{Pattern, Syntax};
use libfuzzer_sys::fuzz_target;

/// Strings of all kinds that patterns tell apart.
const VALUES: [&str; 8] = [
    "",
    "a",
    "Az_09-.:",
    "^$",
    "10.255.0.1/24",
    "ø\u{301}\u{10FFFF}",
    " \t\r\n",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
];

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for syntax in [Syntax::Xsd, Syntax::Posix] {
        match Pattern::in_syntax(&*text, syntax) {
            Ok(pattern) => {
                for value in VALUES {
                    pattern.is_match(value);
                }
                // Most patterns match little else than what looks like themselves.
                pattern.is_match(&text);
            }
            Err(error) => drop(error.to_string()),
        }
    }
});
