//! Schemas for unit tests from an outline, as the compiler would hand them over.
//!
//! One line per node, indented by two: kind, name, then `word` or `word=value` (values with blanks in
//! double quotes). Words: `key`, `type` (a built-in name, `ref`, `instance`, `enum`, `bits`, `identity`,
//! `union`), `path`, `default`, `mandatory`, `presence`, `state`, `user`, `min`, `max`, `must`, `tag`,
//! `when`, `when-parent`, `unique`, `default-case`, `mount`.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_yang::schema::{
    Bit, DefaultText, EnumItem, Expression, Identity, IdentityId, IntWidth, Module, ModuleId, Must,
    NodeKind, OrderedBy, PrefixMap, Restriction, Schema, SchemaId, SchemaNode, SchemaParts, Status,
    Type, TypeKind, Unique, When, WhenContext,
};
use banyan_yang::source::Span;

use crate::document::ParseOptions;
use crate::node::Tree;
use crate::xml::parse_data;

fn words(line: &str) -> Vec<(String, String)> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let end = rest.find([' ', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').unwrap(),
            None => match after.strip_prefix('=') {
                Some(plain) => plain.split_at(plain.find(' ').unwrap_or(plain.len())),
                None => ("", after),
            },
        };
        words.push((word.to_owned(), value.to_owned()));
        rest = after.trim_start();
    }
    words
}

fn prefixes() -> Arc<PrefixMap> {
    Arc::new(PrefixMap {
        default: Some(ModuleId(0)),
        prefixes: BTreeMap::from([("t".into(), ModuleId(0))]),
    })
}

fn expression(text: &str) -> Expression {
    Expression {
        text: text.into(),
        expr: Arc::new(banyan_yang::xpath::parse(text).unwrap()),
        prefixes: prefixes(),
        span: Span::default(),
    }
}

fn ty(kind: TypeKind) -> Arc<Type> {
    Arc::new(Type {
        kind,
        typedef: None,
    })
}

fn string() -> Arc<Type> {
    ty(TypeKind::String {
        length: Restriction::default(),
        patterns: Default::default(),
    })
}

fn leafref(nodes: &[SchemaNode], path: &str) -> Arc<Type> {
    let names: Vec<&str> = path.split(['/', '[']).collect();
    let fits = |node: &SchemaNode| {
        let above = node.parent().map(|parent| &nodes[parent.index()].name);
        let name = path.rsplit('/').next().unwrap();
        *node.name == *name
            && above.is_some_and(|above| above.is_empty() || names.contains(&&**above))
    };
    let target = nodes
        .iter()
        .position(fits)
        .or_else(|| {
            nodes
                .iter()
                .position(|node| path.ends_with(&*node.name) && !node.name.is_empty())
        })
        .unwrap();
    ty(TypeKind::Leafref {
        path: expression(path),
        target: SchemaId(target as u32),
        resolved: nodes[target].ty.clone().unwrap_or_else(string),
        require_instance: true,
    })
}

fn type_named(nodes: &[SchemaNode], name: &str, path: &str) -> Arc<Type> {
    ty(match name {
        "string" => return string(),
        "ref" => return leafref(nodes, path),
        "union" => TypeKind::Union([leafref(nodes, path), string()].into()),
        "uint32" => TypeKind::Uint(IntWidth::W32, Restriction::default()),
        "uint64" => TypeKind::Uint(IntWidth::W64, Restriction::default()),
        "int32" => TypeKind::Int(IntWidth::W32, Restriction::default()),
        "boolean" => TypeKind::Boolean,
        "decimal" => TypeKind::Decimal64 {
            fraction_digits: 2,
            range: Restriction::default(),
        },
        "instance" => TypeKind::InstanceIdentifier {
            require_instance: true,
        },
        "identity" => TypeKind::IdentityRef([IdentityId(0)].into()),
        "enum" => TypeKind::Enumeration(
            [("low", 1), ("high", 10)]
                .map(|(name, value)| EnumItem {
                    name: name.into(),
                    value,
                })
                .into(),
        ),
        "bits" => TypeKind::Bits(
            [("read", 0), ("write", 1)]
                .map(|(name, position)| Bit {
                    name: name.into(),
                    position,
                })
                .into(),
        ),
        other => panic!("{other}"),
    })
}

fn kind(word: &str) -> NodeKind {
    use NodeKind::*;
    let kinds = [
        Container,
        List,
        Leaf,
        LeafList,
        Choice,
        Case,
        AnyData,
        Rpc,
        Action,
        Input,
        Output,
        Notification,
    ];
    kinds
        .into_iter()
        .find(|kind| kind.keyword() == word)
        .unwrap()
}

/// The nearest ancestor of a node that is not a choice or case.
fn above(nodes: &[SchemaNode], node: &SchemaNode) -> usize {
    let mut above = node.parent().map_or(0, SchemaId::index);
    while matches!(nodes[above].kind, NodeKind::Choice | NodeKind::Case) {
        above = nodes[above].parent().map_or(0, SchemaId::index);
    }
    above
}

