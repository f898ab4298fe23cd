//! What must hold of every upgrade: random modules, data that are valid under them, and random changes of the modules.

use std::collections::{BTreeMap, BTreeSet};

use banyan_data::document::{Holds, Limits, ParseOptions};
use banyan_data::untyped::KnownModules;
use banyan_data::xml;
use banyan_testkit::{Dice, dice, edit, modules};
use banyan_yang::compile::{Compiler, MemorySource, Mode};
use banyan_yang::schema::NodeKind;
use proptest::prelude::*;

use super::locate::{Nodes, path_of};
use super::*;
use crate::bind::NoMounts;

fn compiled(texts: &[String; 2]) -> Option<Arc<Schema>> {
    let mut source = MemorySource::new();
    for text in texts {
        source.add(text.as_str());
    }
    let compiler = Compiler::new(&source).mode(Mode::Lenient);
    let compiler = compiler.implement("m", None).implement("n", None);
    Some(compiler.compile().ok()?.schema)
}

/// What may become of a type, or of what else is said of a node.
const CHANGES: &[(&str, &str)] = &[
    ("range 0..3;", "range 0..2;"),
    ("range 0..3;", "range 0..9;"),
    ("length 0..2;", "length 0..1;"),
    ("type string { length 0..2; }", "type uint8;"),
    ("enum c;", ""),
    ("enum a;", "enum z; enum a;"),
    ("type boolean;", "type string;"),
    ("range 0..2;", "range 0..1;"),
    ("bit y;", ""),
    ("range -1..1;", "range 0..1;"),
    ("identity two { base kind; }", "identity two;"),
    ("default \"0\";", ""),
];

/// Other modules: some statements are others, and some nodes have other names.
fn changed(text: &str, dice: &mut Dice) -> String {
    let mut text = text.to_owned();
    for (old, new) in CHANGES {
        let mut pieces = text.split(old);
        let mut result = pieces.next().unwrap_or("").to_owned();
        for piece in pieces {
            result.push_str(if dice.chance(20) { new } else { old });
            result.push_str(piece);
        }
        text = result;
    }
    for kind in [
        "leaf v",
        "leaf-list w",
        "container c",
        "list l",
        "anydata a",
    ] {
        let mut pieces = text.split(kind);
        let mut result = pieces.next().unwrap_or("").to_owned();
        for piece in pieces {
            result.push_str(kind);
            if dice.chance(8) {
                result.push('x');
            }
            result.push_str(piece);
        }
        text = result;
    }
    text
}

/// Data that are valid under a schema.
fn valid(schema: &Arc<Schema>, steps: &mut [Dice]) -> Tree {
    use banyan_data::validate::settle_all;
    use banyan_data::xpath::DEFAULT_BUDGET;
    let mut tree = Tree::empty(schema.clone());
    for step in steps {
        let Ok(edited) = edit(&tree, step).apply(&tree) else {
            continue;
        };
        let (settled, _) = settle_all(&edited, DEFAULT_BUDGET);
        let settled = bind::resolved(&settled);
        if bind::invalid(&settled).is_empty() {
            tree = settled;
        }
    }
    tree
}

fn between(old: &Tree, new: &Arc<Schema>, policy: Policy) -> Upgraded {
    let bytes = epochs::plain(old).unwrap();
    let source = Old {
        store: "running",
        file: "running_db",
        main: &bytes,
        parts: None,
        printed: None,
        schema: Some(old.schema()),
    };
    let how = Upgrade {
        steps: Vec::new(),
        policy,
    };
    upgrade(&source, new, &(Arc::new(NoMounts) as SharedMounts), &how)
}

fn document(text: &[u8], schemas: [&Schema; 2]) -> Document {
    let mut modules = KnownModules::default();
    for schema in schemas {
        modules.add_schema(schema);
    }
    Document::read(text, modules, &Limits::default()).unwrap()
}

/// A leaf, an entry of a leaf-list or an anydata node: its places, and the document that has nothing but it and the keys
/// around it.
struct Term {
    places: Vec<usize>,
    alone: Document,
    is_key: bool,
    content: String,
}

