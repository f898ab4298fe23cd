//! Keypaths, as operators type them: `/devices/device{www0}/config`. Keys stand in braces, separated by blanks;
//! a module name stands only in front of names that several modules use in one place.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use super::resolve::{Naming, PathError, Resolver, value_text, with_schemas};
use super::{InstancePath, Select};
use crate::document::Mounts;
use crate::lexical::{ModuleNames, Style};

/// Reads a keypath. A name may have its module's name or prefix in front, and needs it where it is ambiguous.
///
/// # Errors
/// It is malformed, a name is unknown or ambiguous where it stands, or a key value is outside its type.
pub fn parse(
    schema: &Arc<Schema>,
    text: &str,
    mounts: &dyn Mounts,
) -> Result<InstancePath, PathError> {
    let names = ModuleNames { default: None };
    let mut resolver = Resolver::new(schema, text, mounts, &names, Naming::Lenient);
    let mut rest = text.trim();
    rest = rest.strip_prefix('/').unwrap_or(rest);
    while !rest.is_empty() {
        let end = rest.find(['/', '{', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        match name.split_once(':') {
            _ if name.is_empty() => {
                return Err(resolver.wrong(format!("a name is missing before {after:?}")));
            }
            Some((module, name)) => resolver.enter(Some(module), name)?,
            None => resolver.enter(None, name)?,
        }
        rest = after;
        if let Some(inside) = rest.strip_prefix('{') {
            let (values, after) = words(inside).map_err(|why| resolver.wrong(why))?;
            resolver.select_values(&values)?;
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('[') {
            let position = inside
                .split_once(']')
                .and_then(|(digits, after)| Some((digits.trim().parse().ok()?, after)));
            let Some((position, after)) = position else {
                return Err(resolver.wrong("a position in brackets is not a number"));
            };
            resolver.select(Select::Position(position))?;
            rest = after;
        }
        rest = match rest.strip_prefix('/') {
            Some(below) => below,
            None if rest.is_empty() => rest,
            None => return Err(resolver.wrong(format!("/ is missing before {rest:?}"))),
        };
    }
    Ok(resolver.finish())
}

/// The words up to the closing brace, and what follows it. A word with blanks or braces stands in double quotes,
/// in which a backslash takes the next character as it is.
fn words(text: &str) -> Result<(Vec<Cow<'_, str>>, &str), &'static str> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((words, after));
        }
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut word = String::new();
            let mut characters = quoted.char_indices();
            let end = loop {
                match characters.next() {
                    Some((at, '"')) => break at,
                    Some((_, '\\')) => match characters.next() {
                        Some((_, escaped)) => word.push(escaped),
                        None => return Err("a quote is not closed"),
                    },
                    Some((_, character)) => word.push(character),
                    None => return Err("a quote is not closed"),
                }
            };
            words.push(Cow::Owned(word));
            rest = &quoted[end + 1..];
        } else {
            let Some(end) = rest.find([' ', '}']) else {
                return Err("a brace is not closed");
            };
            words.push(Cow::Borrowed(&rest[..end]));
            rest = &rest[end..];
        }
    }
}

/// Prints a keypath; `None` when the path does not fit the schema (or nothing is mounted where it goes on).
pub fn print(schema: &Arc<Schema>, path: &InstancePath, mounts: &dyn Mounts) -> Option<String> {
    let mut out = String::new();
    let steps = with_schemas(schema, path, mounts)?;
    for (schema, step) in &steps {
        let definition = schema.node(step.node);
        out.push('/');
        if is_ambiguous(schema, step.node) {
            out.push_str(&schema.module(definition.module).name);
            out.push(':');
        }
        out.push_str(&definition.name);
        match &step.select {
            Select::None => {}
            Select::Keys(values) => {
                for (index, (key, value)) in definition.keys().iter().zip(values).enumerate() {
                    out.push(if index == 0 { '{' } else { ' ' });
                    push_word(&mut out, &value_text(schema, *key, value, Style::Json));
                }
                out.push('}');
            }
            Select::Value(value) => {
                out.push('{');
                push_word(&mut out, &value_text(schema, step.node, value, Style::Json));
                out.push('}');
            }
            Select::Position(position) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "[{position}]");
            }
        }
    }
    if out.is_empty() {
        out.push('/');
    }
    Some(out)
}

/// Whether a sibling of another module has the same name.
pub(crate) fn is_ambiguous(schema: &Schema, id: SchemaId) -> bool {
    let node = schema.node(id);
    let siblings = node
        .data_parent()
        .map_or(&[][..], |parent| schema.data_children(parent));
    siblings
        .iter()
        .any(|other| *other != id && schema.node(*other).name == node.name)
}

fn push_word(out: &mut String, word: &str) {
    let plain = |character: char| !" \t\n\"\\{}".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        out.push_str(word);
        return;
    }
    out.push('"');
    for character in word.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}
