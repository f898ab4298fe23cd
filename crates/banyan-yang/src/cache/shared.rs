//! What nodes share, each once: prefix maps, patterns, expressions. The same for writing and reading.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Miss;
use super::bytes::{NONE, Reader, Writer};
use super::strings::{Strings, StringsWriter};
use crate::pattern::{Pattern, Syntax};
use crate::schema::{Expression, IdentityId, ModuleId, NodeFacts, PrefixMap, SchemaId, Type};
use crate::source::{SourceId, Span};
use crate::xpath::{self, Expr};

/// Entries without repetition: the same by its address is not written again, and what is written equally is the same.
#[derive(Debug, Default)]
pub(super) struct Table {
    by_address: HashMap<usize, u32>,
    by_bytes: HashMap<Vec<u8>, u32>,
    all: Vec<u8>,
}

impl Table {
    pub(super) fn known<T: ?Sized>(&self, shared: &Arc<T>) -> Option<u32> {
        self.by_address.get(&address(shared)).copied()
    }

    pub(super) fn add<T: ?Sized>(&mut self, shared: &Arc<T>, entry: Writer) -> u32 {
        let next = self.by_bytes.len() as u32;
        let id = match self.by_bytes.get(&entry.0) {
            Some(id) => *id,
            None => {
                self.all.extend_from_slice(&entry.0);
                self.by_bytes.insert(entry.0, next);
                next
            }
        };
        self.by_address.insert(address(shared), id);
        id
    }

    pub(super) fn write(&self, body: &mut Writer) {
        body.count(self.by_bytes.len());
        body.0.extend_from_slice(&self.all);
    }
}

fn address<T: ?Sized>(shared: &Arc<T>) -> usize {
    Arc::as_ptr(shared).cast::<u8>() as usize
}

/// The tables, while a schema is written.
#[derive(Debug, Default)]
pub(super) struct SharedWriter<'s> {
    pub(super) strings: StringsWriter<'s>,
    pub(super) prefixes: Table,
    pub(super) patterns: Table,
    pub(super) expressions: Table,
    pub(super) types: Table,
    pub(super) facts: Table,
}

impl<'s> SharedWriter<'s> {
    pub(super) fn prefix_map(&mut self, map: &'s Arc<PrefixMap>) -> u32 {
        if let Some(id) = self.prefixes.known(map) {
            return id;
        }
        let mut entry = Writer::default();
        entry.u32(map.default.map_or(NONE, |module| module.0));
        entry.count(map.prefixes.len());
        for (prefix, module) in &map.prefixes {
            entry.u32(self.strings.id(prefix));
            entry.u32(module.0);
        }
        self.prefixes.add(map, entry)
    }

    pub(super) fn pattern(&mut self, pattern: &'s Arc<Pattern>) -> u32 {
        if let Some(id) = self.patterns.known(pattern) {
            return id;
        }
        let mut entry = Writer::default();
        entry.u32(self.strings.id(pattern.as_str()));
        entry.bool(pattern.syntax() == Syntax::Posix);
        self.patterns.add(pattern, entry)
    }

    pub(super) fn expression(&mut self, expression: &'s Expression, to: &mut Writer) {
        let expr = self.expressions.known(&expression.expr);
        let expr = expr.unwrap_or_else(|| {
            let mut entry = Writer::default();
            entry.u32(self.strings.id(&expression.text));
            self.expressions.add(&expression.expr, entry)
        });
        to.u32(expr);
        to.u32(self.prefix_map(&expression.prefixes));
        span(expression.span, to);
    }

    /// The tables whose entries name only strings, modules and each other; types and facts follow.
    pub(super) fn write(&self, body: &mut Writer) {
        self.strings.write(body);
        self.prefixes.write(body);
        self.patterns.write(body);
        self.expressions.write(body);
        self.types.write(body);
        self.facts.write(body);
    }
}

pub(super) fn span(span: Span, to: &mut Writer) {
    to.u32(span.source.0);
    to.u32(span.start);
    to.u32(span.end);
}

/// Written as a span whose source cannot be, if there is none.
pub(super) fn optional_span(place: Option<Span>, to: &mut Writer) {
    let nowhere = Span {
        source: SourceId(NONE),
        start: 0,
        end: 0,
    };
    span(place.unwrap_or(nowhere), to);
}

/// How many there are of what ids name: an id beyond is damage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extents {
    pub(super) modules: u32,
    pub(super) identities: u32,
    pub(super) nodes: u32,
}