/// All of them, by their paths. The names are those of `schema`.
fn terms(document: &Document, schema: &Schema) -> BTreeMap<String, Term> {
    let mut found = BTreeMap::new();
    let mut open = vec![(Vec::new(), Nodes::root(&[schema]))];
    while let Some((places, nodes)) = open.pop() {
        let element = document.at(&places).unwrap();
        let kind = nodes
            .known(element)
            .map(|(schema, id)| (schema.node(id).kind, schema.node(id).is_key));
        match kind {
            _ if places.is_empty() => {}
            Some((NodeKind::Container | NodeKind::List, _)) => {}
            Some((_, is_key)) => {
                let path = path_of(document, &places, &[schema]);
                let mut alone = fit::Aside::of(document).data;
                fit::keep(document, schema, &places, &mut alone);
                if is_key {
                    // All keys of the entry are there, this one a second time.
                    let mut entry = &mut alone.root;
                    while entry
                        .children
                        .last()
                        .is_some_and(|it| !it.children.is_empty())
                    {
                        let last = entry.children.len() - 1;
                        entry = &mut entry.children[last];
                    }
                    entry.children.pop();
                }
                let term = Term {
                    alone,
                    is_key,
                    content: document.print_element(element, 0),
                    places,
                };
                found.insert(path, term);
                continue;
            }
            None => panic!("{} has no schema node", element.name),
        }
        for (place, child) in element.children.iter().enumerate() {
            let mut places = places.clone();
            places.push(place);
            open.push((places, nodes.child(&document.modules, child)));
        }
    }
    found
}

fn parsed(document: &Document, schema: &Arc<Schema>) -> Option<Tree> {
    let options = ParseOptions {
        holds: Holds::Config,
        ..ParseOptions::default()
    };
    xml::parse_data(schema, document.print().text.as_bytes(), &options).ok()
}

/// What is left of a document without some of its terms; containers and entries that hold nothing more stay.
fn without(document: &Document, gone: &[&Term]) -> Document {
    let mut rest = document.clone();
    let mut places: Vec<Vec<usize>> = gone
        .iter()
        .map(|term| match term.is_key {
            // An entry is nothing without its keys.
            true => term.places[..term.places.len() - 1].to_vec(),
            false => term.places.clone(),
        })
        .collect();
    places.sort();
    places.dedup_by(|inner, outer| inner.starts_with(outer));
    for places in places.iter().rev() {
        action::remove(&mut rest, places);
    }
    rest
}

fn contents(terms: &BTreeMap<String, Term>) -> BTreeMap<&str, &str> {
    terms
        .iter()
        .map(|(path, term)| (path.as_str(), term.content.as_str()))
        .collect()
}

