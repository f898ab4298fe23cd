//! Bytes as an edit of some data, an edit-config in XML, `set` lines or a YANG Patch in XML or JSON: refused, or applied;
//! then the difference makes the new data from the old, as lines too, and its reverse the old from the new.
#![no_main]

mod model;

use banyan_data::change::{EditForm, diff};
use banyan_data::document::Strictness;
use banyan_data::edit::Operation;
use banyan_data::form::Form;
use banyan_data::patch::{from_document, is_yang_patch};
use banyan_data::validate::{Indexes, Mounts, Options, Settled, changed, full, settle};
use banyan_data::{ErrorKind, set};
use libfuzzer_sys::fuzz_target;
use model::{options, printed, schema, tree};

fuzz_target!(|bytes: &[u8]| {
    let old = tree();
    let read = options(Strictness::Strict);
    let edit = if is_yang_patch(bytes) {
        from_document(schema(), bytes, &read.limits, &old)
    } else {
        Form::of(bytes).parse_edit(schema(), bytes, Operation::Merge, &read)
    };
    let edit = edit.map_err(|errors| errors.iter().for_each(|error| drop(error.to_string())));
    let Ok(edit) = edit else { return };
    let new = match edit.apply(&old) {
        Ok(new) => new,
        Err(error) => {
            assert!(error.kind != ErrorKind::Malformed, "{error}");
            return;
        }
    };
    let changes = diff(&old, &new);
    assert_eq!(
        changes.apply(&old).map(|tree| printed(&tree)),
        Ok(printed(&new)),
        "{changes}"
    );
    assert_eq!(
        changes.reverse().apply(&new).map(|tree| printed(&tree)),
        Ok(printed(&old)),
        "{changes}"
    );
    let again = changes.to_edit(EditForm::Exact).apply(&old);
    assert_eq!(
        again.map(|tree| printed(&tree)),
        Ok(printed(&new)),
        "{changes}"
    );
    let mut lines = Vec::new();
    set::print_changes(&changes, &mut lines)
        .unwrap_or_else(|error| panic!("a vector takes all: {error}"));
    let again = set::parse_edit(schema(), &lines, &read)
        .map_err(|errors| errors[0].to_string())
        .and_then(|edit| edit.apply(&old).map_err(|error| error.to_string()));
    assert_eq!(
        again.as_ref(),
        Ok(&new),
        "{}",
        String::from_utf8_lossy(&lines)
    );
    // The sample is valid, so what the change alone tells is all.
    let indexes = Indexes::of(&old, Mounts::Validate).after(&old, &new);
    let Settled {
        tree: new, indexes, ..
    } = settle(&changes, &new, &indexes, 10_000);
    let incremental = changed(&diff(&old, &new), &new, &indexes, &Options::default());
    assert_eq!(
        incremental.errors,
        full(&new, &Options::default()).errors,
        "{changes}"
    );
});