impl Extents {
    pub(super) fn write(self, body: &mut Writer) {
        body.u32(self.modules);
        body.u32(self.identities);
        body.u32(self.nodes);
    }

    pub(super) fn read(body: &mut Reader<'_>) -> Result<Extents, Miss> {
        Ok(Extents {
            modules: body.u32()?,
            identities: body.u32()?,
            nodes: body.u32()?,
        })
    }
}

fn below(id: u32, extent: u32) -> Result<u32, Miss> {
    if id < extent {
        Ok(id)
    } else {
        Err(Miss::Damaged)
    }
}

/// The tables, while a schema is read.
pub(super) struct Shared {
    pub(super) strings: Strings,
    pub(super) extents: Extents,
    pub(super) prefixes: Vec<Arc<PrefixMap>>,
    pub(super) patterns: Vec<Arc<Pattern>>,
    pub(super) expressions: Vec<(Arc<str>, Arc<Expr>)>,
    pub(super) types: Vec<Arc<Type>>,
    pub(super) facts: Vec<Arc<NodeFacts>>,
}

/// The entry that the next number names.
pub(super) fn entry<T: Clone>(table: &[T], reader: &mut Reader<'_>) -> Result<T, Miss> {
    let id = reader.u32()? as usize;
    table.get(id).cloned().ok_or(Miss::Damaged)
}

impl Shared {
    pub(super) fn read(extents: Extents, body: &mut Reader<'_>) -> Result<Shared, Miss> {
        let mut shared = Shared {
            strings: Strings::read(body)?,
            extents,
            prefixes: Vec::new(),
            patterns: Vec::new(),
            expressions: Vec::new(),
            types: Vec::new(),
            facts: Vec::new(),
        };
        shared.prefixes = body.items(|body| shared.read_prefix_map(body))?;
        shared.patterns = body.items(|body| {
            let text = shared.strings.next(body)?;
            let syntax = if body.bool()? {
                Syntax::Posix
            } else {
                Syntax::Xsd
            };
            Ok(Arc::new(Pattern::known(text, syntax)))
        })?;
        shared.expressions = body.items(|body| {
            let text = shared.strings.next(body)?;
            let expr = xpath::parse(&text).map_err(|_| Miss::Damaged)?;
            Ok((text, Arc::new(expr)))
        })?;
        shared.read_types(body)?;
        shared.facts = body.items(|body| shared.read_facts(body).map(Arc::new))?;
        Ok(shared)
    }

    fn read_prefix_map(&self, body: &mut Reader<'_>) -> Result<Arc<PrefixMap>, Miss> {
        let default = match body.u32()? {
            NONE => None,
            id => Some(ModuleId(below(id, self.extents.modules)?)),
        };
        let prefixes = body.items(|body| Ok((self.strings.next(body)?, self.module(body)?)))?;
        Ok(Arc::new(PrefixMap {
            default,
            prefixes: BTreeMap::from_iter(prefixes),
        }))
    }

    pub(super) fn read_expression(&self, body: &mut Reader<'_>) -> Result<Expression, Miss> {
        let (text, expr) = entry(&self.expressions, body)?;
        Ok(Expression {
            text,
            expr,
            prefixes: entry(&self.prefixes, body)?,
            span: read_span(body)?,
        })
    }

    pub(super) fn module(&self, body: &mut Reader<'_>) -> Result<ModuleId, Miss> {
        below(body.u32()?, self.extents.modules).map(ModuleId)
    }

    pub(super) fn identity(&self, body: &mut Reader<'_>) -> Result<IdentityId, Miss> {
        below(body.u32()?, self.extents.identities).map(IdentityId)
    }

    pub(super) fn node(&self, body: &mut Reader<'_>) -> Result<SchemaId, Miss> {
        below(body.u32()?, self.extents.nodes).map(SchemaId)
    }
}

/// A span of another text is an empty text to all who read it, so it needs no check.
pub(super) fn read_span(body: &mut Reader<'_>) -> Result<Span, Miss> {
    Ok(Span {
        source: SourceId(body.u32()?),
        start: body.u32()?,
        end: body.u32()?,
    })
}

pub(super) fn read_optional_span(body: &mut Reader<'_>) -> Result<Option<Span>, Miss> {
    let span = read_span(body)?;
    Ok(Some(span).filter(|span| span.source.0 != NONE))
}
