//! What must hold of every model, all data and each edit: random models, and walks of random edits through their data.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_data::change::{EditForm, diff};
use banyan_data::document::{Layout, ParseOptions, PrintOptions};
use banyan_data::edit::Operation;
use banyan_data::form::Form;
use banyan_data::patch::{self, to_yang_patch};
use banyan_data::path::NoMounts;
use banyan_data::rebase::rebase;
use banyan_data::validate::{
    Indexes, Mounts, Options, Report, changed, full, resolve_unions, settle, settle_all,
};
use banyan_data::xpath::DEFAULT_BUDGET;
use banyan_data::{Tree, json, set, xml};
use banyan_testkit::{Dice, dice, edit, modules};
use banyan_yang::schema::Schema;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::fixture;

/// A model with dice for each edit of a walk.
fn walks(edits: usize) -> impl Strategy<Value = (Dice, Vec<Dice>)> {
    (
        dice(20..500),
        proptest::collection::vec(dice(4..60), 1..edits),
    )
}

/// Cases are few in `make test`; `PROPTEST_CASES` asks for more.
fn config(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked.and_then(|text| text.parse().ok()).unwrap_or(cases),
        // What failed becomes a test of its own.
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn schema(model_dice: &Dice) -> (String, Arc<Schema>) {
    let [base, augmenting] = modules(&mut model_dice.clone());
    let schema = fixture::schema(&[&base, &augmenting]);
    (base + &augmenting, schema)
}

fn options() -> Options<'static> {
    Options {
        errors: 1000,
        scope: banyan_data::view::Scope::Config,
        ..Options::default()
    }
}

fn xml_of(tree: &Tree) -> String {
    let options = PrintOptions {
        layout: Layout::Indented(1),
        ..PrintOptions::default()
    };
    let mut out = Vec::new();
    xml::print(tree, &options, &mut out).expect("a vector takes all");
    String::from_utf8(out).expect("XML is UTF-8")
}

