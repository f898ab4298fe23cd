//! Nodes and what their statements say: facts in a table, links in a row, nodes as records of one length.

use std::sync::Arc;

use super::Miss;
use super::bytes::{NONE, Reader, Writer};
use super::shared::{
    Shared, SharedWriter, entry, optional_span, read_optional_span, read_span, span,
};
use crate::schema::{
    DefaultText, ExtensionInstance, ModuleId, Must, NodeFacts, NodeKind, NodeLinks, OrderedBy,
    SchemaId, SchemaNode, Status, Unique, When, WhenContext,
};

const KINDS: [NodeKind; 16] = [
    NodeKind::Root,
    NodeKind::Container,
    NodeKind::List,
    NodeKind::Leaf,
    NodeKind::LeafList,
    NodeKind::Choice,
    NodeKind::Case,
    NodeKind::AnyData,
    NodeKind::AnyXml,
    NodeKind::Rpc,
    NodeKind::Action,
    NodeKind::Input,
    NodeKind::Output,
    NodeKind::Notification,
    NodeKind::Structure,
    NodeKind::YangData,
];
const STATUSES: [Status; 3] = [Status::Current, Status::Deprecated, Status::Obsolete];

/// The length of a record: eight numbers and three bytes.
const RECORD: u64 = 35;

/// Bits of the last byte of a record.
const CONFIG: u8 = 1;
const MANDATORY: u8 = 2;
const PRESENCE: u8 = 4;
const KEY: u8 = 8;
const LINKS: u8 = 16;
const BY_USER: u8 = 32;
const BITS: u8 = 63;

impl<'s> SharedWriter<'s> {
    fn facts(&mut self, facts: &'s Arc<NodeFacts>) -> u32 {
        if let Some(id) = self.facts.known(facts) {
            return id;
        }
        let mut to = Writer::default();
        to.count(facts.defaults.len());
        for default in &facts.defaults {
            to.u32(self.strings.id(&default.text));
            to.u32(self.prefix_map(&default.prefixes));
        }
        to.u32(self.strings.optional(facts.units.as_ref()));
        to.count(facts.musts.len());
        for must in &facts.musts {
            self.expression(&must.expression, &mut to);
            to.u32(self.strings.optional(must.error_message.as_ref()));
            to.u32(self.strings.optional(must.error_app_tag.as_ref()));
        }
        to.count(facts.whens.len());
        for when in &facts.whens {
            self.expression(&when.expression, &mut to);
            to.bool(when.context == WhenContext::Parent);
        }
        to.u32(facts.min_elements);
        to.bool(facts.max_elements.is_some());
        to.u32(facts.max_elements.unwrap_or(0));
        self.extensions(&facts.extensions, &mut to);
        to.u32(self.strings.optional(facts.mount_point.as_ref()));
        optional_span(facts.refined_description, &mut to);
        self.facts.add(facts, to)
    }

    pub(super) fn extensions(&mut self, extensions: &'s [ExtensionInstance], to: &mut Writer) {
        to.count(extensions.len());
        for extension in extensions {
            to.u32(self.strings.id(&extension.module));
            to.u32(self.strings.id(&extension.name));
            to.u32(self.strings.optional(extension.argument.as_ref()));
            span(extension.span, to);
        }
    }

    /// One node; its links, if it has any, go into a row of their own.
    pub(super) fn node(&mut self, node: &'s SchemaNode, to: &mut Writer, links: &mut Writer) {
        let has_links = write_links(node, links);
        to.u32(self.strings.id(&node.name));
        to.u32(node.ty.as_ref().map_or(NONE, |ty| self.ty(ty)));
        let facts = node.shared_facts();
        to.u32(facts.map_or(NONE, |facts| self.facts(facts)));
        span(node.span, to);
        to.u32(node.module.0);
        to.u32(node.parent().unwrap_or(SchemaId::ROOT).0);
        // The kinds are numbered as they stand in the table.
        to.u8(node.kind as u8);
        to.u8(node.status as u8);
        let bits = [
            (node.config, CONFIG),
            (node.mandatory, MANDATORY),
            (node.presence, PRESENCE),
            (node.is_key, KEY),
            (has_links, LINKS),
            (node.ordered_by == OrderedBy::User, BY_USER),
        ];
        let set = bits.iter().filter(|(is_set, _)| *is_set);
        to.u8(set.map(|(_, bit)| bit).sum());
    }
}

fn write_links(node: &SchemaNode, to: &mut Writer) -> bool {
    let (keys, uniques) = (node.keys(), node.uniques());
    if keys.is_empty() && uniques.is_empty() && node.default_case().is_none() {
        return false;
    }
    to.u32(node.default_case().map_or(NONE, |case| case.0));
    to.count(keys.len());
    keys.iter().for_each(|key| to.u32(key.0));
    to.count(uniques.len());
    for unique in uniques {
        span(unique.span, to);
        to.count(unique.leaves.len());
        unique.leaves.iter().for_each(|leaf| to.u32(leaf.0));
    }
    true
}

