//! Bytes as an XPath expression over some data: refused, stopped by its budget, or evaluated; twice to the same.
#![no_main]

mod model;

use banyan_data::cursor::Cursor;
use banyan_data::view::View;
use banyan_data::xpath::{Context, Names, Variables, compile, evaluate};
use banyan_yang::schema::SchemaId;
use banyan_yang::xpath::Extent;
use libfuzzer_sys::fuzz_target;
use model::{schema, tree};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let compiled = compile(
        schema(),
        &text,
        Names::Modules,
        SchemaId::ROOT,
        Extent::Value,
    );
    let expression = match compiled {
        Ok(expression) => expression,
        Err(error) => return drop(error.to_string()),
    };
    let tree = tree();
    let view = View::of(&tree);
    let variables = Variables::new();
    let mut context = Context::at(Cursor::root(&view), &variables);
    context.budget = 20_000;
    let shown = || match evaluate(&expression, &context) {
        Ok(value) => format!(
            "{} {} {}",
            value.to_text(),
            value.to_number(),
            value.to_boolean()
        ),
        Err(error) => error.to_string(),
    };
    assert_eq!(shown(), shown());
});