fn json_of(tree: &Tree) -> String {
    let mut out = Vec::new();
    json::print(tree, &PrintOptions::default(), &mut out).expect("a vector takes all");
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn printed(form: Form, tree: &Tree) -> String {
    let mut out = Vec::new();
    form.print(tree, &PrintOptions::default(), &mut out)
        .expect("a vector takes all");
    String::from_utf8(out).expect("every form is UTF-8")
}

/// Whether no instance-identifier has quotes of both kinds in a predicate: XPath 1.0 has no escape for them.
fn can_be_written(tree: &Tree) -> bool {
    let read = xml::parse_data(
        tree.schema(),
        xml_of(tree).as_bytes(),
        &ParseOptions::default(),
    );
    let errors = read.err().unwrap_or_default();
    !errors
        .iter()
        .any(|error| error.message.contains("is not an instance-identifier"))
}

fn shown(report: &Report) -> Vec<String> {
    let mut shown: Vec<String> = report
        .errors
        .iter()
        .map(|error| format!("{error:?}"))
        .collect();
    shown.sort();
    shown
}

proptest! {
    #![proptest_config(config(150))]

    /// From a valid base, incremental validation finds what full validation finds, error for error; and what a change
    /// switches off is the same whether all data are looked through or only what the change can affect. Indexes that
    /// go along with changes are those that the result would get.
    #[test]
    fn incremental_validation_is_full_validation((model_dice, steps) in walks(40)) {
        let (text, schema) = schema(&model_dice);
        let mut base = Tree::empty(schema);
        let mut indexes = Indexes::of(&base, Mounts::Validate);
        let mut base_is_valid = full(&base, &options()).is_valid();
        for mut step in steps {
            let Ok(edited) = edit(&base, &mut step).apply(&base) else { continue };
            let changes = diff(&base, &edited);
            let moved = indexes.after(&base, &edited);
            let settled = settle(&changes, &edited, &moved, DEFAULT_BUDGET);
            let (pruned, gone) = settle_all(&edited, DEFAULT_BUDGET);
            prop_assert_eq!(xml_of(&settled.tree), xml_of(&pruned), "{}\n{}\n{:?}\n{:?}", text, changes, settled.removed, gone);
            // Not in XML, where all members of a union look alike.
            prop_assert_eq!(&settled.tree, &pruned, "{}\nbefore\n{}\n{}\n{:?}\n{}\n{}", text, json_of(&base), changes, settled.resolved, json_of(&settled.tree), json_of(&pruned));
            let (after, moved) = (settled.tree, settled.indexes);
            prop_assert_eq!(&moved, &Indexes::of(&after, Mounts::Validate), "{}\n{}", text, changes);
            let changes = diff(&base, &after);
            let expected = full(&after, &options());
            if base_is_valid {
                let found = changed(&changes, &after, &moved, &options());
                prop_assert_eq!(shown(&found), shown(&expected), "{}\nbefore\n{}\nchange\n{}\nafter\n{}", text, xml_of(&base), changes, xml_of(&after));
            }
            if expected.is_valid() || !base_is_valid {
                base_is_valid = expected.is_valid();
                (base, indexes) = (after, moved);
            }
        }
    }

    /// A difference makes the new tree from the old one, and its reverse the old one from the new; as an edit too. The
    /// old tree prints what it printed.
    #[test]
    fn a_difference_is_an_edit((model_dice, steps) in walks(12)) {
        let (text, schema) = schema(&model_dice);
        let mut old = Tree::empty(schema);
        for mut step in steps {
            let Ok(new) = edit(&old, &mut step).apply(&old) else { continue };
            let before = xml_of(&old);
            let changes = diff(&old, &new);
            let applied = changes.apply(&old).map_err(|error| TestCaseError::fail(format!("{text}\n{changes}\n{error}")))?;
            prop_assert_eq!(xml_of(&applied), xml_of(&new), "{}\n{}", text, changes);
            let back = changes.reverse().apply(&new).map_err(|error| TestCaseError::fail(format!("{text}\n{changes}\n{error}")))?;
            prop_assert_eq!(xml_of(&back), &before[..], "{}\n{}", text, changes);
            for form in [EditForm::Exact, EditForm::Tolerant] {
                let edited = changes.to_edit(form).apply(&old).map_err(|error| TestCaseError::fail(format!("{text}\n{changes}\n{error}")))?;
                prop_assert_eq!(xml_of(&edited), xml_of(&new), "{}\n{}", text, changes);
            }
            prop_assert_eq!(xml_of(&old), before);
            old = new;
        }
    }

    /// A difference that is printed, as lines, YANG Patch or edit-config, and read again makes the new tree too.
    #[test]
    fn a_printed_difference_is_the_same_edit((model_dice, steps) in walks(12)) {
        let (text, schema) = schema(&model_dice);
        let mut old = Tree::empty(schema.clone());
        for mut step in steps {
            let Ok(new) = edit(&old, &mut step).apply(&old) else { continue };
            if !can_be_written(&new) {
                continue;
            }
            let changes = diff(&old, &new);
            let mut lines = Vec::new();
            set::print_changes(&changes, &mut lines).expect("a vector takes all");
            let patch = to_yang_patch(&changes, "", Layout::Indented(1)).expect("it is JSON").into_bytes();
            let mut config = Vec::new();
            let mut minimal = changes.to_edit(EditForm::Exact);
            minimal.root.operation = Operation::Merge;
            xml::print_edit_wrapped(&minimal, Layout::Compact, &mut config).expect("a vector takes all");
            let read = ParseOptions::default();
            let mut forms = vec![
                (set::parse_edit(&schema, &lines, &read), lines),
                (patch::from_document(&schema, &patch, &read.limits, &NoMounts), patch),
            ];
            // anydata that goes through XML comes out as XML.
            if !text.contains("anydata") {
                forms.push((xml::parse_edit(&schema, &config, Operation::Merge, &read), config));
            }
            for (edit, printed) in forms {
                let context = || format!("{text}\n{changes}\n{}", String::from_utf8_lossy(&printed));
                let edit = edit.map_err(|errors| TestCaseError::fail(format!("{}\n{errors:?}", context())))?;
                let made = edit.apply(&old).map_err(|error| TestCaseError::fail(format!("{}\n{error}", context())))?;
                prop_assert_eq!(&made, &new, "{}", context());
            }
            old = new;
        }
    }

    /// What is printed is read again as the same data.
    #[test]
    fn documents_are_read_as_they_were_printed((model_dice, steps) in walks(12)) {
        let (text, schema) = schema(&model_dice);
        let mut tree = Tree::empty(schema.clone());
        for mut step in steps {
            match edit(&tree, &mut step).apply(&tree) {
                Ok(new) if can_be_written(&new) => tree = new,
                _ => {}
            }
        }
        let read = ParseOptions::default();
        for form in [Form::Text, Form::Set] {
            let printed = printed(form, &tree);
            let again = form.parse_data(&schema, printed.as_bytes(), &read);
            prop_assert_eq!(again.as_ref(), Ok(&tree), "{}\n{}", text, printed);
        }
        let (as_xml, as_json) = (xml_of(&tree), json_of(&tree));
        let from_xml = xml::parse_data(&schema, as_xml.as_bytes(), &read)
            .map_err(|errors| TestCaseError::fail(format!("{text}\n{as_xml}\n{errors:?}")))?;
        let from_json = json::parse_data(&schema, as_json.as_bytes(), &read)
            .map_err(|errors| TestCaseError::fail(format!("{text}\n{as_json}\n{errors:?}")))?;
        if text.contains("anydata") {
            // It keeps the encoding that it came in, and in XML says its namespaces itself.
            prop_assert_eq!(json_of(&from_json), as_json);
            let again = xml::parse_data(&schema, xml_of(&from_xml).as_bytes(), &read);
            prop_assert_eq!(again.map(|tree| xml_of(&tree)), Ok(xml_of(&from_xml)));
        } else {
            prop_assert!(diff(&tree, &from_xml).is_empty(), "{}\n{}", text, diff(&tree, &from_xml));
            prop_assert!(diff(&tree, &from_json).is_empty(), "{}\n{}", text, diff(&tree, &from_json));
        }
    }

    /// Two changes of one base go together in either order, or are a conflict in either order.
    #[test]
    fn rebasing_commutes((model_dice, steps) in walks(8), mut mine in dice(4..40), mut theirs in dice(4..40)) {
        let (text, schema) = schema(&model_dice);
        let mut base = Tree::empty(schema);
        for mut step in steps {
            if let Ok(new) = edit(&base, &mut step).apply(&base) {
                base = new;
            }
        }
        let (Ok(mine), Ok(theirs)) = (edit(&base, &mut mine).apply(&base), edit(&base, &mut theirs).apply(&base)) else {
            return Ok(());
        };
        let context = || format!("{text}\nbase\n{}\nmine\n{}\ntheirs\n{}", xml_of(&base), diff(&base, &mine), diff(&base, &theirs));
        match (rebase(&base, &mine, &theirs), rebase(&base, &theirs, &mine)) {
            (Ok(one), Ok(other)) => prop_assert_eq!(xml_of(&one), xml_of(&other), "{}", context()),
            (Err(_), Err(_)) => {}
            (one, other) => prop_assert!(false, "{:?}\n{:?}\n{}", one.map(|tree| xml_of(&tree)), other.map(|tree| xml_of(&tree)), context()),
        }
    }
}

/// A snapshot prints the same bytes after a thousand edits of what came after it.
#[test]
fn a_snapshot_never_changes() {
    let mut source = 0x9E37_79B9_7F4A_7C15_u64;
    let mut numbers = |count: usize| {
        let next = std::iter::repeat_with(|| {
            source ^= source << 13;
            source ^= source >> 7;
            source ^= source << 17;
            (source >> 20) as u16
        });
        Dice::new(next.take(count).collect())
    };
    let (_, schema) = schema(&numbers(200));
    let mut tree = Tree::empty(schema);
    let mut snapshots = Vec::new();
    let mut edits = 0;
    while edits < 1000 {
        if let Ok(new) = edit(&tree, &mut numbers(40)).apply(&tree) {
            edits += 1;
            if edits % 100 == 50 {
                snapshots.push((new.clone(), xml_of(&new)));
            }
            tree = new;
        }
    }
    for (snapshot, printed) in &snapshots {
        assert_eq!(xml_of(snapshot), *printed);
    }
    assert!(snapshots.windows(2).any(|pair| pair[0].1 != pair[1].1));
}

/// The walks above are worth their time only while they meet each kind of error, and valid data more often.
#[test]
fn random_walks_meet_every_kind_of_error() {
    use banyan_data::ErrorKind::*;
    let mut runner = TestRunner::deterministic();
    let (mut valid, mut removed, mut resolved) = (0, 0, 0);
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..200 {
        let walk = walks(40).new_tree(&mut runner).expect("nothing is refused");
        let (model_dice, steps) = walk.current();
        let mut base = Tree::empty(schema(&model_dice).1);
        for mut step in steps {
            let Ok(edited) = edit(&base, &mut step).apply(&base) else {
                continue;
            };
            let (after, gone) = settle_all(&edited, DEFAULT_BUDGET);
            removed += gone.len();
            resolved += resolve_unions(&edited, DEFAULT_BUDGET).1.len();
            let report = full(&after, &options());
            for error in &report.errors {
                *met.entry(format!("{:?}", error.kind)).or_default() += 1;
            }
            if report.is_valid() {
                valid += 1;
                base = after;
            }
        }
    }
    for kind in [
        InstanceRequired,
        MissingChoice,
        MissingElement,
        MustViolation,
        NotUnique,
        TooFewElements,
        TooManyElements,
    ] {
        assert!(
            met.contains_key(&format!("{kind:?}")),
            "no {kind:?}: {met:?}"
        );
    }
    assert!(
        valid > 800 && removed > 50 && resolved > 50,
        "{valid} valid, {removed} removed by when, {resolved} of other members of unions: {met:?}"
    );
}
