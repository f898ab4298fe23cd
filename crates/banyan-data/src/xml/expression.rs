//! Prefixes inside of expressions. A path that is stored outlives the declarations around it, so its prefixes become
//! names of modules, as RFC 7951 6.11 has them.

use std::borrow::Cow;

use banyan_yang::schema::{Schema, Type};

use super::namespaces::Namespaces;

/// Whether values of a type are paths with prefixes that nobody binds when they are read: `node-instance-identifier`
/// (RFC 8341 3.2.5).
pub(super) fn is_path(ty: &Type) -> bool {
    let name = ty.typedef.as_ref().map(|(_, name)| &**name);
    name == Some("node-instance-identifier")
}

/// The text with the name of its module in the place of each prefix that is declared for another module than the one that
/// has this name or prefix. What stands in quotes is no prefix; what is not declared stays.
pub(super) fn by_module_names<'t>(
    schema: &Schema,
    namespaces: &Namespaces<'_>,
    text: &'t str,
) -> Cow<'t, str> {
    let mut out = String::new();
    let (mut done, mut quote) = (0, None);
    let mut word = 0;
    for (at, char) in text.char_indices() {
        match (quote, char) {
            (Some(open), _) if open == char => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(char),
            (None, ':') => {
                if let Some(name) = module_of(schema, namespaces, &text[word..at]) {
                    out.push_str(&text[done..word]);
                    out.push_str(name);
                    done = at;
                }
            }
            (None, _) => {}
        }
        if quote.is_some() || !(char.is_alphanumeric() || matches!(char, '_' | '-' | '.')) {
            word = at + char.len_utf8();
        }
    }
    match done {
        0 => Cow::Borrowed(text),
        _ => {
            out.push_str(&text[done..]);
            Cow::Owned(out)
        }
    }
}

/// The name to write for a prefix; `None`: it is understood as it is, or not declared.
fn module_of<'s>(schema: &'s Schema, namespaces: &Namespaces<'_>, prefix: &str) -> Option<&'s str> {
    if prefix.is_empty() {
        return None;
    }
    let meant = namespaces.module(schema, Some(prefix))?;
    let module = schema.module(meant);
    let mut others = schema.modules().filter(|(id, _)| *id != meant);
    let understood = *module.name == *prefix
        || *module.prefix == *prefix
            && !others.any(|(_, other)| *other.name == *prefix || *other.prefix == *prefix);
    (!understood).then_some(&*module.name)
}

#[cfg(test)]
mod tests {
    use banyan_yang::compile::{Compiler, MemorySource};

    use crate::document::PrintOptions;
    use crate::xml;

    /// Another module has the prefix that is the name of the first one.
    const MODELS: [&str; 2] = [
        "module first { namespace urn:first; prefix f; typedef node-instance-identifier { type string; }
           container c { leaf path { type node-instance-identifier; } leaf text { type string; } } }",
        "module second { namespace urn:second; prefix first; container d; }",
    ];

    #[test]
    fn prefixes_of_a_path_that_is_stored_are_names_of_modules() {
        let mut source = MemorySource::new();
        for text in MODELS {
            source.add(text);
        }
        let schema = ["first", "second"]
            .iter()
            .fold(Compiler::new(&source), |compiler, name| {
                compiler.implement(name, None)
            })
            .compile()
            .unwrap()
            .schema;
        for (given, stored) in [
            ("/x:c/x:text", "/first:c/first:text"),
            ("/f:c[f:path='x:y']/f:text", "/f:c[f:path='x:y']/f:text"),
            ("/first:d", "/second:d"),
            (
                "/x:c[x:path=\"/y:d\"]/y:d",
                "/first:c[first:path=\"/y:d\"]/second:d",
            ),
            ("/second:d/unknown:e", "/second:d/unknown:e"),
            ("/child::x:c", "/child::first:c"),
            ("", ""),
        ] {
            let document = format!(
                "<c xmlns='urn:first' xmlns:x='urn:first' xmlns:f='urn:first' xmlns:y='urn:second' xmlns:first='urn:second'>\
                 <path>{given}</path><text>{given}</text></c>"
            );
            let tree = xml::parse_data(&schema, document.as_bytes(), &Default::default()).unwrap();
            let mut out = Vec::new();
            xml::print(&tree, &PrintOptions::default(), &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            let quoted = |path: &str| path.replace('"', "&quot;");
            for (leaf, path) in [("path", stored), ("text", given)] {
                let (plain, quoted) = (
                    format!("<{leaf}>{path}</{leaf}>"),
                    format!("<{leaf}>{}</{leaf}>", quoted(path)),
                );
                assert!(
                    path.is_empty() || text.contains(&plain) || text.contains(&quoted),
                    "{given}: {text}"
                );
            }
        }
    }
}