/// What terms hold. A leafref whose target is gone from `schema` is a string there: nothing but text, which declares no prefixes.
fn contents_under(
    terms: &BTreeMap<&str, &str>,
    document: &Document,
    all: &BTreeMap<String, Term>,
    schema: &Schema,
) -> BTreeMap<String, String> {
    let is_text = |path: &str| {
        let Some(term) = all.get(path) else {
            return false;
        };
        let mut nodes = Nodes::root(&[schema]);
        for depth in 1..=term.places.len() {
            let Some(element) = document.at(&term.places[..depth]) else {
                return false;
            };
            nodes = nodes.child(&document.modules, element);
        }
        let known = document
            .at(&term.places)
            .and_then(|element| nodes.known(element));
        known.is_some_and(|(schema, id)| {
            let ty = schema.node(id).ty.as_ref();
            ty.is_some_and(|ty| ty.resolved().builtin_name() == "string")
        })
    };
    terms
        .iter()
        .map(|(path, content)| {
            let content = match is_text(path) {
                true => content.replace(" xmlns:m=\"urn:m\"", ""),
                false => (*content).to_owned(),
            };
            ((*path).to_owned(), content)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(100),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// What is left out and what stays are the original; what stays is all that the new modules accept, seen node by node;
    /// and who refuses gets nothing.
    #[test]
    fn what_fits_stays_and_what_does_not_is_kept(
        mut model in dice(20..300),
        mut change in dice(0..200),
        mut steps in proptest::collection::vec(dice(4..60), 1..25),
    ) {
        // No data are valid from the first day where something has to be there.
        let old_texts = modules(&mut model)
            .map(|text| text.replace("mandatory true;", "").replace("min-elements 1;", ""));
        let new_texts = [changed(&old_texts[0], &mut change), changed(&old_texts[1], &mut change)];
        let (Some(old), Some(new)) = (compiled(&old_texts), compiled(&new_texts)) else {
            return Ok(());
        };
        let tree = valid(&old, &mut steps);
        // A default may break its own constraint; then there are no valid data at all.
        prop_assume!(bind::invalid(&tree).is_empty());
        let text = epochs::plain(&tree).unwrap();
        let original = document(&text, [&old, &new]);
        // Not all instance-identifiers can be written.
        prop_assume!(parsed(&original, &old).is_some());
        let shown = || format!(
            "old\n{}\nnew\n{}\ndata\n{}", old_texts.concat(), new_texts.concat(), String::from_utf8_lossy(&text)
        );
        let all = terms(&original, &old);

        let refused = between(&tree, &new, Policy::Refuse);
        let done = between(&tree, &new, Policy::LeaveOut);
        prop_assert!(refused.left_out.is_none());
        prop_assert_eq!(
            refused.report.status == Status::Ok,
            done.report.status == Status::Ok && done.left_out.is_none(),
            "{}\n{}\n{}", shown(), refused.report, done.report
        );
        if refused.report.status == Status::Ok {
            prop_assert_eq!(&refused.tree, &done.tree);
            // There and back again.
            let there = done.tree.as_ref().unwrap();
            let back = between(there, &old, Policy::Refuse);
            prop_assert_eq!(back.report.status, Status::Ok, "{}\n{}", shown(), back.report);
            let back = document(&epochs::plain(&back.tree.unwrap()).unwrap(), [&old, &new]);
            let back = terms(&back, &old);
            prop_assert_eq!(contents(&back), contents(&all), "{}", shown());
        }
        if done.report.status != Status::Ok {
            prop_assert!(!done.report.errors.is_empty());
            return Ok(());
        }
        let result = done.tree.unwrap();
        prop_assert!(bind::invalid(&result).is_empty(), "{}", shown());

        let kept = document(&epochs::plain(&result).unwrap(), [&old, &new]);
        let kept = terms(&kept, &old);
        let aside = done.left_out.unwrap_or_else(|| "<config/>".to_owned());
        let aside = document(aside.as_bytes(), [&old, &new]);
        let aside = terms(&aside, &old);
        let (kept_all, aside_all, all_content) = (contents(&kept), contents(&aside), contents(&all));
        let mut sum = kept_all.clone();
        sum.extend(&aside_all);
        let under = |terms: &BTreeMap<&str, &str>| contents_under(terms, &original, &all, &new);
        prop_assert_eq!(under(&sum), under(&all_content), "{}", shown());
        let twice = kept.iter().filter(|(path, term)| !term.is_key && aside.contains_key(*path));
        prop_assert_eq!(twice.count(), 0, "{}", shown());

        let accepted: BTreeSet<&str> = all
            .iter()
            .filter(|(_, term)| parsed(&term.alone, &new).is_some())
            .map(|(path, _)| path.as_str())
            .collect();
        let kept: BTreeSet<&str> = kept_all.keys().copied().collect();
        prop_assert!(kept.is_subset(&accepted), "{}\n{:?}\n{:?}", shown(), kept, accepted);
        let gone: Vec<&Term> = all
            .iter()
            .filter(|(path, _)| !accepted.contains(path.as_str()))
            .map(|(_, term)| term)
            .collect();
        let expected = without(&original, &gone);
        if let Some(expected) = parsed(&expected, &new).map(|tree| bind::resolved(&tree))
            && bind::invalid(&expected).is_empty()
        {
            prop_assert_eq!(kept, accepted, "{}", shown());
        }
    }
}
