//! Content of one encoding as content of the other, by structure, as RFC 7951 5.5 pairs the two, without types: every XML
//! text is a JSON string, and attributes are left out. Order is kept.
//!
//! A module that the schema does not have has no namespace that could be known: its name stands for it, both ways.

use std::collections::HashMap;

use banyan_yang::schema::Schema;

use crate::document::Limits;
use crate::input::Broken;
use crate::json::tokens::{Token, Tokens};
use crate::xml::escape;
use crate::xml::scanner::{Open, Scanner, Token as XmlToken, is_blank};

/// A JSON value whose members keep their order, and its numbers their digits.
enum Ordered {
    Null,
    /// A string, number or boolean.
    Scalar(String),
    Array(Vec<Ordered>),
    Object(Vec<(String, Ordered)>),
}

/// The inside of the element.
pub(super) fn to_xml(schema: &Schema, text: &str) -> String {
    let mut tokens = Tokens::new(text);
    let mut inside = String::new();
    match value(&mut tokens) {
        Ok(value) if fits_element(&value) => print(schema, &value, None, &mut inside),
        // It can only be shown as the text that it is.
        _ => inside.push_str(&escape::text(text)),
    }
    inside
}

/// The JSON value.
pub(super) fn to_json(schema: &Schema, inside: &str) -> String {
    let mut scanner = Scanner::new(inside, Limits::default());
    json_of_xml(schema, &mut scanner).unwrap_or_else(|_| string(inside))
}

/// What a string of JSON says, from between its quotes.
pub(super) fn decoded(raw: &str) -> String {
    match raw.contains('\\') {
        true => serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.to_owned()),
        false => raw.to_owned(),
    }
}

/// Recursion is bounded by the depth that is kept verbatim.
fn value(tokens: &mut Tokens<'_>) -> Result<Ordered, Broken> {
    let (token, _) = tokens.next()?;
    rest(tokens, token)
}

fn rest(tokens: &mut Tokens<'_>, token: Token<'_>) -> Result<Ordered, Broken> {
    Ok(match token {
        Token::Object => {
            let mut members = Vec::new();
            while let (Token::Name(name), _) = tokens.next()? {
                members.push((decoded(name), value(tokens)?));
            }
            Ordered::Object(members)
        }
        Token::Array => {
            let mut items = Vec::new();
            loop {
                match tokens.next()? {
                    (Token::Close | Token::End, _) => break,
                    (token, _) => items.push(rest(tokens, token)?),
                }
            }
            Ordered::Array(items)
        }
        Token::Scalar("null") => Ordered::Null,
        Token::Scalar(raw) => {
            let inside = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
            Ordered::Scalar(inside.map_or_else(|| raw.to_owned(), decoded))
        }
        Token::Close | Token::Name(_) | Token::End => Ordered::Null,
    })
}

/// Whether elements and texts can say it, as the content of one element.
fn fits_element(value: &Ordered) -> bool {
    match value {
        Ordered::Null | Ordered::Scalar(_) => true,
        Ordered::Array(items) => matches!(items.as_slice(), [Ordered::Null]),
        Ordered::Object(members) => members.iter().all(|(name, value)| {
            if name.starts_with('@') {
                return true;
            }
            let (module, local) = split(name);
            let items = match value {
                Ordered::Array(items) => items.as_slice(),
                single => std::slice::from_ref(single),
            };
            module.is_none_or(is_name) && is_name(local) && items.iter().all(fits_element)
        }),
    }
}

fn split(name: &str) -> (Option<&str>, &str) {
    match name.split_once(':') {
        Some((module, local)) => (Some(module), local),
        None => (None, name),
    }
}

/// `outer` is the module whose namespace is the default one.
fn print(schema: &Schema, value: &Ordered, outer: Option<&str>, out: &mut String) {
    match value {
        Ordered::Null => {}
        Ordered::Scalar(text) => out.push_str(&escape::text(text)),
        Ordered::Array(items) => items
            .iter()
            .for_each(|item| print(schema, item, outer, out)),
        Ordered::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| !name.starts_with('@')) {
                let (module, local) = split(name);
                let declaration = match module {
                    Some(module) if Some(module) != outer => {
                        let known = schema.module_by_name(module);
                        let namespace = known.map(|known| &*schema.module(known).namespace);
                        let namespace = escape::attribute(namespace.unwrap_or(module));
                        format!(" xmlns=\"{namespace}\"")
                    }
                    _ => String::new(),
                };
                let items = match value {
                    // `[null]` is one element without content (RFC 7951 6.9).
                    Ordered::Array(items) => items.as_slice(),
                    single => std::slice::from_ref(single),
                };
                for item in items {
                    out.push_str(&format!("<{local}{declaration}>"));
                    print(schema, item, module.or(outer), out);
                    out.push_str(&format!("</{local}>"));
                }
            }
        }
    }
}

/// Whether a member's name can be the name of an element.
pub(super) fn is_name(name: &str) -> bool {
    let starts = |first: char| first.is_alphabetic() || first == '_';
    let goes_on = |next: char| next.is_alphanumeric() || "_-.".contains(next);
    name.starts_with(starts) && name.chars().all(goes_on)
}

/// The rest of the current element. Recursion is bounded by the scanner's limit on depth.
fn json_of_xml(schema: &Schema, scanner: &mut Scanner<'_>) -> Result<String, Broken> {
    let mut members: Vec<(String, Vec<String>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut text = String::new();
    loop {
        match scanner.next()? {
            XmlToken::Open(open) => {
                let name = member_name(schema, scanner, &open);
                let value = json_of_xml(schema, scanner)?;
                match places.get(&name) {
                    Some(place) => members[*place].1.push(value),
                    None => {
                        places.insert(name.clone(), members.len());
                        members.push((name, vec![value]));
                    }
                }
            }
            XmlToken::Text(more) => text.push_str(&more),
            XmlToken::Close | XmlToken::End => break,
        }
    }
    if members.is_empty() && !is_blank(&text) {
        return Ok(string(&text));
    }
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, values)| match values.as_slice() {
            [single] => format!("{}:{single}", string(&name)),
            several => format!("{}:[{}]", string(&name), several.join(",")),
        })
        .collect();
    Ok(format!("{{{}}}", members.join(",")))
}

fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn member_name(schema: &Schema, scanner: &Scanner<'_>, open: &Open<'_>) -> String {
    let namespace = scanner.namespaces.uri(open.prefix);
    match (
        scanner.namespaces.module(schema, open.prefix),
        namespace.filter(|namespace| is_name(namespace)),
    ) {
        (Some(module), _) => format!("{}:{}", schema.module(module).name, open.local),
        (None, Some(name)) => format!("{name}:{}", open.local),
        (None, None) => open.local.to_owned(),
    }
}
