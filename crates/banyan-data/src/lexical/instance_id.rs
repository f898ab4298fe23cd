//! instance-identifier values (RFC 7950 9.13, RFC 7951 6.11): the text of a path, in the prefixes of a document.

use std::borrow::Cow;

use banyan_yang::schema::{ModuleId, NodeKind, Schema, SchemaId};

use super::{
    ModuleNames, Prefixes, Quoted, Style, ValueError, canonical, names, parse as parse_value,
};
use crate::path::{InstancePath, PathStep, Select, literal};
use crate::value::Value;

/// Reads an absolute instance-identifier whose every list step names one entry.
pub(super) fn parse(
    schema: &Schema,
    text: &str,
    prefixes: &dyn Prefixes,
) -> Result<InstancePath, ValueError> {
    let mut scanner = Scanner { text, rest: text };
    let mut steps = Vec::new();
    let mut parent = SchemaId::ROOT;
    let mut module = None;
    while !scanner.rest.is_empty() {
        scanner.expect("/")?;
        let (prefix, name) = scanner.name()?;
        // RFC 7950 9.13.2; RFC 7951 6.11: the first name has its module even in JSON.
        let bare_top = module.is_none() && prefixes.steps_inherit();
        if prefix.is_none() && (bare_top || !prefixes.unprefixed_steps()) {
            let what = if bare_top { "module" } else { "prefix" };
            return Err(scanner.wrong(format!("the name {name} needs a {what} before it")));
        }
        let inherited = if prefix.is_none() && prefixes.steps_inherit() {
            module
        } else {
            None
        };
        let found = inherited.or_else(|| prefixes.module(schema, prefix));
        let Some(step_module) = found else {
            return Err(scanner.wrong(match prefix {
                Some(prefix) => format!("the prefix {prefix} names no module here"),
                None => format!("the name {name} needs a prefix"),
            }));
        };
        let Some(node) = schema.data_child(parent, step_module, name) else {
            let siblings = schema.data_children(parent).iter();
            let error = scanner.wrong(format!(
                "{} has no node {name} of module {}",
                schema.path(parent),
                schema.module(step_module).name
            ));
            let siblings = siblings.map(|child| &*schema.node(*child).name);
            return Err(match names::allowed(name, siblings) {
                Some(help) => error.with_help(help),
                None => error,
            });
        };
        let select = scanner.select(schema, node, step_module, prefixes)?;
        steps.push(PathStep { node, select });
        (parent, module) = (node, Some(step_module));
    }
    if steps.is_empty() {
        return Err(scanner.wrong("it is empty".to_owned()));
    }
    Ok(InstancePath { steps })
}

/// Reads the predicates that name an entry of `list` in the attribute `key` (RFC 7950 7.8.6):
/// `[p:name='eth0']`, the keys in any order.
pub(crate) fn parse_keys(
    schema: &Schema,
    list: SchemaId,
    text: &str,
    prefixes: &dyn Prefixes,
) -> Result<Vec<Value>, ValueError> {
    let mut scanner = Scanner { text, rest: text };
    let module = schema.node(list).module;
    match scanner.select(schema, list, module, prefixes)? {
        Select::Keys(keys) if scanner.rest.is_empty() => Ok(keys),
        _ => Err(ValueError::new(format!(
            "{} does not name an entry of {}",
            Quoted(text),
            schema.node(list).name
        ))
        .with_help("write a predicate for each key, with its prefix: [p:name='...']")),
    }
}

/// What [`parse_keys`] reads, with the prefixes of [`Schema::xml_prefix`].
pub(crate) fn print_keys(schema: &Schema, list: SchemaId, keys: &[Value]) -> String {
    let mut out = String::new();
    for (key, value) in schema.node(list).keys().iter().zip(keys) {
        let definition = schema.node(*key);
        let prefix = Style::Xml.prefix(schema, definition.module);
        out.push_str(&format!("[{prefix}:{}=", definition.name));
        push_literal(schema, *key, value, Style::Xml, &mut out);
        out.push(']');
    }
    out
}

