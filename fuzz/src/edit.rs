//! Bytes as an edit of some data, an edit-config in XML or a YANG Patch in JSON: refused, or applied; then the
//! difference makes the new data from the old, and its reverse the old from the new.
#![no_main]

mod model;

use banyan_data::change::{EditForm, diff};
use banyan_data::document::Strictness;
use banyan_data::edit::Operation;
use banyan_data::patch::from_yang_patch;
use banyan_data::validate::{Indexes, Mounts, Options, Settled, changed, full, settle};
use banyan_data::{ErrorKind, xml};
use libfuzzer_sys::fuzz_target;
use model::{options, printed, schema, tree};

fuzz_target!(|bytes: &[u8]| {
    let old = tree();
    let edit = if bytes.first() == Some(&b'{') {
        let text = String::from_utf8_lossy(bytes);
        from_yang_patch(schema(), &text, &old).map_err(|error| drop(error.to_string()))
    } else {
        let read = xml::parse_edit(
            schema(),
            bytes,
            Operation::Merge,
            &options(Strictness::Strict),
        );
        read.map_err(|errors| errors.iter().for_each(|error| drop(error.to_string())))
    };
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
