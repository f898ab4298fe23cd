//! A small model for the unit tests of this crate, as the compiler would hand it over, and random data of it.

use std::sync::Arc;

use banyan_yang::schema::{
    Annotation, IntWidth, Module, ModuleId, NodeKind, OrderedBy, Restriction, Schema, SchemaId,
    SchemaNode, SchemaParts, Status, Type, TypeKind,
};
use banyan_yang::source::{SourceId, Span};

use crate::change::diff;
use crate::choice::{branches, exclude_each_other};
use crate::edit::{Edit, Operation};
use crate::list::{LeafList, List};
use crate::meta::{Annotated, Meta};
use crate::node::{Content, Node, Slot, Tree};
use crate::path::{self, InstancePath, PathStep, Select};
use crate::value::{UnionValue, Value};

fn span() -> Span {
    Span {
        source: SourceId(0),
        start: 0,
        end: 0,
    }
}

struct Builder {
    nodes: Vec<SchemaNode>,
    string: Arc<Type>,
    uint: Arc<Type>,
}

impl Builder {
    fn node(&mut self, parent: u32, kind: NodeKind, name: &str) -> u32 {
        let id = self.nodes.len() as u32;
        let node = SchemaNode::new(
            kind,
            name.into(),
            ModuleId(u32::from(name.starts_with("more"))),
            Some(SchemaId(parent)),
            span(),
        );
        self.nodes.push(node);
        id
    }

    fn leaf(&mut self, parent: u32, name: &str) -> u32 {
        let id = self.node(parent, NodeKind::Leaf, name);
        self.nodes[id as usize].ty = Some(self.string.clone());
        id
    }

    fn number(&mut self, parent: u32, name: &str) {
        let id = self.node(parent, NodeKind::Leaf, name);
        self.nodes[id as usize].ty = Some(self.uint.clone());
    }

    fn leaf_list(&mut self, parent: u32, name: &str, ordered_by: OrderedBy) -> u32 {
        let id = self.node(parent, NodeKind::LeafList, name);
        self.nodes[id as usize].ty = Some(self.string.clone());
        self.nodes[id as usize].ordered_by = ordered_by;
        id
    }

    fn list(&mut self, parent: u32, name: &str, keys: &[&str], ordered_by: OrderedBy) -> u32 {
        let id = self.node(parent, NodeKind::List, name);
        for key in keys {
            let key = self.leaf(id, key);
            self.nodes[key as usize].is_key = true;
            self.nodes[id as usize].links_mut().keys.push(SchemaId(key));
        }
        self.nodes[id as usize].ordered_by = ordered_by;
        id
    }
}

fn module(name: &str) -> Module {
    Module {
        name: name.into(),
        revision: None,
        namespace: format!("urn:{name}").into(),
        prefix: name[..1].into(),
        yang_1_1: true,
        implemented: true,
        features: Default::default(),
        deviated_by: Vec::new(),
        submodules: Vec::new(),
        extensions: Vec::new(),
        text: "".into(),
    }
}

/// ```text
/// module acme {
///   container system { leaf hostname; leaf more:note; container clock { leaf zone } container ssh { presence } anydata blob; }
///   container interfaces { list interface [name] { leaf name; leaf mtu (uint32); leaf-list tag; container ipv4 { list address [ip port] } } }
///   container acl { list rule [name] (user) { leaf name; leaf action } leaf-list chain (user) }
///   container server { choice transport { case tcp { leaf port; leaf-list allowed } case udp { leaf udp-port }
///                      case other { choice kind { case x { leaf x } case y { container y { leaf z } } } } } }
///   container state { list log (no key) { leaf text } leaf-list seen }
///   list device [name] { leaf name; container config { mount-point } }
///   md:annotation note; md:annotation mark (uint32); md:annotation more:note;
/// }
/// ```
pub(crate) fn schema() -> Arc<Schema> {
    use OrderedBy::{System, User};
    let type_of = |kind| {
        Arc::new(Type {
            kind,
            typedef: None,
        })
    };
    let mut b = Builder {
        nodes: vec![SchemaNode::new(
            NodeKind::Root,
            "".into(),
            ModuleId(0),
            None,
            span(),
        )],
        string: type_of(TypeKind::String {
            length: Restriction::default(),
            patterns: Default::default(),
        }),
        uint: type_of(TypeKind::Uint(IntWidth::W32, Restriction::default())),
    };
    let system = b.node(0, NodeKind::Container, "system");
    b.leaf(system, "hostname");
    b.leaf(system, "more-note");
    let clock = b.node(system, NodeKind::Container, "clock");
    b.leaf(clock, "zone");
    let ssh = b.node(system, NodeKind::Container, "ssh");
    b.nodes[ssh as usize].presence = true;
    b.node(system, NodeKind::AnyData, "blob");

    let interfaces = b.node(0, NodeKind::Container, "interfaces");
    let interface = b.list(interfaces, "interface", &["name"], System);
    b.number(interface, "mtu");
    b.leaf_list(interface, "tag", System);
    let ipv4 = b.node(interface, NodeKind::Container, "ipv4");
    b.list(ipv4, "address", &["ip", "port"], System);

    let acl = b.node(0, NodeKind::Container, "acl");
    let rule = b.list(acl, "rule", &["name"], User);
    b.leaf(rule, "action");
    b.leaf_list(acl, "chain", User);

    let server = b.node(0, NodeKind::Container, "server");
    let transport = b.node(server, NodeKind::Choice, "transport");
    let tcp = b.node(transport, NodeKind::Case, "tcp");
    b.number(tcp, "port");
    b.leaf_list(tcp, "allowed", System);
    let udp = b.node(transport, NodeKind::Case, "udp");
    b.number(udp, "udp-port");
    let other = b.node(transport, NodeKind::Case, "other");
    let kind = b.node(other, NodeKind::Choice, "kind");
    let x = b.node(kind, NodeKind::Case, "x");
    b.leaf(x, "x");
    let y = b.node(kind, NodeKind::Case, "y");
    let y = b.node(y, NodeKind::Container, "y");
    b.leaf(y, "z");

    let state = b.node(0, NodeKind::Container, "state");
    let log = b.list(state, "log", &[], User);
    b.leaf(log, "text");
    b.leaf_list(state, "seen", User);

    let device = b.list(0, "device", &["name"], System);
    let config = b.node(device, NodeKind::Container, "config");
    b.nodes[config as usize].facts_mut().mount_point = Some("config".into());

    for id in [state, log, log + 1, log + 2] {
        b.nodes[id as usize].config = false;
    }
    SchemaParts {
        modules: vec![module("acme"), module("more")],
        nodes: b.nodes,
        identities: Vec::new(),
        annotations: [
            (0, "note", &b.string),
            (0, "mark", &b.uint),
            (1, "note", &b.string),
        ]
        .map(|(module, name, ty)| Annotation {
            name: name.into(),
            module: ModuleId(module),
            ty: ty.clone(),
            units: None,
            status: Status::Current,
            description: None,
            span: span(),
        })
        .into(),
        digest: [7; 32],
        ..SchemaParts::default()
    }
    .assemble()
}