struct Scanner<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    fn wrong(&self, why: String) -> ValueError {
        ValueError::new(format!(
            "{} is not an instance-identifier: {why}",
            Quoted(self.text)
        ))
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn expect(&mut self, token: &str) -> Result<(), ValueError> {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => {
                let at = self.text.len() - self.rest.len();
                Err(self.wrong(format!(
                    "{token} is missing after {}",
                    Quoted(&self.text[..at])
                )))
            }
        }
    }

    fn word(&mut self) -> Result<&'a str, ValueError> {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let length = self
            .rest
            .bytes()
            .position(|byte| !is_part(byte))
            .unwrap_or(self.rest.len());
        if length == 0 {
            let at = self.text.len() - self.rest.len();
            return Err(self.wrong(format!(
                "a name is missing after {}",
                Quoted(&self.text[..at])
            )));
        }
        let (word, rest) = self.rest.split_at(length);
        self.rest = rest;
        Ok(word)
    }

    fn name(&mut self) -> Result<(Option<&'a str>, &'a str), ValueError> {
        let first = self.word()?;
        match self.rest.strip_prefix(':') {
            None => Ok((None, first)),
            Some(rest) => {
                self.rest = rest;
                Ok((Some(first), self.word()?))
            }
        }
    }

    fn literal(&mut self) -> Result<Cow<'a, str>, ValueError> {
        match literal::read(self.rest) {
            Ok((value, rest)) => {
                self.rest = rest;
                Ok(value)
            }
            Err(wrong) => Err(self.wrong(format!("{wrong} after ="))),
        }
    }

    /// The predicates of a step.
    fn select(
        &mut self,
        schema: &Schema,
        node: SchemaId,
        module: ModuleId,
        prefixes: &dyn Prefixes,
    ) -> Result<Select, ValueError> {
        let definition = schema.node(node);
        let mut keys: Vec<Option<Value>> = vec![None; definition.keys().len()];
        let mut select = Select::None;
        while let Some(rest) = self.rest.strip_prefix('[') {
            self.rest = rest;
            self.blanks();
            if self.rest.starts_with(|first: char| first.is_ascii_digit()) {
                // RFC 7950 9.13.2: a position, for keyless lists and for leaf-lists with duplicates.
                let digits = self.word()?;
                match digits.parse() {
                    Ok(position) if position > 0 => select = Select::Position(position),
                    _ => return Err(self.wrong(format!("{digits} is not a position"))),
                }
            } else if let Some(rest) = self.rest.strip_prefix('.') {
                self.rest = rest;
                let value = self.value(schema, node, prefixes)?;
                select = Select::Value(value);
            } else {
                let (prefix, name) = self.name()?;
                if prefix.is_none() && !prefixes.unprefixed_steps() {
                    return Err(self.wrong(format!("the key {name} needs a prefix before it")));
                }
                let key_module = match prefix {
                    None if prefixes.steps_inherit() => Some(module),
                    prefix => prefixes.module(schema, prefix),
                };
                let index = key_module
                    .and_then(|module| schema.data_child(node, module, name))
                    .and_then(|key| definition.keys().iter().position(|other| *other == key));
                let Some(index) = index else {
                    return Err(self.wrong(format!("{name} is not a key of {}", definition.name)));
                };
                let value = self.value(schema, definition.keys()[index], prefixes)?;
                if keys[index].replace(value).is_some() {
                    return Err(self.wrong(format!("the key {name} is given twice")));
                }
            }
            self.blanks();
            self.expect("]")?;
        }
        let given: Vec<Value> = keys.into_iter().flatten().collect();
        match definition.kind {
            NodeKind::List if !definition.keys().is_empty() => {
                if given.len() == definition.keys().len() && select == Select::None {
                    return Ok(Select::Keys(given));
                }
                let names: Vec<&str> = definition
                    .keys()
                    .iter()
                    .map(|key| &*schema.node(*key).name)
                    .collect();
                Err(self.wrong(format!(
                    "{} needs a predicate for each of its keys: {}",
                    definition.name,
                    names.join(", ")
                )))
            }
            NodeKind::List if matches!(select, Select::Position(_)) => Ok(select),
            NodeKind::LeafList if matches!(select, Select::Value(_) | Select::Position(_)) => {
                Ok(select)
            }
            NodeKind::List | NodeKind::LeafList => Err(self.wrong(format!(
                "{} needs a predicate that says which entry is meant",
                definition.name
            ))),
            _ if select == Select::None => Ok(Select::None),
            _ => Err(self.wrong(format!(
                "{} is a {} and takes no predicate",
                definition.name,
                definition.kind.keyword()
            ))),
        }
    }

    fn value(
        &mut self,
        schema: &Schema,
        node: SchemaId,
        prefixes: &dyn Prefixes,
    ) -> Result<Value, ValueError> {
        self.blanks();
        self.expect("=")?;
        self.blanks();
        let literal = self.literal()?;
        let definition = schema.node(node);
        let Some(ty) = &definition.ty else {
            return Err(self.wrong(format!("{} has no value", definition.name)));
        };
        // In JSON an unprefixed identity is of the key's module (RFC 7951 6.8).
        let names = ModuleNames {
            default: Some(definition.module),
        };
        let prefixes = if prefixes.steps_inherit() {
            &names
        } else {
            prefixes
        };
        parse_value(schema, ty, &literal, prefixes)
    }
}

