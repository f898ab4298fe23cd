//! Bytes as a document, in the form that their beginning says: refused with a message, or read; then what is printed in
//! each form is read again and prints the same, and validation and the search for false `when`s end.
#![no_main]

mod model;

use banyan_data::document::{PrintOptions, Strictness};
use banyan_data::form::Form;
use banyan_data::validate::{Options, settle_all, full};
use banyan_data::{json, xml};
use libfuzzer_sys::fuzz_target;
use model::{options, printed, schema};

fuzz_target!(|bytes: &[u8]| {
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let read = Form::of(bytes).parse_data(schema(), bytes, &options(strictness));
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
        settle_all(&tree, 10_000);
        let (as_xml, as_json) = printed(&tree);
        let again = xml::parse_data(schema(), &as_xml, &options(Strictness::Strict));
        let again = again.unwrap_or_else(|errors| panic!("{errors:?}"));
        let twice = printed(&again).0;
        // anydata is printed with its namespaces; from then on it stays.
        let third = xml::parse_data(schema(), &twice, &options(Strictness::Strict));
        assert_eq!(third.map(|tree| printed(&tree).0), Ok(twice));
        for form in [Form::Text, Form::Set] {
            let mut text = Vec::new();
            form.print(&tree, &PrintOptions::default(), &mut text)
                .unwrap_or_else(|error| panic!("a vector takes all: {error}"));
            let again = form.parse_data(schema(), &text, &options(Strictness::Strict));
            assert_eq!(
                again.as_ref(),
                Ok(&tree),
                "{}",
                String::from_utf8_lossy(&text)
            );
        }
        if let Err(errors) = json::parse_data(schema(), &as_json, &options(Strictness::Strict)) {
            panic!("{}: {errors:?}", String::from_utf8_lossy(&as_json));
        }
    }
});