pub(super) fn status(byte: u8) -> Result<Status, Miss> {
    let status = STATUSES.get(usize::from(byte));
    status.copied().ok_or(Miss::Damaged)
}

impl Shared {
    pub(super) fn read_facts(&self, body: &mut Reader<'_>) -> Result<NodeFacts, Miss> {
        Ok(NodeFacts {
            defaults: body.items(|body| {
                Ok(DefaultText {
                    text: self.strings.next(body)?,
                    prefixes: entry(&self.prefixes, body)?,
                })
            })?,
            units: self.strings.next_optional(body)?,
            musts: body.items(|body| {
                Ok(Must {
                    expression: self.read_expression(body)?,
                    error_message: self.strings.next_optional(body)?,
                    error_app_tag: self.strings.next_optional(body)?,
                })
            })?,
            whens: body.items(|body| {
                Ok(When {
                    expression: self.read_expression(body)?,
                    context: match body.bool()? {
                        true => WhenContext::Parent,
                        false => WhenContext::Node,
                    },
                })
            })?,
            min_elements: body.u32()?,
            max_elements: {
                let is_bounded = body.bool()?;
                Some(body.u32()?).filter(|_| is_bounded)
            },
            extensions: self.read_extensions(body)?,
            mount_point: self.strings.next_optional(body)?,
            refined_description: read_optional_span(body)?,
        })
    }

    pub(super) fn read_extensions(
        &self,
        body: &mut Reader<'_>,
    ) -> Result<Vec<ExtensionInstance>, Miss> {
        body.items(|body| {
            Ok(ExtensionInstance {
                module: self.strings.next(body)?,
                name: self.strings.next(body)?,
                argument: self.strings.next_optional(body)?,
                span: read_span(body)?,
            })
        })
    }

    /// The nodes, whose records follow, and their links after them. Linear.
    pub(super) fn read_nodes(
        &self,
        records: &mut Reader<'_>,
        links: &mut Reader<'_>,
    ) -> Result<Vec<SchemaNode>, Miss> {
        let count = self.extents.nodes;
        if records.0.len() as u64 != u64::from(count) * RECORD {
            return Err(Miss::Damaged);
        }
        let mut nodes = Vec::with_capacity(count as usize);
        for id in 0..count {
            nodes.push(self.read_node(id, records, links)?);
        }
        Ok(nodes)
    }

    fn read_node(
        &self,
        id: u32,
        record: &mut Reader<'_>,
        links: &mut Reader<'_>,
    ) -> Result<SchemaNode, Miss> {
        let name = self.strings.next(record)?;
        let ty = match record.u32()? {
            NONE => None,
            ty => Some(self.types.get(ty as usize).ok_or(Miss::Damaged)?.clone()),
        };
        let facts = match record.u32()? {
            NONE => None,
            facts => Some(self.facts.get(facts as usize).ok_or(Miss::Damaged)?.clone()),
        };
        let place = read_span(record)?;
        // The root of an empty set is in no module.
        let module = ModuleId(record.u32()?);
        let parent = record.u32()?;
        let kind = KINDS.get(usize::from(record.u8()?)).ok_or(Miss::Damaged)?;
        let status = status(record.u8()?)?;
        let bits = record.u8()?;
        let is_leaf = matches!(kind, NodeKind::Leaf | NodeKind::LeafList);
        // Parents come before their children, the root before all: nobody goes round in a circle upwards.
        let in_place = if id == 0 {
            *kind == NodeKind::Root
        } else {
            *kind != NodeKind::Root && parent < id
        };
        let whole = in_place
            && module.0 < self.extents.modules
            && is_leaf == ty.is_some()
            && bits & !BITS == 0;
        if !whole {
            return Err(Miss::Damaged);
        }
        let is = |bit| bits & bit != 0;
        let mut node =
            SchemaNode::sharing(facts, *kind, name, module, Some(SchemaId(parent)), place);
        node.ty = ty;
        node.status = status;
        node.ordered_by = if is(BY_USER) {
            OrderedBy::User
        } else {
            OrderedBy::System
        };
        node.config = is(CONFIG);
        node.mandatory = is(MANDATORY);
        node.presence = is(PRESENCE);
        node.is_key = is(KEY);
        if is(LINKS) {
            *node.links_mut() = self.read_links(links)?;
        }
        Ok(node)
    }

    fn read_links(&self, links: &mut Reader<'_>) -> Result<NodeLinks, Miss> {
        let default_case = match links.u32()? {
            NONE => None,
            case if case < self.extents.nodes => Some(SchemaId(case)),
            _ => return Err(Miss::Damaged),
        };
        Ok(NodeLinks {
            default_case,
            keys: links.items(|links| self.node(links))?,
            uniques: links.items(|links| {
                Ok(Unique {
                    span: read_span(links)?,
                    leaves: links.items(|links| self.node(links))?,
                })
            })?,
        })
    }
}
