//! Between elements and paths: what an element is called in messages, and where in a file a path leads.

use banyan_data::path::literal::quoted;
use banyan_data::untyped::{Document, Element, KnownModules};
use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use super::report::{Finding, Place};
use super::source::file_of;

/// The data node that an element is an instance of, under `parent`.
pub(super) fn node_of(
    modules: &KnownModules,
    schema: &Schema,
    parent: SchemaId,
    element: &Element,
) -> Option<SchemaId> {
    let namespace = modules.namespace(&element.module);
    let module = schema
        .module_by_namespace(namespace)
        .or_else(|| schema.module_by_name(&element.module))?;
    schema.data_child(parent, module, &element.name)
}

/// The keys of a list, by name.
pub(super) fn keys_of(schema: &Schema, list: SchemaId) -> Vec<&str> {
    let keys = schema.node(list).keys().iter();
    keys.map(|key| &*schema.node(*key).name).collect()
}

/// The data nodes that an element is an instance of, one for each of several schemas that may know it.
#[derive(Clone)]
pub(super) struct Nodes<'a>(Vec<(&'a Schema, Option<SchemaId>)>);

impl<'a> Nodes<'a> {
    /// Those of the element around all.
    pub fn root(schemas: &[&'a Schema]) -> Nodes<'a> {
        Nodes(
            schemas
                .iter()
                .map(|it| (*it, Some(SchemaId::ROOT)))
                .collect(),
        )
    }

    /// Those of a child.
    pub fn child(&self, modules: &KnownModules, element: &Element) -> Nodes<'a> {
        let of = |(schema, node): &(&'a Schema, Option<SchemaId>)| {
            let child = node.and_then(|node| node_of(modules, schema, node, element));
            (*schema, child)
        };
        Nodes(self.0.iter().map(of).collect())
    }

    /// The first schema that knows the element; of lists one whose keys it has, if there is any.
    pub fn known(&self, element: &Element) -> Option<(&'a Schema, SchemaId)> {
        let known = self
            .0
            .iter()
            .filter_map(|(schema, node)| Some((*schema, (*node)?)));
        let has_keys = |(schema, node): &(&Schema, SchemaId)| {
            let has = |key: &&str| element.children.iter().any(|it| *it.name == **key);
            keys_of(schema, *node).iter().all(has)
        };
        known
            .clone()
            .find(has_keys)
            .or_else(|| known.clone().next())
    }
}

/// The path of an element, as RFC 7951 6.11 writes it. Entries of lists that one of the schemas knows show their keys,
/// others their place among elements of their name.
pub(super) fn path_of(document: &Document, places: &[usize], schemas: &[&Schema]) -> String {
    let mut path = String::new();
    let mut parent = &document.root;
    let mut nodes = Nodes::root(schemas);
    for place in places {
        let Some(element) = parent.children.get(*place) else {
            break;
        };
        nodes = nodes.child(&document.modules, element);
        step(parent, *place, element, nodes.known(element), &mut path);
        parent = element;
    }
    match path.is_empty() {
        true => "/".to_owned(),
        false => path,
    }
}

fn step(
    parent: &Element,
    place: usize,
    element: &Element,
    known: Option<(&Schema, SchemaId)>,
    path: &mut String,
) {
    path.push('/');
    // A new name of a module is written as the schema knows it.
    let module = known.map_or(&*element.module, |(schema, node)| {
        &*schema.module(schema.node(node).module).name
    });
    if element.module != parent.module {
        path.push_str(module);
        path.push(':');
    }
    path.push_str(&element.name);
    let kind = known.map(|(schema, node)| schema.node(node).kind);
    match (known, kind) {
        (Some((schema, node)), Some(NodeKind::List)) if !schema.node(node).keys().is_empty() => {
            for key in keys_of(schema, node) {
                let value = element.children.iter().find(|child| *child.name == *key);
                let value = value.map_or("", |value| &*value.text);
                path.push_str(&format!("[{key}={}]", quoted(value)));
            }
        }
        (_, Some(NodeKind::LeafList)) => {
            path.push_str(&format!("[.={}]", quoted(&element.text)));
        }
        (_, Some(NodeKind::Container | NodeKind::Leaf | NodeKind::AnyData | NodeKind::AnyXml)) => {}
        _ => {
            let namesake = |it: &&Element| it.is(&element.module, &element.name);
            if parent.children.iter().filter(namesake).count() > 1 {
                let before = parent.children[..place].iter().filter(namesake).count();
                path.push_str(&format!("[{}]", before + 1));
            }
        }
    }
}

/// Something to say about an element.
pub(super) fn found_at(
    document: &Document,
    places: &[usize],
    schemas: &[&Schema],
    file: &str,
    message: String,
) -> Finding {
    let element = document.at(places);
    let place = element.and_then(|element| {
        Some(Place {
            file: file_of(file, element.source.as_deref()),
            position: element.position?,
        })
    });
    Finding {
        path: path_of(document, places, schemas),
        place,
        message,
    }
}

/// The places that lead to the instance at `path`, or as far as there are elements. The path is one that the readers and
/// the validator of banyan-data write.
pub(super) fn places_of(document: &Document, schema: &Schema, path: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let mut node = Some(SchemaId::ROOT);
    let mut parent = &document.root;
    let mut rest = path;
    while !rest.is_empty() {
        let found = parent
            .children
            .iter()
            .enumerate()
            .find_map(|(place, child)| {
                let known = node.and_then(|node| node_of(&document.modules, schema, node, child));
                let mut text = String::new();
                step(
                    parent,
                    place,
                    child,
                    known.map(|it| (schema, it)),
                    &mut text,
                );
                let rest = rest.strip_prefix(&*text)?;
                (rest.is_empty() || rest.starts_with('/')).then_some((place, child, known, rest))
            });
        let Some((place, child, known, after)) = found else {
            break;
        };
        places.push(place);
        (parent, node, rest) = (child, known, after);
    }
    places
}
