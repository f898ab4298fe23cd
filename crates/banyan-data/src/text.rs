//! Data for people: nested braces, a line for each leaf. Printed only; it is not a source.

use std::io;

use banyan_yang::schema::{ModuleId, NodeKind, Schema, SchemaId};

use crate::any::AnyData;
use crate::document::{Layout, PrintOptions};
use crate::lexical::{Style, canonical};
use crate::node::{Content, Node, Tree};
use crate::shown::{Shown, ShownChild};
use crate::sink::Sink;
use crate::value::Value;

/// How far a level is indented when the options do not say.
const INDENT: u8 = 4;

/// Prints the children of the tree's root. An entry stands behind its list's name and keys, a name of another
/// module than its parent's has that module's name before it, and values are quoted where blanks, braces
/// or semicolons would be read as something else.
///
/// # Errors
/// Those of the writer.
pub fn print(tree: &Tree, options: &PrintOptions<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let width = match options.layout {
        Layout::Compact => INDENT,
        Layout::Indented(width) => width,
    };
    let mut lines = Lines {
        sink: Sink::new(out),
        width: usize::from(width),
        depth: 0,
    };
    children(
        &mut lines,
        &mut Shown::new(tree, options),
        tree.root(),
        None,
    )?;
    lines.sink.finish()
}

struct Lines<'w> {
    sink: Sink<'w>,
    width: usize,
    depth: usize,
}

impl Lines<'_> {
    fn begin(&mut self, schema: &Schema, id: SchemaId, outer: Option<ModuleId>) -> io::Result<()> {
        self.sink.blanks(self.width * self.depth)?;
        let node = schema.node(id);
        if outer != Some(node.module) {
            self.sink.put(&schema.module(node.module).name)?;
            self.sink.put(":")?;
        }
        self.sink.put(&node.name)
    }

    fn open(&mut self) -> io::Result<()> {
        self.depth += 1;
        self.sink.put(" {\n")
    }

    fn close(&mut self) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        self.sink.blanks(self.width * self.depth)?;
        self.sink.put("}\n")
    }

    /// ` value`; nothing for type empty.
    fn value(&mut self, schema: &Schema, id: SchemaId, value: &Value) -> io::Result<()> {
        let definition = schema.node(id);
        match (&definition.ty, value.innermost()) {
            (None, _) | (_, Value::Empty) => Ok(()),
            (Some(ty), _) => {
                self.sink.put(" ")?;
                self.word(&canonical(schema, ty, value, Style::Json))
            }
        }
    }

    fn word(&mut self, text: &str) -> io::Result<()> {
        let needs_quotes = |character: char| {
            character.is_whitespace() || character.is_control() || "{};\"\\#".contains(character)
        };
        if text.is_empty() || text.contains(needs_quotes) {
            self.sink.put(&format!("{text:?}"))
        } else {
            self.sink.put(text)
        }
    }
}

fn children(
    lines: &mut Lines<'_>,
    shown: &mut Shown<'_>,
    node: &Node,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    let schema = shown.schema();
    let parent = schema.node(node.id());
    for child in shown.children(node) {
        // The keys stand behind the name of the entry.
        let is_key = parent.kind == NodeKind::List && schema.node(child.slot.id).is_key;
        if !is_key {
            print_child(lines, shown, &child, outer)?;
        }
    }
    Ok(())
}

fn print_child(
    lines: &mut Lines<'_>,
    shown: &mut Shown<'_>,
    child: &ShownChild<'_>,
    outer: Option<ModuleId>,
) -> io::Result<()> {
    let schema = shown.schema();
    let id = child.slot.id;
    let definition = schema.node(id);
    let inner = Some(definition.module);
    match &child.slot.content {
        Content::Leaf(value) => {
            lines.begin(schema, id, outer)?;
            lines.value(schema, id, value)?;
            lines.sink.put(";\n")
        }
        Content::LeafList(list) => {
            lines.begin(schema, id, outer)?;
            lines.sink.put(" [")?;
            for value in list.iter() {
                lines.value(schema, id, value)?;
            }
            lines.sink.put(" ];\n")
        }
        Content::Container(node) => {
            lines.begin(schema, id, outer)?;
            lines.open()?;
            shown.enter(node);
            children(lines, shown, node, inner)?;
            shown.leave();
            lines.close()
        }
        Content::List(list) => {
            for entry in list.iter() {
                lines.begin(schema, id, outer)?;
                for (key, value) in definition
                    .keys()
                    .iter()
                    .zip(entry.keys(definition.keys().len()))
                {
                    lines.value(schema, *key, value)?;
                }
                lines.open()?;
                shown.enter(entry);
                children(lines, shown, entry, inner)?;
                shown.leave();
                lines.close()?;
            }
            Ok(())
        }
        Content::Any(any) => {
            let (AnyData::Xml(text) | AnyData::Json(text)) = &**any;
            lines.begin(schema, id, outer)?;
            lines.sink.put(" ")?;
            lines.sink.put(&format!("{text:?}"))?;
            lines.sink.put(";\n")
        }
        Content::Mount(tree) => {
            lines.begin(schema, id, outer)?;
            lines.open()?;
            children(lines, &mut shown.mounted(tree), tree.root(), None)?;
            lines.close()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::ParseOptions;
    use crate::sample::{XML, schema};

    #[test]
    fn data_read_as_braces() {
        let tree =
            crate::xml::parse_data(&schema(), XML.as_bytes(), &ParseOptions::default()).unwrap();
        let mut out = Vec::new();
        print(&tree, &PrintOptions::default(), &mut out).unwrap();
        let expected = r#"net:host a<b;
net:net {
    link eth0 {
        mtu 1500;
        kind ext:ethernet;
        tag [ blue red ];
        hop [ 9 1 ];
        up;
        peer /net:net/rule[id='7']/note;
        limit true;
        admin {
        }
        extra "<x xmlns=\"urn:x\">1<y a=\"2\"/></x>";
        stats {
            octets 18446744073709551615;
        }
        ext:vendor acme;
    }
    link eth1 {
    }
    rule 7 {
        note "last is first";
    }
    rule 3 {
    }
}
"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
