//! Lines: one for each node, with its column of types, folded where it gets too long. Must not change any node.

use std::collections::HashSet;

use super::TreeOptions;
use super::expand::{Outline, status};
use super::node::{Node, NodeId, TypeText};
use crate::compile::{StatementRef, UnitId, split_name};
use crate::schema::Status;
use crate::statement::Keyword;

/// The widest column of names: one name of a megabyte must not make every line as long.
const MAX_FIELD: usize = 1000;

/// What the flags depend on beside the node (RFC 8340 2.6).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Configuration and state.
    Data,
    /// Parameters of an operation.
    Input,
    /// Results of an operation.
    Output,
    /// Notifications, and what augments add to them.
    Notification,
}

/// Where nodes are drawn.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub indent: &'p str,
    /// Names of its module bear no prefix.
    pub unit: UnitId,
    pub mode: Mode,
    /// The names of the only nodes that are drawn, from here on downwards.
    pub path: &'p [String],
    /// How many levels are drawn.
    pub depth: Option<u32>,
    /// Of the names around, when a choice or case is the parent.
    pub width: usize,
}

/// Of a list without keys.
const NO_KEYS: &str = " []";

/// What a line is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Node(NodeId),
    /// In place of all nodes that came by it.
    Uses(StatementRef),
}

pub(super) struct Printer<'o, 's> {
    pub outline: &'o Outline<'s>,
    pub options: &'o TreeOptions,
    pub out: String,
    /// Whether nodes are drawn whose `if-feature`s cannot hold; they are in groupings.
    pub draws_absent: bool,
    /// Whether nodes came up at the end of the path of a subtree, or may be behind the last level drawn.
    pub reached: bool,
}