/// The text of a path; a step of another schema than `schema` (beyond a mount point) prints as nothing.
pub(super) fn print(schema: &Schema, path: &InstancePath, style: Style) -> String {
    let mut out = String::new();
    let mut module = None;
    for step in &path.steps {
        let definition = schema.node(step.node);
        out.push('/');
        if style == Style::Xml || module != Some(definition.module) {
            out.push_str(style.prefix(schema, definition.module));
            out.push(':');
        }
        module = Some(definition.module);
        out.push_str(&definition.name);
        match &step.select {
            Select::None => {}
            Select::Keys(values) => {
                for (key, value) in definition.keys().iter().zip(values) {
                    let key_definition = schema.node(*key);
                    out.push('[');
                    if style == Style::Xml || module != Some(key_definition.module) {
                        out.push_str(style.prefix(schema, key_definition.module));
                        out.push(':');
                    }
                    out.push_str(&key_definition.name);
                    out.push('=');
                    push_literal(schema, *key, value, style, &mut out);
                    out.push(']');
                }
            }
            Select::Value(value) => {
                out.push_str("[.=");
                push_literal(schema, step.node, value, style, &mut out);
                out.push(']');
            }
            Select::Position(position) => {
                out.push_str(&format!("[{position}]"));
            }
        }
    }
    out
}

fn push_literal(schema: &Schema, node: SchemaId, value: &Value, style: Style, out: &mut String) {
    let Some(ty) = &schema.node(node).ty else {
        return;
    };
    let text = canonical(schema, ty, value, style);
    out.push_str(&literal::quoted(&text));
}

/// Adds the modules that the XML text of the path names.
pub(super) fn modules(schema: &Schema, path: &InstancePath, modules: &mut Vec<ModuleId>) {
    let mut add = |module: ModuleId| {
        if !modules.contains(&module) {
            modules.push(module);
        }
    };
    for step in &path.steps {
        let definition = schema.node(step.node);
        add(definition.module);
        if let Select::Keys(_) = step.select {
            for key in definition.keys() {
                add(schema.node(*key).module);
            }
        }
    }
    for step in &path.steps {
        match &step.select {
            Select::Keys(values) => {
                for value in values {
                    super::modules_in(schema, value, modules);
                }
            }
            Select::Value(value) => super::modules_in(schema, value, modules),
            Select::None | Select::Position(_) => {}
        }
    }
}
