//! anydata and anyxml (RFC 7950 7.10, 7.11), and data that no schema explains: kept verbatim.
//!
//! When such content must be printed in the other encoding it is converted by structure, as RFC 7951 5.5
//! pairs the two, without types: every XML text is a JSON string, and attributes are left out.

use std::borrow::Cow;
use std::sync::Arc;

use banyan_yang::schema::Schema;
use serde_json::{Map, Value as Json};

use crate::document::Limits;
use crate::input::Broken;
use crate::xml::escape;
use crate::xml::scanner::{Open, Scanner, Token, is_blank};

/// Content that is kept as it came, in the encoding in which it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AnyData {
    /// The inside of the element: well-formed XML on its own, with the namespace declarations that it needs.
    Xml(Arc<str>),
    /// A JSON value.
    Json(Arc<str>),
}

/// The deepest nesting of JSON that is kept verbatim: as deep as the JSON parser goes elsewhere.
const JSON_DEPTH: usize = 120;

impl AnyData {
    /// A JSON value, which must be well-formed.
    ///
    /// # Errors
    /// It is nested deeper than allowed.
    pub(crate) fn json(text: &str, limits: &Limits) -> Result<AnyData, String> {
        let limit = JSON_DEPTH.min(limits.depth as usize);
        match nesting(text) > limit {
            true => Err(format!("objects and arrays are nested deeper than {limit}")),
            false => Ok(AnyData::Json(text.into())),
        }
    }

    /// The inside of an XML element. Names with a module of the schema get its namespace.
    pub fn to_xml(&self, schema: &Schema) -> Cow<'_, str> {
        let text = match self {
            AnyData::Xml(inside) => return Cow::Borrowed(inside),
            AnyData::Json(text) => text,
        };
        let mut inside = String::new();
        // What does not parse was never JSON: it can only be shown as the text that it is.
        match serde_json::from_str(text) {
            Ok(json) => inside_of_json(schema, &json, &mut inside),
            Err(_) => inside.push_str(&escape::text(text)),
        }
        Cow::Owned(inside)
    }

    /// A JSON value. Namespaces of the schema's modules become module names.
    pub fn to_json(&self, schema: &Schema) -> Cow<'_, str> {
        let inside = match self {
            AnyData::Json(text) => return Cow::Borrowed(text),
            AnyData::Xml(inside) => inside,
        };
        let mut scanner = Scanner::new(inside, Limits::default());
        let json = json_of_xml(schema, &mut scanner);
        Cow::Owned(json.unwrap_or_else(|_| Json::from(&**inside)).to_string())
    }
}

/// How deep the brackets of a JSON text nest; it is well-formed.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Recursion is bounded by the nesting that the JSON parser allows.
fn inside_of_json(schema: &Schema, json: &Json, out: &mut String) {
    match json {
        Json::Null => {}
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => out.push_str(&number.to_string()),
        Json::String(text) => out.push_str(&escape::text(text)),
        Json::Array(items) => items
            .iter()
            .for_each(|item| inside_of_json(schema, item, out)),
        Json::Object(members) => {
            for (name, value) in members {
                let (module, local) = match name.split_once(':') {
                    Some((module, local)) => (schema.module_by_name(module), local),
                    None => (None, &**name),
                };
                if !is_name(local) {
                    continue;
                }
                let declaration = module.map(|module| {
                    let namespace = &schema.module(module).namespace;
                    format!(" xmlns=\"{}\"", escape::attribute(namespace))
                });
                let declaration = declaration.unwrap_or_default();
                let items = match value {
                    // `[null]` is one element without content (RFC 7951 6.9).
                    Json::Array(items) => items.iter().collect(),
                    single => vec![single],
                };
                for item in items {
                    out.push_str(&format!("<{local}{declaration}>"));
                    inside_of_json(schema, item, out);
                    out.push_str(&format!("</{local}>"));
                }
            }
        }
    }
}

/// Whether a member's name can be the name of an element; metadata (`@name`) and the like cannot.
fn is_name(name: &str) -> bool {
    let starts = |first: char| first.is_alphabetic() || first == '_';
    let goes_on = |next: char| next.is_alphanumeric() || "_-.".contains(next);
    name.starts_with(starts) && name.chars().all(goes_on)
}

/// The rest of the current element. Recursion is bounded by the scanner's limit on depth.
fn json_of_xml(schema: &Schema, scanner: &mut Scanner<'_>) -> Result<Json, Broken> {
    let mut members: Map<String, Json> = Map::new();
    let mut text = String::new();
    loop {
        match scanner.next()? {
            Token::Open(open) => {
                let name = member_name(schema, scanner, &open);
                let value = json_of_xml(schema, scanner)?;
                match members.get_mut(&name) {
                    None => {
                        members.insert(name, value);
                    }
                    Some(Json::Array(items)) => items.push(value),
                    Some(first) => {
                        let first = first.take();
                        members.insert(name, Json::Array(vec![first, value]));
                    }
                }
            }
            Token::Text(more) => text.push_str(&more),
            Token::Close | Token::End => break,
        }
    }
    if members.is_empty() && !is_blank(&text) {
        return Ok(Json::String(text));
    }
    Ok(Json::Object(members))
}

fn member_name(schema: &Schema, scanner: &Scanner<'_>, open: &Open<'_>) -> String {
    match scanner.namespaces.module(schema, open.prefix) {
        Some(module) => format!("{}:{}", schema.module(module).name, open.local),
        None => open.local.to_owned(),
    }
}
