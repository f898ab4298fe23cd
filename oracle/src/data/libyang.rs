//! libyang: a snapshot is a copy, and validation is of everything.

use yang5::context::{Context, ContextFlags, EmbeddedModuleKey, EmbeddedModules};
use yang5::data::{
    Data, DataDiffFlags, DataFormat, DataParserFlags, DataPrinterFlags, DataTree,
    DataValidationFlags,
};

use super::{ENTRY, Figures, MODEL, name};
use crate::measure::heap;

pub fn measure(entries: usize) -> Result<(), String> {
    let failed = |error: yang5::Error| format!("{error:?}");
    let context = context()?;
    let figures = Figures;
    let parse = |text: &str, format| {
        let options = DataParserFlags::NO_VALIDATION | DataParserFlags::STRICT;
        DataTree::parse_string(
            &context,
            text,
            format,
            options,
            DataValidationFlags::empty(),
        )
    };

    let text = super::json(entries);
    let tree = figures
        .timed("parse-json", || parse(&text, DataFormat::JSON))
        .map_err(failed)?;
    drop((tree, text));
    let text = super::xml(entries);
    let before = heap();
    let mut tree = figures
        .timed("parse-xml", || parse(&text, DataFormat::XML))
        .map_err(failed)?;
    figures.bytes("bytes", entries * ENTRY, before);
    drop(text);

    let options = DataValidationFlags::NO_STATE | DataValidationFlags::PRESENT;
    figures
        .timed("validate", || tree.validate(options))
        .map_err(failed)?;
    for (figure, format) in [
        ("print-xml", DataFormat::XML),
        ("print-json", DataFormat::JSON),
    ] {
        let flags = DataPrinterFlags::WITH_SIBLINGS | DataPrinterFlags::SHRINK;
        figures
            .timed(figure, || tree.print_string(format, flags))
            .map_err(failed)?;
    }
    let snapshot = figures
        .timed("snapshot", || tree.duplicate())
        .map_err(failed)?;
    one_leaf(&figures, &snapshot, &mut tree, entries).map_err(failed)?;
    // It has no indexes.
    println!("index 0\nindex-bytes 0");
    drop(snapshot);
    figures.timed("drop", || drop(tree));
    Ok(())
}

fn context() -> Result<Context, String> {
    let failed = |error: yang5::Error| format!("{error:?}");
    let flags = ContextFlags::NO_YANGLIBRARY | ContextFlags::DISABLE_SEARCHDIR_CWD;
    let mut context = Context::new(flags).map_err(failed)?;
    let modules: EmbeddedModules =
        [(EmbeddedModuleKey::new("scale", None, None, None), MODEL)].into();
    context.set_embedded_modules(&modules);
    context.load_module("scale", None, &[]).map_err(failed)?;
    context.unset_embedded_modules();
    Ok(context)
}

/// One change only: each validation and comparison costs as much as the first.
fn one_leaf(
    figures: &Figures,
    before: &DataTree<'_>,
    tree: &mut DataTree<'_>,
    entries: usize,
) -> Result<(), yang5::Error> {
    let path = format!(
        "/scale:interfaces/interface[name='{}']/mtu",
        name(7919 % entries)
    );
    let start = std::time::Instant::now();
    figures.timed("edit", || {
        tree.new_path(&path, Some("1400"), false).map(|_| ())
    })?;
    figures.timed("diff", || {
        before.diff(tree, DataDiffFlags::empty()).map(|_| ())
    })?;
    figures.timed("revalidate", || {
        tree.validate(DataValidationFlags::NO_STATE | DataValidationFlags::PRESENT)
    })?;
    figures.time("one-leaf", start.elapsed());
    Ok(())
}
