//! The document that an upgrade begins with: the files of a store, each element knowing where it stands in them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use banyan_data::DataError;
use banyan_data::document::Limits;
use banyan_data::error::Position;
use banyan_data::untyped::{Document, Element, KnownModules};
use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::changes::{KnownModule, is_module_state, modules_in_state};
use super::fit::said;
use super::locate::{keys_of, node_of};
use super::report::{Finding, Place};

/// A configuration as it is before an upgrade.
#[derive(Clone, Copy)]
pub(crate) struct Old<'a> {
    /// The datastore.
    pub store: &'a str,
    /// The name of its file, for messages.
    pub file: &'a str,
    /// The content of the file.
    pub main: &'a [u8],
    /// Of a split datastore: the parts that the file links to.
    pub parts: Option<&'a BTreeMap<String, Vec<u8>>>,
    /// The same data as XML, where the file is JSON and was read under its own schema: only the types say what values of
    /// JSON mean. Places are those of the file.
    pub printed: Option<&'a [u8]>,
    /// The schema that it was written under, where that is known.
    pub schema: Option<&'a Arc<Schema>>,
}

/// The document with the names of the modules that it was written under.
pub(super) fn read(old: &Old<'_>, new: &Schema) -> Result<Document, Finding> {
    let mut modules = KnownModules::default();
    if let Some(schema) = old.schema {
        modules.add_schema(schema);
        modules.add_schema(new);
        return of_files(old, modules);
    }
    modules.add_schema(new);
    let document = of_files(old, modules)?;
    // A file that lists its modules may have names of modules that are not loaded.
    let states = document
        .root
        .children
        .iter()
        .filter(|it| is_module_state(it));
    let listed: Vec<KnownModule> = states.flat_map(modules_in_state).collect();
    let unknown = |it: &KnownModule| *document.modules.module(&it.namespace) != *it.name;
    if !listed.iter().any(unknown) {
        return Ok(document);
    }
    let mut modules = KnownModules::default();
    for module in &listed {
        modules.add(&module.name, &module.namespace);
    }
    modules.add_schema(new);
    of_files(old, modules)
}

fn of_files(old: &Old<'_>, modules: KnownModules) -> Result<Document, Finding> {
    let limits = Limits::default();
    let wrong = |part: Option<&str>, error: &DataError| Finding {
        path: error.path.to_string(),
        place: error.position.map(|position| Place {
            file: file_of(old.file, part),
            position,
        }),
        message: said(error),
    };
    let read = |bytes, modules| {
        Document::read(bytes, modules, &limits).map_err(|error| wrong(None, &error))
    };
    let written = match old.parts {
        None => read(old.main, modules.clone()),
        Some(parts) => Document::read_split(old.main, parts, modules.clone(), &limits)
            .map_err(|(part, error)| wrong(part.as_deref(), &error)),
    }?;
    let Some(printed) = old.printed else {
        return Ok(written);
    };
    let mut document = read(printed, modules)?;
    let schema = old.schema.map(|schema| (&**schema, SchemaId::ROOT));
    let around = Position { line: 1, column: 1 };
    let known = document.modules.clone();
    place(&known, &written.root, &mut document.root, schema, around);
    Ok(document)
}

/// The file that an element stands in: parts are beside the main file.
pub(super) fn file_of(main: &str, part: Option<&str>) -> String {
    match part {
        None => main.to_owned(),
        Some(part) => Path::new(main).with_file_name(part).display().to_string(),
    }
}

/// Gives elements the places of those that say the same in `written`; one that nobody finds there has the place of what
/// is around it. Recursion is bounded by the limits of the readers.
fn place(
    modules: &KnownModules,
    written: &Element,
    printed: &mut Element,
    schema: Option<(&Schema, SchemaId)>,
    around: Position,
) {
    let node = |child: &Element| {
        let (schema, parent) = schema?;
        Some((schema, node_of(modules, schema, parent, child)?))
    };
    let mut places: HashMap<Identity, VecDeque<&Element>> = HashMap::new();
    for child in &written.children {
        let identity = Identity::of(child, node(child));
        places.entry(identity).or_default().push_back(child);
    }
    for child in &mut printed.children {
        let node = node(child);
        let there = places
            .get_mut(&Identity::of(child, node))
            .and_then(VecDeque::pop_front);
        let position = there.and_then(|there| there.position).unwrap_or(around);
        child.position = Some(position);
        let nothing = Element::default();
        place(modules, there.unwrap_or(&nothing), child, node, position);
    }
}

/// What tells an element from its siblings.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    module: Arc<str>,
    name: Arc<str>,
    /// Of an entry of a list: the keys; of a leaf-list: the value.
    values: Vec<String>,
}

impl Identity {
    fn of(element: &Element, node: Option<(&Schema, SchemaId)>) -> Identity {
        let text = |child: &Element| child.text.clone();
        let values = match node.map(|(schema, node)| (schema, node, schema.node(node).kind)) {
            Some((schema, node, NodeKind::List)) => {
                let keys = keys_of(schema, node).into_iter();
                keys.map(|key| {
                    let mut children = element.children.iter();
                    let key = children.find(|child| *child.name == *key);
                    key.map_or_else(String::new, text)
                })
                .collect()
            }
            Some((_, _, NodeKind::LeafList)) => vec![text(element)],
            _ => Vec::new(),
        };
        Identity {
            module: element.module.clone(),
            name: element.name.clone(),
            values,
        }
    }
}
