//! Where members and the entries of arrays stand, for errors about data that were read from them.

use std::borrow::Cow;

use super::tokens::{Token, Tokens};
use crate::input::Broken;
use crate::known::split;
use crate::lexical::{JsonScalar, JsonTypes, ModuleNames, Style, canonical, parse_json};
use crate::locate::Finder;

/// Tells of the members of a document that was read before.
pub(crate) fn find_places(text: &str, finder: &mut Finder<'_>) {
    let mut places = Places {
        tokens: Tokens::new(text),
        finder,
    };
    // What is broken was refused before.
    let _ = places.document();
}

struct Places<'t, 'f, 's> {
    tokens: Tokens<'t>,
    finder: &'f mut Finder<'s>,
}

/// What an open bracket is.
enum Open<'t> {
    /// An object that the finder knows as a node.
    Node,
    /// The outermost object.
    Document,
    /// The array of the instances of this member.
    Array(Cow<'t, str>),
}

impl<'t> Places<'t, '_, '_> {
    fn document(&mut self) -> Result<(), Broken> {
        let mut open: Vec<Open<'t>> = Vec::new();
        loop {
            let (token, offset) = self.tokens.next()?;
            match (token, open.last()) {
                (Token::Object, None) => open.push(Open::Document),
                (Token::Name(raw), _) => {
                    let name = unescaped(raw);
                    if name.starts_with('@') {
                        self.tokens.skip()?;
                    } else if let Some(inner) = self.value(name, offset)? {
                        open.push(inner);
                    }
                }
                (Token::Object, Some(Open::Array(name))) => {
                    if self.begin(name, offset) {
                        open.push(Open::Node);
                    } else {
                        self.inside()?;
                    }
                }
                (Token::Scalar(raw), Some(Open::Array(name))) => {
                    self.scalar(name, offset, raw);
                }
                (Token::Close, _) => {
                    if let Some(Open::Node) = open.pop() {
                        self.finder.close("");
                    }
                }
                (Token::End, _) => return Ok(()),
                _ => {}
            }
        }
    }

    /// The value of a member: what opens with it.
    fn value(&mut self, name: Cow<'t, str>, offset: usize) -> Result<Option<Open<'t>>, Broken> {
        let (token, _) = self.tokens.next()?;
        match token {
            Token::Array => Ok(Some(Open::Array(name))),
            Token::Object if self.begin(&name, offset) => Ok(Some(Open::Node)),
            Token::Object => {
                self.inside()?;
                Ok(None)
            }
            Token::Scalar(raw) => {
                self.scalar(&name, offset, raw);
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Passes over the rest of the object that has just begun.
    fn inside(&mut self) -> Result<(), Broken> {
        let mut depth = 1;
        while depth > 0 {
            match self.tokens.next()?.0 {
                Token::Object | Token::Array => depth += 1,
                Token::Close => depth -= 1,
                Token::End => return Ok(()),
                Token::Name(_) | Token::Scalar(_) => {}
            }
        }
        Ok(())
    }

    fn begin(&mut self, name: &str, offset: usize) -> bool {
        let (module, local) = split(name);
        let parent = self.finder.module();
        let module = module.unwrap_or(&parent);
        self.finder.open(Some(module), local, offset)
    }

    /// A leaf, or an entry of a leaf-list.
    fn scalar(&mut self, name: &str, offset: usize, raw: &str) {
        if self.begin(name, offset) {
            self.end(raw);
        }
    }

    /// A leaf ends.
    fn end(&mut self, raw: &str) {
        let schema = self.finder.schema();
        let text = match raw.strip_prefix('"') {
            Some(_) => unescaped(&raw[1..raw.len() - 1]),
            None => Cow::Borrowed(raw),
        };
        let ty = self.finder.id().map(|id| schema.node(id));
        let ty = ty.and_then(|node| Some((node.module, node.ty.as_ref()?)));
        let value = ty.and_then(|(module, ty)| {
            let names = ModuleNames {
                default: Some(module),
            };
            let scalar = match serde_json::from_str::<serde_json::Value>(raw).ok()? {
                serde_json::Value::Bool(value) => JsonScalar::Bool(value),
                serde_json::Value::String(_) => JsonScalar::String(&text),
                serde_json::Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                    (Some(number), _) => JsonScalar::Unsigned(number),
                    (_, Some(number)) => JsonScalar::Signed(number),
                    _ => JsonScalar::Float(number.as_f64()?),
                },
                _ => JsonScalar::EmptyArray,
            };
            let value = parse_json(schema, ty, scalar, &names, JsonTypes::Lenient).ok()?;
            Some(canonical(schema, ty, &value, Style::Json).into_owned())
        });
        self.finder.close(value.as_deref().unwrap_or(&text));
    }
}

/// A string without its escapes.
fn unescaped(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    match serde_json::from_str::<String>(&format!("\"{raw}\"")) {
        Ok(text) => Cow::Owned(text),
        Err(_) => Cow::Borrowed(raw),
    }
}