/// The path that `text` spells; what is mounted anywhere has the same schema.
pub(crate) fn path(schema: &Arc<Schema>, text: &str) -> InstancePath {
    path::parse(schema, text, &Recursive(schema.clone())).unwrap_or_else(|error| panic!("{error}"))
}

/// Mounts the same schema everywhere.
pub(crate) struct Recursive(pub(crate) Arc<Schema>);

impl path::Mounts for Recursive {
    fn schema_at(&self, _: &InstancePath) -> Option<Arc<Schema>> {
        Some(self.0.clone())
    }
}

/// The id of the node at a path.
pub(crate) fn id(schema: &Arc<Schema>, text: &str) -> SchemaId {
    path(schema, text)
        .steps
        .last()
        .map_or(SchemaId::ROOT, |step| step.node)
}

/// Random numbers without a dependency: xorshift.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn value(&mut self, schema: &Schema, leaf: SchemaId) -> Value {
        match &schema.node(leaf).ty {
            Some(ty) => self.value_of(schema, ty),
            None => Value::Empty,
        }
    }

    fn value_of(&mut self, schema: &Schema, ty: &Type) -> Value {
        match &ty.resolved().kind {
            TypeKind::Uint(..) => Value::Uint(self.below(4)),
            TypeKind::Union(members) => {
                let member = self.below(members.len() as u64) as usize;
                let value = self.value_of(schema, &members[member]);
                Value::Union(triomphe::Arc::new(UnionValue {
                    member: member as u16,
                    value,
                }))
            }
            TypeKind::InstanceIdentifier { .. } => {
                Value::InstanceId(triomphe::Arc::new(self.path(schema)))
            }
            _ => Value::string(&format!("v{}", self.below(12))),
        }
    }

    /// The path of some instance of configuration, which may or may not be there.
    fn path(&mut self, schema: &Schema) -> InstancePath {
        let mut path = InstancePath::default();
        let mut at = SchemaId::ROOT;
        loop {
            let children = schema.data_children(at);
            if children.is_empty() || (at != SchemaId::ROOT && self.chance(20)) {
                return path;
            }
            at = children[self.below(children.len() as u64) as usize];
            let node = schema.node(at);
            let select = match node.kind {
                NodeKind::List if !node.keys().is_empty() => {
                    let keys = node.keys().iter();
                    Select::Keys(keys.map(|key| self.value(schema, *key)).collect())
                }
                // An instance-identifier in one would have a path as its key.
                NodeKind::LeafList => Select::Value(Value::Uint(self.below(4))),
                _ => Select::None,
            };
            path.steps.push(PathStep { node: at, select });
        }
    }
}

/// Random data; deterministic in the seed.
pub(crate) fn random_tree(schema: &Arc<Schema>, random: &mut Random) -> Tree {
    Tree::new(
        schema.clone(),
        random_node(schema, SchemaId::ROOT, Vec::new(), random, 0),
    )
}

