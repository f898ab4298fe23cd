//! Bytes as an XPath expression: it is refused, or its print parses to the same expression again.
#![no_main]

use banyan_yang::xpath::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    match parse(&text) {
        Ok(expression) => {
            let printed = expression.to_string();
            match parse(&printed) {
                Ok(again) => assert_eq!(again, expression, "{printed}"),
                Err(error) => panic!("{printed}: {error}"),
            }
        }
        Err(error) => drop(error.to_string()),
    }
});
