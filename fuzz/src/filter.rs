//! Bytes as a subtree filter: refused, or it selects a part of the data that it selects whole again.
#![no_main]

mod model;

use banyan_data::document::Strictness;
use banyan_data::filter::Subtree;
use libfuzzer_sys::fuzz_target;
use model::{options, printed, schema, tree};

fuzz_target!(|bytes: &[u8]| {
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        match Subtree::parse(schema(), bytes, &options(strictness)) {
            Ok(filter) => {
                let part = filter.select(&tree());
                assert_eq!(printed(&filter.select(&part)), printed(&part));
            }
            Err(errors) => errors.iter().for_each(|error| drop(error.to_string())),
        }
    }
});