/// A schema of one module `t` (namespace `urn:t`) with identities `animal`, `dog` (an animal) and
/// `poodle` (a dog).
pub(crate) fn outline(text: &str) -> Arc<Schema> {
    let root = SchemaNode::new(
        NodeKind::Root,
        "".into(),
        ModuleId(0),
        None,
        Span::default(),
    );
    let mut nodes = vec![root];
    let mut open = vec![0];
    let mut attributes = vec![Vec::new()];
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let depth = (line.len() - line.trim_start().len()) / 2 + 1;
        open.truncate(depth);
        let mut words = words(line);
        let (keyword, name) = (words.remove(0).0, words.remove(0).0);
        let parent = open[depth - 1];
        let id = nodes.len();
        let parent_id = SchemaId(parent as u32);
        let span = Span::default();
        let mut node = SchemaNode::new(
            kind(&keyword),
            name.as_str().into(),
            ModuleId(0),
            Some(parent_id),
            span,
        );
        node.config = nodes[parent].config;
        for (word, value) in &words {
            match word.as_str() {
                "default" => node.facts_mut().defaults.push(DefaultText {
                    text: value.as_str().into(),
                    prefixes: prefixes(),
                }),
                "mandatory" => node.mandatory = true,
                "presence" => node.presence = true,
                "state" => node.config = false,
                "user" => node.ordered_by = OrderedBy::User,
                "mount" => node.facts_mut().mount_point = Some("m".into()),
                "min" => node.facts_mut().min_elements = value.parse().unwrap(),
                "max" => node.facts_mut().max_elements = Some(value.parse().unwrap()),
                "must" => node.facts_mut().musts.push(Must {
                    expression: expression(value),
                    error_message: None,
                    error_app_tag: None,
                }),
                "tag" => {
                    node.facts_mut().musts.last_mut().unwrap().error_app_tag =
                        Some(value.as_str().into())
                }
                "when" | "when-parent" => node.facts_mut().whens.push(When {
                    expression: expression(value),
                    context: match word.as_str() {
                        "when" => WhenContext::Node,
                        _ => WhenContext::Parent,
                    },
                }),
                _ => {}
            }
        }
        nodes.push(node);
        attributes.push(words);
        open.push(id);
    }
    // Keys, types and the like name nodes that may come later.
    for id in 1..nodes.len() {
        let find = |nodes: &[SchemaNode], name: &str| {
            let names = name.split('/');
            names.fold(id, |at, name| {
                let under = |node: &SchemaNode| match node.kind.is_data() {
                    // Choices and cases between are looked through.
                    true => above(nodes, node) == at || node.parent() == Some(SchemaId(at as u32)),
                    false => node.parent() == Some(SchemaId(at as u32)),
                };
                let is_called = |node: &SchemaNode| under(node) && *node.name == *name;
                nodes.iter().position(is_called).unwrap()
            })
        };
        let words = attributes[id].clone();
        let value = |wanted: &str| {
            let mut found = words.iter().filter(|(word, _)| word == wanted);
            found.next().map(|(_, value)| value.as_str())
        };
        for key in value("key").iter().flat_map(|keys| keys.split(' ')) {
            let key = find(&nodes, key);
            nodes[key].is_key = true;
            nodes[id].links_mut().keys.push(SchemaId(key as u32));
        }
        if let Some(case) = value("default-case") {
            nodes[id].links_mut().default_case = Some(SchemaId(find(&nodes, case) as u32));
        }
        for (_, leaves) in words.iter().filter(|(word, _)| word == "unique") {
            let leaves = leaves.split(' ');
            let leaves = leaves
                .map(|leaf| SchemaId(find(&nodes, leaf) as u32))
                .collect();
            nodes[id].links_mut().uniques.push(Unique {
                leaves,
                span: Span::default(),
            });
        }
        if matches!(nodes[id].kind, NodeKind::Leaf | NodeKind::LeafList) {
            let name = value("type").unwrap_or("string");
            nodes[id].ty = Some(type_named(&nodes, name, value("path").unwrap_or("")));
        }
    }
    let identity = |name: &str, ancestors| Identity {
        name: name.into(),
        module: ModuleId(0),
        ancestors,
        status: Status::Current,
        usable: true,
    };
    SchemaParts {
        modules: vec![Module {
            name: "t".into(),
            revision: None,
            namespace: "urn:t".into(),
            prefix: "t".into(),
            yang_1_1: true,
            implemented: true,
            features: Default::default(),
            deviated_by: Vec::new(),
            submodules: Vec::new(),
            extensions: Vec::new(),
            text: "".into(),
        }],
        nodes,
        identities: vec![
            identity("animal", vec![]),
            identity("dog", vec![IdentityId(0)]),
            identity("poodle", vec![IdentityId(0), IdentityId(1)]),
        ],
        ..SchemaParts::default()
    }
    .assemble()
}

/// Data of an outline; `xml` needs no namespaces.
pub(crate) fn data(schema: &Arc<Schema>, xml: &str) -> Tree {
    let document = format!("<data xmlns=\"urn:t\" xmlns:t=\"urn:t\">{xml}</data>");
    parse_data(schema, document.as_bytes(), &ParseOptions::default())
        .unwrap_or_else(|errors| panic!("{errors:?}"))
}