impl<'s> Printer<'_, 's> {
    fn get(&self, id: NodeId) -> &Node<'s> {
        self.outline.nodes.get(id)
    }

    pub fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// The children that are drawn.
    pub fn children_of(&self, id: NodeId) -> Vec<NodeId> {
        let children = self.get(id).children.iter().copied();
        children
            .filter(|child| self.get(*child).kind != Keyword::Unknown)
            .filter(|child| self.draws_absent || !self.get(*child).absent)
            .collect()
    }

    /// Draws nodes with one parent.
    pub fn siblings(&mut self, nodes: &[NodeId], place: Place<'_>) {
        let is_end = place.path.is_empty() || place.depth == Some(0);
        self.reached |= is_end && !nodes.is_empty();
        if place.depth == Some(0) {
            if !nodes.is_empty() {
                self.line(&format!("{}     ...", place.indent));
            }
            return;
        }
        let items = self.items(nodes);
        let width = match place.width {
            0 => self.width(&items, place.unit),
            width => width,
        };
        let mut place = Place { width, ..place };
        // RFC 8340 2.6: operations without parameters have no line for them.
        let ends_empty = items.last().is_some_and(|item| {
            matches!(item, Item::Node(id) if self.get(*id).kind == Keyword::Output && self.children_of(*id).is_empty())
        });
        for (index, item) in items.iter().enumerate() {
            if let Item::Node(id) = item {
                let kind = self.get(*id).kind;
                if matches!(kind, Keyword::Input | Keyword::Output)
                    && self.children_of(*id).is_empty()
                {
                    continue;
                }
                match kind {
                    Keyword::Input => place.mode = Mode::Input,
                    Keyword::Output => place.mode = Mode::Output,
                    _ => {}
                }
            }
            let last = index + 1 == items.len() || ends_empty;
            let branch = if last { "   " } else { "  |" };
            let indent = format!("{}{branch}", place.indent);
            self.item(
                *item,
                Place {
                    indent: &indent,
                    ..place
                },
            );
        }
    }

    /// With `uses` kept, the first node of each stands for all.
    fn items(&self, nodes: &[NodeId]) -> Vec<Item> {
        if !self.options.keep_uses {
            return nodes.iter().map(|id| Item::Node(*id)).collect();
        }
        let mut items = Vec::new();
        let mut seen: HashSet<&str> = HashSet::new();
        for id in nodes {
            match self.get(*id).uses {
                Some(uses) => {
                    let grouping = self.outline.set.argument(uses);
                    if seen.insert(grouping) {
                        items.push(Item::Uses(uses));
                    }
                }
                None => items.push(Item::Node(*id)),
            }
        }
        items
    }

    /// The widest name. Choices and cases share the column of types with what is around them.
    fn width(&self, items: &[Item], unit: UnitId) -> usize {
        let widths = items.iter().map(|item| {
            let (kind, name, of) = self.name_of(*item);
            match (kind, item) {
                (Keyword::Choice | Keyword::Case, Item::Node(id)) => {
                    let inner = self.children_of(*id);
                    let inner: Vec<Item> = inner.into_iter().map(Item::Node).collect();
                    3 + self.width(&inner, unit)
                }
                _ if self.is_own(of, unit) => length(name),
                _ => length(self.outline.prefixes[of.0 as usize]) + 1 + length(name),
            }
        });
        widths.max().unwrap_or(0)
    }

    fn name_of(&self, item: Item) -> (Keyword, &'s str, UnitId) {
        match item {
            Item::Node(id) => {
                let node = self.get(id);
                (node.kind, node.name, node.unit)
            }
            Item::Uses(at) => (Keyword::Uses, self.outline.set.argument(at), at.unit),
        }
    }

    fn is_own(&self, unit: UnitId, around: UnitId) -> bool {
        self.outline.set.owner(unit) == self.outline.set.owner(around)
    }

    /// One node with all below it.
    fn item(&mut self, item: Item, place: Place<'_>) {
        let line = self.head(item, place);
        self.line(&line);
        let Item::Node(id) = item else {
            return;
        };
        let (kind, mut children) = (self.get(id).kind, self.children_of(id));
        let mut path = place.path;
        if let Some((first, rest)) = path.split_first() {
            children.retain(|child| self.get(*child).name == first);
            path = rest;
        }
        let width = match kind {
            Keyword::Choice | Keyword::Case => place.width.saturating_sub(3),
            _ => 0,
        };
        let depth = place.depth.map(|depth| depth.saturating_sub(1));
        self.siblings(
            &children,
            Place {
                path,
                depth,
                width,
                ..place
            },
        );
    }

    /// The line of a node; earlier parts of a folded one are written already.
    fn head(&mut self, item: Item, place: Place<'_>) -> String {
        let limit = self.options.line_length.unwrap_or(usize::MAX);
        let (kind, _, _) = self.name_of(item);
        let stem = &place.indent[..place.indent.len() - 1];
        let mut line = format!("{stem}{}--", self.status_mark(item));
        let column = length(&line) + 4 + usize::from(kind == Keyword::Case);
        let next_line = format!("{:<column$}", place.indent);
        let flags = self.flags(item, place.mode);
        let name = self.labelled(item, place.unit);
        match self.type_text(item) {
            None if kind == Keyword::Case => line.push_str(&name),
            None => line.push_str(&format!("{flags} {name}")),
            Some((text, is_leafref)) => {
                let field = place.width.min(MAX_FIELD) + 1;
                let before = length(&line) + length(flags) + field;
                if before + length(&text) + 4 <= limit {
                    line.push_str(&format!("{flags} {name:<field$}   {text}"));
                } else if !is_leafref || length(&text) + column <= limit {
                    self.line(&format!("{line}{flags} {name}"));
                    line = format!("{next_line} {text}");
                } else if before + length("leafref") + 4 <= limit {
                    line.push_str(&format!("{flags} {name:<field$}   leafref"));
                } else {
                    self.line(&format!("{line}{flags} {name}"));
                    line = format!("{next_line} leafref");
                }
            }
        }
        for part in [self.keys(item), self.features(item)].into_iter().flatten() {
            // Brackets without keys stay where they are.
            if length(&line) + length(&part) > limit && part != NO_KEYS {
                self.line(&line);
                line.clone_from(&next_line);
            }
            line.push_str(&part);
        }
        line
    }

    fn status_mark(&self, item: Item) -> char {
        let status = match item {
            Item::Node(id) => self.get(id).status,
            Item::Uses(at) => status(self.outline.set, at),
        };
        match status {
            Status::Current => '+',
            Status::Deprecated => 'x',
            Status::Obsolete => 'o',
        }
    }

    /// RFC 8340 2.6. Where nothing says whether a node is configuration, as in a grouping, there are no flags.
    fn flags(&self, item: Item, mode: Mode) -> &'static str {
        let Item::Node(id) = item else {
            return if mode == Mode::Input { "-w" } else { "-u" };
        };
        let node = self.get(id);
        match (node.kind, node.config, mode) {
            (_, _, Mode::Input) => "-w",
            (Keyword::Rpc | Keyword::Action, ..) => "-x",
            (Keyword::Notification, ..) => "-n",
            (_, Some(true), _) => "rw",
            (_, Some(false), _) | (_, _, Mode::Output | Mode::Notification) => "ro",
            _ => "",
        }
    }

    /// The name with its prefix and `opts` (RFC 8340 2.6).
    fn labelled(&self, item: Item, around: UnitId) -> String {
        let (kind, name, unit) = self.name_of(item);
        let set = self.outline.set;
        let name = if self.is_own(unit, around) {
            name.to_owned()
        } else if self.options.module_names {
            format!("{}:{name}", set.module(set.owner(unit)).name)
        } else {
            format!("{}:{name}", self.outline.prefixes[unit.0 as usize])
        };
        let Item::Node(id) = item else {
            return name;
        };
        let node = self.get(id);
        match kind {
            Keyword::List | Keyword::LeafList => format!("{name}*"),
            Keyword::Container if node.presence => format!("{name}!"),
            Keyword::Case => format!(":({name})"),
            Keyword::Choice if node.mandatory => format!("({name})"),
            Keyword::Choice => format!("({name})?"),
            Keyword::Leaf | Keyword::AnyData | Keyword::AnyXml
                if !node.mandatory && !node.is_key =>
            {
                format!("{name}?")
            }
            _ => name,
        }
    }

    fn keys(&self, item: Item) -> Option<String> {
        let Item::Node(id) = item else {
            return None;
        };
        let node = self.get(id);
        (node.kind == Keyword::List).then(|| match node.key {
            Some(key) => format!(" [{}]", one_spaced(key)),
            None => NO_KEYS.to_owned(),
        })
    }

    fn features(&self, item: Item) -> Option<String> {
        let set = self.outline.set;
        let conditions = |at| {
            set.children_of(at, Keyword::IfFeature)
                .map(|condition| set.argument(condition))
        };
        let features: Vec<&str> = match item {
            Item::Uses(at) => conditions(at).collect(),
            Item::Node(id) => {
                let node = self.get(id);
                let mut features = node.features.clone();
                let added = node.augment.into_iter().flat_map(conditions);
                features.extend(added.filter(|feature| !node.features.contains(feature)));
                features
            }
        };
        (!features.is_empty()).then(|| format!(" {{{}}}?", features.join(",")))
    }

    /// The type, and whether it is a leafref.
    fn type_text(&self, item: Item) -> Option<(String, bool)> {
        let Item::Node(id) = item else {
            return None;
        };
        let node = self.get(id);
        match (&node.ty, node.kind) {
            (Some(TypeText::Leafref(path)), _) => Some((self.leafref(path, node.unit), true)),
            (Some(TypeText::Named(name)), _) => match split_name(name) {
                (Some(prefix), local) if self.options.module_names => Some((
                    format!("{}:{local}", self.module_name(prefix, node.unit)),
                    false,
                )),
                _ => Some((name.to_string(), false)),
            },
            (None, Keyword::AnyData) => Some(("<anydata>".to_owned(), false)),
            (None, Keyword::AnyXml) => Some(("<anyxml>".to_owned(), false)),
            _ => None,
        }
    }

    /// The path with a prefix only where the module changes.
    fn leafref(&self, path: &str, unit: UnitId) -> String {
        let mut current = self.outline.prefixes[unit.0 as usize];
        let mut steps = Vec::new();
        for step in path.split('/') {
            match split_name(step) {
                (Some(prefix), name) if prefix != current => {
                    current = prefix;
                    let shown = match self.options.module_names {
                        true => self.module_name(prefix, unit),
                        false => prefix,
                    };
                    steps.push(format!("{shown}:{name}"));
                }
                (_, name) => steps.push(name.to_owned()),
            }
        }
        format!("-> {}", steps.join("/"))
    }

    /// The module that a prefix means in a text, else the prefix.
    fn module_name<'a>(&'a self, prefix: &'a str, unit: UnitId) -> &'a str {
        let set = self.outline.set;
        let text = set.unit(unit);
        if prefix == self.outline.prefixes[unit.0 as usize] {
            return text.tree.name(text.root);
        }
        self.outline.imported_name(unit, prefix).unwrap_or(prefix)
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn one_spaced(text: &str) -> String {
    let mut spaced = String::new();
    for c in text.chars() {
        match c.is_whitespace() {
            true if spaced.ends_with(' ') => {}
            true => spaced.push(' '),
            false => spaced.push(c),
        }
    }
    spaced
}
