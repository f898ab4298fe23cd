//! Tree diagrams (RFC 8340) of compiled modules, as `pyang -f tree` draws them.
//!
//! Drawn from the schema, so groupings, augments and deviations are applied; `if-feature`s that hold leave no trace
//! in a schema, so no `{feature}?` is shown. Must not change anything.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::schema::{ModuleId, NodeKind, Schema, SchemaId, SchemaNode, Status, Type, TypeKind};

/// The diagram of one module: its data nodes, what it adds to other modules, its rpcs and its notifications. Nodes
/// that other modules add to it are in their diagrams. Linear in the schema.
pub fn tree_diagram(schema: &Schema, module: ModuleId) -> String {
    let mut diagram = Diagram {
        schema,
        module,
        out: format!("module: {}\n", schema.module(module).name),
    };
    let mut rpcs = Vec::new();
    let mut notifications = Vec::new();
    let mut data = Vec::new();
    for child in diagram.own_children(SchemaId::ROOT) {
        match schema.node(child).kind {
            NodeKind::Rpc => rpcs.push(child),
            NodeKind::Notification => notifications.push(child),
            _ => data.push(child),
        }
    }
    diagram.siblings(&data, "  ", Mode::Config, None);
    for (target, added) in diagram.augments() {
        let _ = write!(
            diagram.out,
            "\n  augment {}:\n",
            diagram.augment_path(target)
        );
        let mode = mode_at(schema, target);
        diagram.siblings(&added, "    ", mode, None);
    }
    for (title, nodes) in [("rpcs", rpcs), ("notifications", notifications)] {
        if !nodes.is_empty() {
            let _ = write!(diagram.out, "\n  {title}:\n");
            diagram.siblings(&nodes, "    ", Mode::Config, None);
        }
    }
    diagram.out
}

/// What the flags of data nodes depend on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// `rw` or `ro`, by `config`.
    Config,
    /// `-w`: parameters of an operation.
    Input,
    /// `ro`: results and notifications.
    Output,
}

fn mode_at(schema: &Schema, id: SchemaId) -> Mode {
    let mut at = Some(id);
    while let Some(current) = at {
        match schema.node(current).kind {
            NodeKind::Input => return Mode::Input,
            NodeKind::Output | NodeKind::Notification => return Mode::Output,
            _ => at = schema.node(current).parent,
        }
    }
    Mode::Config
}

struct Diagram<'s> {
    schema: &'s Schema,
    module: ModuleId,
    out: String,
}

impl Diagram<'_> {
    /// Children that belong to the module; inputs and outputs without parameters are not drawn (RFC 8340 2.6).
    fn own_children(&self, id: SchemaId) -> Vec<SchemaId> {
        let children = self.schema.node(id).children.iter().copied();
        children
            .filter(|child| {
                let node = self.schema.node(*child);
                let empty = matches!(node.kind, NodeKind::Input | NodeKind::Output)
                    && self.own_children(*child).is_empty();
                node.module == self.module && !empty
            })
            .collect()
    }

    /// What the module adds to nodes of other modules, by target.
    fn augments(&self) -> BTreeMap<SchemaId, Vec<SchemaId>> {
        let mut augments: BTreeMap<SchemaId, Vec<SchemaId>> = BTreeMap::new();
        for (id, node) in self.schema.nodes() {
            if let Some(parent) = node.parent
                && parent != SchemaId::ROOT
                && node.module == self.module
                && self.schema.node(parent).module != self.module
            {
                augments.entry(parent).or_default().push(id);
            }
        }
        augments
    }

    fn augment_path(&self, id: SchemaId) -> String {
        let mut steps = Vec::new();
        let mut at = id;
        while at != SchemaId::ROOT {
            let node = self.schema.node(at);
            steps.push(format!(
                "/{}:{}",
                self.schema.module(node.module).prefix,
                node.name
            ));
            at = node.parent.unwrap_or(SchemaId::ROOT);
        }
        steps.reverse();
        steps.concat()
    }

    /// Draws nodes with one parent. `width` is that of the names around, when a choice or case is the parent.
    fn siblings(&mut self, nodes: &[SchemaId], indent: &str, mode: Mode, width: Option<usize>) {
        let width = width.unwrap_or_else(|| self.name_width(nodes));
        for (index, id) in nodes.iter().enumerate() {
            let last = index + 1 == nodes.len();
            self.node(*id, indent, mode, width);
            let node = self.schema.node(*id);
            let inner = match node.kind {
                NodeKind::Input => Mode::Input,
                NodeKind::Output | NodeKind::Notification => Mode::Output,
                _ => mode,
            };
            let around = matches!(node.kind, NodeKind::Choice | NodeKind::Case).then_some(width);
            let deeper = format!("{indent}{}", if last { "   " } else { "|  " });
            let children = self.own_children(*id);
            self.siblings(&children, &deeper, inner, around);
        }
    }

    /// The widest name, looking through choices and cases, which share a column of types.
    fn name_width(&self, nodes: &[SchemaId]) -> usize {
        let widths = nodes.iter().map(|id| {
            let node = self.schema.node(*id);
            match node.kind {
                NodeKind::Choice | NodeKind::Case => self.name_width(&self.own_children(*id)),
                _ => node.name.len(),
            }
        });
        widths.max().unwrap_or(0)
    }

    fn node(&mut self, id: SchemaId, indent: &str, mode: Mode, width: usize) {
        let node = self.schema.node(id);
        let status = match node.status {
            Status::Current => '+',
            Status::Deprecated => 'x',
            Status::Obsolete => 'o',
        };
        let flags = self.flags(node, mode);
        let name = labelled(self.schema, node);
        let _ = match (node.kind, self.type_text(node)) {
            (NodeKind::Case, _) => writeln!(self.out, "{indent}{status}--:({})", node.name),
            (_, Some(ty)) => writeln!(
                self.out,
                "{indent}{status}--{flags} {name:0$}   {ty}",
                width + 1
            ),
            (_, None) => writeln!(self.out, "{indent}{status}--{flags} {name}"),
        };
    }

    /// RFC 8340 2.6
    fn flags(&self, node: &SchemaNode, mode: Mode) -> &'static str {
        match (node.kind, mode) {
            (NodeKind::Rpc | NodeKind::Action, _) => "-x",
            (NodeKind::Notification, _) => "-n",
            (NodeKind::Input, _) | (_, Mode::Input) => "-w",
            (NodeKind::Output, _) | (_, Mode::Output) => "ro",
            _ if node.mount_point.is_some() => "mp",
            _ if node.config => "rw",
            _ => "ro",
        }
    }

    fn type_text(&self, node: &SchemaNode) -> Option<String> {
        match node.kind {
            NodeKind::AnyData => Some("<anydata>".to_owned()),
            NodeKind::AnyXml => Some("<anyxml>".to_owned()),
            _ => node.ty.as_deref().map(|ty| self.type_name(ty)),
        }
    }

    fn type_name(&self, ty: &Type) -> String {
        match (&ty.typedef, &ty.kind) {
            (Some((module, name)), _) if *module == self.module => name.to_string(),
            (Some((module, name)), _) => format!("{}:{name}", self.schema.module(*module).prefix),
            (None, TypeKind::Leafref { path, .. }) => format!("-> {}", path.text),
            (None, _) => ty.builtin_name().to_owned(),
        }
    }
}

