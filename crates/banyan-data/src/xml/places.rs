//! Where elements stand, for errors about data that were read from them.

use super::namespaces::ValuePrefixes;
use super::scanner::{Scanner, Token};
use crate::document::Limits;
use crate::input::Broken;
use crate::lexical::{Style, canonical, parse};
use crate::locate::Finder;

/// Tells of the elements of a document that was read before.
pub(crate) fn find_places(text: &str, finder: &mut Finder<'_>) {
    let mut scanner = Scanner::new(text, Limits::default());
    // What is broken was refused before.
    let _ = elements(&mut scanner, finder);
}

fn elements(scanner: &mut Scanner<'_>, finder: &mut Finder<'_>) -> Result<(), Broken> {
    let schema = finder.schema();
    let mut texts = vec![String::new()];
    loop {
        match scanner.next()? {
            Token::Open(open) => {
                let module = scanner.namespaces.module(schema, open.prefix);
                // Lenient documents name no namespace.
                let parent = finder.id();
                let module = module.or_else(|| {
                    let id = schema.data_child_any_module(parent?, open.local)?;
                    Some(schema.node(id).module)
                });
                let module = module.map(|module| &*schema.module(module).name);
                if finder.open(module, open.local, open.offset) {
                    texts.push(String::new());
                } else {
                    scanner.skip()?;
                }
            }
            Token::Text(text) => {
                if let Some(last) = texts.last_mut() {
                    last.push_str(&text);
                }
            }
            Token::Close => {
                let text = texts.pop().unwrap_or_default();
                let definition = finder.id().map(|id| schema.node(id));
                let ty = definition.and_then(|node| Some((node.module, node.ty.as_ref()?)));
                let prefixes = |own| ValuePrefixes {
                    namespaces: &scanner.namespaces,
                    lenient: true,
                    own: Some(own),
                };
                let value = ty.and_then(|(own, ty)| {
                    let value = parse(schema, ty, &text, &prefixes(own)).ok()?;
                    Some(canonical(schema, ty, &value, Style::Json).into_owned())
                });
                finder.close(value.as_deref().unwrap_or_else(|| text.trim()));
            }
            Token::End => return Ok(()),
        }
    }
}
