//! Elements as XML, each at the beginning of a line, so that a line of the output tells which element it is of.

use super::{Document, Element, KnownModules};
use crate::xml::escape;

/// A printed document, and which line each element begins at.
#[derive(Debug, Default)]
pub struct Printed {
    /// The document: XML inside of `<config>`.
    pub text: String,
    /// Line (from 1) and the places of children that lead to the element, in ascending order of lines.
    starts: Vec<(u32, Box<[u32]>)>,
}

impl Printed {
    /// The element that a line belongs to: the last that begins at or before it.
    pub fn element_at(&self, line: u32) -> Option<Vec<usize>> {
        let after = self.starts.partition_point(|(start, _)| *start <= line);
        let (_, places) = self.starts.get(after.checked_sub(1)?)?;
        Some(places.iter().map(|place| *place as usize).collect())
    }
}

struct Printer<'a> {
    modules: &'a KnownModules,
    out: Printed,
    line: u32,
    /// Places of the element in hand.
    places: Vec<u32>,
    /// Whether starts are wanted.
    noted: bool,
}

impl Document {
    /// The document as XML inside of `<config>`.
    pub fn print(&self) -> Printed {
        let mut printer = Printer {
            modules: &self.modules,
            out: Printed::default(),
            line: 1,
            places: Vec::new(),
            noted: true,
        };
        printer.text("<config>\n");
        for (place, child) in self.root.children.iter().enumerate() {
            printer.places.push(place as u32);
            printer.element(child, "", 1);
            printer.places.pop();
        }
        printer.text("</config>\n");
        printer.out
    }

    /// An element as XML on its own, indented by `level` levels.
    pub fn print_element(&self, element: &Element, level: usize) -> String {
        let mut printer = Printer {
            modules: &self.modules,
            out: Printed::default(),
            line: 1,
            places: Vec::new(),
            noted: false,
        };
        printer.element(element, "", level);
        printer.out.text
    }
}

impl Printer<'_> {
    fn text(&mut self, text: &str) {
        let ends = text.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(ends as u32);
        self.out.text.push_str(text);
    }

    fn declare(&mut self, prefix: &str, module: &str) {
        let namespace = escape::attribute(self.modules.namespace(module)).into_owned();
        self.text(&format!(" xmlns:{prefix}=\"{namespace}\""));
    }

    /// Recursion is bounded by the limits of the readers.
    fn element(&mut self, element: &Element, around: &str, level: usize) {
        if self.noted {
            let start = (self.line, self.places.clone().into_boxed_slice());
            self.out.starts.push(start);
        }
        if element.name.is_empty() {
            let text = escape::text(&element.text).into_owned();
            self.text(&text);
            self.text("\n");
            return;
        }
        self.text(&"   ".repeat(level));
        self.text(&format!("<{}", element.name));
        let namespace = self.modules.namespace(&element.module).to_owned();
        if namespace != around {
            let declared = escape::attribute(&namespace).into_owned();
            self.text(&format!(" xmlns=\"{declared}\""));
        }
        for (prefix, module) in &element.prefixes {
            self.declare(prefix, module);
        }
        self.attributes(element);
        if element.children.is_empty() {
            if element.text.is_empty() {
                return self.text("/>\n");
            }
            let text = escape::text(&element.text).into_owned();
            self.text(">");
            self.text(&text);
        } else {
            self.text(">\n");
            for (place, child) in element.children.iter().enumerate() {
                self.places.push(place as u32);
                self.element(child, &namespace, level + 1);
                self.places.pop();
            }
            self.text(&"   ".repeat(level));
        }
        self.text(&format!("</{}>\n", element.name));
    }

    fn attributes(&mut self, element: &Element) {
        for (index, attribute) in element.attributes.iter().enumerate() {
            let mut name = attribute.name.to_string();
            if !attribute.module.is_empty() {
                // No prefix of the text may be hidden.
                let taken = |prefix: &str| element.prefixes.iter().any(|(it, _)| **it == *prefix);
                let mut prefix = format!("a{index}");
                while taken(&prefix) {
                    prefix.push('_');
                }
                self.declare(&prefix, &attribute.module);
                name = format!("{prefix}:{name}");
            }
            let value = escape::attribute(&attribute.value).into_owned();
            self.text(&format!(" {name}=\"{value}\""));
        }
    }
}