/// The name with its `opts` (RFC 8340 2.6).
fn labelled(schema: &Schema, node: &SchemaNode) -> String {
    let name = &node.name;
    match node.kind {
        NodeKind::Leaf | NodeKind::AnyData | NodeKind::AnyXml if node.mandatory || node.is_key => {
            name.to_string()
        }
        NodeKind::Leaf | NodeKind::AnyData | NodeKind::AnyXml => format!("{name}?"),
        NodeKind::Container if node.presence => format!("{name}!"),
        NodeKind::LeafList => format!("{name}*"),
        NodeKind::List if node.keys.is_empty() => format!("{name}* []"),
        NodeKind::List => {
            let keys: Vec<_> = node
                .keys
                .iter()
                .map(|key| &*schema.node(*key).name)
                .collect();
            format!("{name}* [{}]", keys.join(" "))
        }
        NodeKind::Choice if node.mandatory => format!("({name})"),
        NodeKind::Choice => format!("({name})?"),
        _ => name.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Compiler, MemorySource};

    fn diagram(texts: &[&str], module: &str) -> String {
        let mut source = MemorySource::new();
        for text in texts {
            source.add(*text);
        }
        let compiled = Compiler::new(&source)
            .implement(module, None)
            .compile()
            .unwrap_or_else(|error| panic!("{error}"));
        let id = compiled.schema.module_by_name(module).unwrap();
        tree_diagram(&compiled.schema, id)
    }

    const BASE: &str = "module base { yang-version 1.1; namespace urn:b; prefix b; typedef name { type string; }
        container top { presence p;
          list l { key 'id name'; leaf name { type name; } leaf id { type uint8; } leaf-list tags { type string; }
            leaf old { status deprecated; type leafref { path '../name'; } }
            choice how { case one { leaf uno { type string; } } container two { config false; leaf s { type int8; } } }
            action reset { input { leaf delay { type uint32; mandatory true; } } } }
          anydata any; leaf last { type string; mandatory true; } }
        rpc ping { input { leaf host { type name; } } output { leaf time { type int32; } } } rpc bare;
        notification event { leaf what { type name; } } }";

    #[test]
    fn a_module_is_drawn_with_all_kinds_of_nodes() {
        insta::assert_snapshot!(diagram(&[BASE], "base"), @r"
        module: base
          +--rw top!
             +--rw l* [id name]
             |  +--rw id       uint8
             |  +--rw name     name
             |  +--rw tags*    string
             |  x--rw old?     -> ../name
             |  +--rw (how)?
             |  |  +--:(one)
             |  |  |  +--rw uno?     string
             |  |  +--:(two)
             |  |     +--ro two
             |  |        +--ro s?   int8
             |  +---x reset
             |     +---w input
             |        +---w delay    uint32
             +--rw any?    <anydata>
             +--rw last    string

          rpcs:
            +---x ping
            |  +---w input
            |  |  +---w host?   name
            |  +--ro output
            |     +--ro time?   int32
            +---x bare

          notifications:
            +---n event
               +--ro what?   name
        ");
    }

    #[test]
    fn augments_are_drawn_under_their_target() {
        let module = "module m { namespace urn:m; prefix m; import base { prefix x; }
            augment /x:top/x:l { leaf extra { type x:name; } } augment /x:ping/x:input { leaf ttl { type uint8; } } }";
        insta::assert_snapshot!(diagram(&[module, BASE], "m"), @r"
        module: m

          augment /b:top/b:l:
            +--rw extra?   b:name

          augment /b:ping/b:input:
            +---w ttl?   uint8
        ");
    }
}
