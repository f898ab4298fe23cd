//! Bytes as a document, in XML or in JSON as their first says: refused with a message, or read; then both prints of it
//! are read again, print the same, and validation and the search for false `when`s end.
#![no_main]

mod model;

use banyan_data::document::Strictness;
use banyan_data::validate::{Options, apply_whens, full};
use banyan_data::{json, xml};
use libfuzzer_sys::fuzz_target;
use model::{options, printed, schema};

fuzz_target!(|bytes: &[u8]| {
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let is_json = bytes.first().is_some_and(|first| b"{[ \n".contains(first));
        let read = if is_json {
            json::parse_data(schema(), bytes, &options(strictness))
        } else {
            xml::parse_data(schema(), bytes, &options(strictness))
        };
        let tree = match read {
            Ok(tree) => tree,
            Err(errors) => {
                assert!(!errors.is_empty());
                errors.iter().for_each(|error| drop(error.to_string()));
                continue;
            }
        };
        for error in full(&tree, &Options::default()).errors {
            drop(error.to_string());
        }
        apply_whens(&tree, 10_000);
        let (as_xml, as_json) = printed(&tree);
        let again = xml::parse_data(schema(), &as_xml, &options(Strictness::Strict));
        let again = again.unwrap_or_else(|errors| panic!("{errors:?}"));
        let twice = printed(&again).0;
        // anydata is printed with its namespaces; from then on it stays.
        let third = xml::parse_data(schema(), &twice, &options(Strictness::Strict));
        assert_eq!(third.map(|tree| printed(&tree).0), Ok(twice));
        if let Err(errors) = json::parse_data(schema(), &as_json, &options(Strictness::Strict)) {
            panic!("{}: {errors:?}", String::from_utf8_lossy(&as_json));
        }
    }
});