/// `tree` with some of another random tree merged into it and some of its instances removed.
pub(crate) fn changed(tree: &Tree, random: &mut Random) -> Tree {
    let other = random_tree(tree.schema(), random);
    match random.below(3) {
        0 => other,
        1 => {
            // All changes but some: what is left shares most with `tree`.
            let mut changes = diff(tree, &other);
            changes.changes.retain(|_| random.chance(40));
            changes.apply(tree).unwrap_or(other)
        }
        _ => {
            let edit = Edit::of_tree(&other, Operation::Merge);
            edit.apply(tree).unwrap_or(other)
        }
    }
}

fn random_node(
    schema: &Arc<Schema>,
    id: SchemaId,
    mut slots: Vec<Slot>,
    random: &mut Random,
    depth: usize,
) -> Node {
    for child in schema.data_children(id) {
        let node = schema.node(*child);
        let mine = branches(schema, *child);
        let excluded = slots
            .iter()
            .any(|slot| exclude_each_other(&mine, &branches(schema, slot.id)));
        if node.is_key || excluded || !random.chance(60) {
            continue;
        }
        let content = random_content(schema, *child, random, depth + 1);
        slots.extend(content.map(|content| Slot {
            id: *child,
            content,
        }));
    }
    Node::new(id, slots)
}

fn random_content(
    schema: &Arc<Schema>,
    id: SchemaId,
    random: &mut Random,
    depth: usize,
) -> Option<Content> {
    let definition = schema.node(id);
    Some(match definition.kind {
        NodeKind::Leaf => Content::Leaf(random.value(schema, id)),
        NodeKind::LeafList => {
            let mut values = Vec::new();
            for _ in 0..=random.below(5) {
                let value = random.value(schema, id);
                if !definition.config || !values.contains(&value) {
                    values.push(value);
                }
            }
            let list = LeafList::from_values(values, definition.ordered_by, !definition.config);
            Content::LeafList(list.unwrap_or_else(|error| panic!("{error}")))
        }
        NodeKind::List => {
            let mut entries: Vec<Node> = Vec::new();
            for _ in 0..=random.below(7) {
                let keys: Vec<Slot> = definition
                    .keys()
                    .iter()
                    .map(|key| Slot {
                        id: *key,
                        content: Content::Leaf(random.value(schema, *key)),
                    })
                    .collect();
                let keyless = definition.keys().is_empty();
                let entry = random_node(schema, id, keys, random, depth);
                let count = definition.keys().len();
                let taken = |other: &Node| entry.keys(count).eq(other.keys(count));
                if keyless || !entries.iter().any(taken) {
                    entries.push(entry);
                }
            }
            let list = List::from_entries(entries, definition.keys().len(), definition.ordered_by);
            Content::List(list.unwrap_or_else(|error| panic!("{error}")))
        }
        NodeKind::Container if definition.mount_point().is_some() => {
            if depth > 4 {
                return None;
            }
            let root = random_node(schema, SchemaId::ROOT, Vec::new(), random, depth + 2);
            Content::Mount(Arc::new(Tree::new(schema.clone(), root)))
        }
        NodeKind::Container => {
            let node = random_node(schema, id, Vec::new(), random, depth);
            if node.slots().is_empty() && !definition.presence {
                return None;
            }
            Content::Container(node)
        }
        _ => Content::Any(Arc::new(crate::any::AnyData::Json(
            format!("{{\"a\":{}}}", random.below(3)).into(),
        ))),
    })
}

/// `tree` with annotations of some of its nodes, leaves and leaf-list entries, mounted ones among them.
pub(crate) fn annotated(tree: &Tree, random: &mut Random) -> Tree {
    tree.with_root(annotated_node(tree.root(), random))
}

fn annotated_node(node: &Node, random: &mut Random) -> Node {
    let mut places = vec![Annotated::Node];
    let mut slots = node.slots().to_vec();
    for Slot { id, content } in &mut slots {
        match content {
            Content::Leaf(_) | Content::Any(_) => places.push(Annotated::Child(*id)),
            Content::LeafList(list) if list.duplicates_allowed() => {}
            Content::LeafList(list) => {
                let entries = list.iter().cloned();
                places.extend(entries.map(|value| Annotated::Entry(*id, value)));
            }
            Content::Container(inner) => {
                *inner = annotated_node(inner, random);
            }
            Content::List(list) => {
                let entries = list.iter();
                let entries = entries.map(|entry| annotated_node(entry, random));
                let entries = entries.collect();
                *list = List::from_entries(entries, list.key_count(), list.ordered_by())
                    .unwrap_or_else(|error| panic!("{error}"));
            }
            Content::Mount(tree) => *tree = Arc::new(annotated(tree, random)),
        }
    }
    let mut meta = Meta::default();
    for place in places {
        for (module, name) in [("acme", "note"), ("acme", "mark"), ("more", "note")] {
            if random.chance(20) {
                let annotations = meta.annotations.entry(place.clone()).or_default();
                let value = match name {
                    "mark" => Value::Uint(random.below(3)),
                    _ => Value::string(&format!("v {}", random.below(3))),
                };
                annotations.insert((module.into(), name.into()), value);
            }
        }
    }
    node.with_slots(slots).with_meta(meta)
}
