//! Where text came from: sources, spans in them, and the line and column of a span.
//!
//! A [`Span`] is three numbers, so everything that is compiled can afford one. Lives here: the mapping
//! back from spans to file, line, column and text. Must not read files: text is handed in.

use std::fmt;
use std::sync::{Arc, OnceLock};

use thiserror::Error;

/// Names a text of one [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SourceId(pub u32);

/// A stretch of one source: byte offsets, `end` exclusive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span {
    /// The source.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// The span from the start of `self` to the end of `other`, both in one source.
    pub fn to(self, other: Span) -> Span {
        Span {
            end: other.end.max(self.start),
            ..self
        }
    }
}

/// A place as people count: from 1, columns in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A text that cannot be addressed by a [`Span`].
#[derive(Debug, Error)]
#[error(
    "{name} has {length} bytes; a YANG text may have at most {} bytes",
    MAX_TEXT
)]
pub struct TextTooLarge {
    /// The name under which it was added.
    pub name: String,
    /// Its length in bytes.
    pub length: usize,
}

/// The longest text that is accepted, in bytes: offsets are `u32`, and no published module comes near.
pub const MAX_TEXT: usize = 1 << 30;

#[derive(Debug)]
struct Source {
    name: Arc<str>,
    text: Arc<str>,
    /// Offsets of line starts; computed when the first position is asked for.
    lines: OnceLock<Vec<u32>>,
}

/// The texts that spans point into. Texts are shared, never copied.
#[derive(Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    /// A map without texts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text under the name that messages show (a file name, or whatever tells where it came from).
    pub fn add(
        &mut self,
        name: impl Into<Arc<str>>,
        text: impl Into<Arc<str>>,
    ) -> Result<SourceId, TextTooLarge> {
        let (name, text) = (name.into(), text.into());
        if text.len() > MAX_TEXT {
            return Err(TextTooLarge {
                name: name.to_string(),
                length: text.len(),
            });
        }
        let id = SourceId(self.sources.len() as u32);
        self.sources.push(Source {
            name,
            text,
            lines: OnceLock::new(),
        });
        Ok(id)
    }

    /// All sources, in the order in which they were added.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = SourceId> + use<> {
        (0..self.sources.len() as u32).map(SourceId)
    }

    /// The name of a source; empty for an id of another map.
    pub fn name(&self, id: SourceId) -> &str {
        self.source(id).map_or("", |source| &source.name)
    }

    /// The whole text of a source; empty for an id of another map.
    pub fn text(&self, id: SourceId) -> &str {
        self.source(id).map_or("", |source| &source.text)
    }

    /// The whole text of a source, shared.
    pub fn shared_text(&self, id: SourceId) -> Option<Arc<str>> {
        self.source(id).map(|source| source.text.clone())
    }

    /// The source that holds a text: the very same, else an equal one. O(sources).
    pub fn find(&self, text: &str) -> Option<SourceId> {
        let same = |source: &Source| std::ptr::eq(&*source.text, text);
        let equal = |source: &Source| *source.text == *text;
        let position = self.sources.iter().position(same);
        let position = position.or_else(|| self.sources.iter().position(equal))?;
        Some(SourceId(position as u32))
    }

    /// The text of a span; empty if the span is not of this map.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.source)
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// Line and column of the start of a span. O(log lines + length of the line) after the first call for a source.
    pub fn position(&self, span: Span) -> Position {
        let Some(source) = self.source(span.source) else {
            return Position { line: 1, column: 1 };
        };
        let lines = source.lines.get_or_init(|| line_starts(&source.text));
        let line = lines.partition_point(|start| *start <= span.start).max(1);
        let start = lines.get(line - 1).copied().unwrap_or(0) as usize;
        let column = source
            .text
            .get(start..span.start as usize)
            .map_or(0, |before| before.chars().count());
        Position {
            line: line as u32,
            column: column as u32 + 1,
        }
    }

    /// `file:line:column` of the start of a span.
    pub fn location(&self, span: Span) -> String {
        format!("{}:{}", self.name(span.source), self.position(span))
    }

    fn source(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }
}

fn line_starts(text: &str) -> Vec<u32> {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at as u32 + 1));
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut map = SourceMap::new();
        let id = map.add("a.yang", "ab\nøø x\n").unwrap();
        let at = |start| Span {
            source: id,
            start,
            end: start + 1,
        };
        assert_eq!(map.location(at(0)), "a.yang:1:1");
        assert_eq!(map.location(at(3)), "a.yang:2:1");
        assert_eq!(map.location(at(8)), "a.yang:2:4");
        assert_eq!(map.slice(at(8)), "x");
        assert_eq!(map.location(at(9)), "a.yang:2:5");
    }

    #[test]
    fn a_span_of_another_map_is_empty_text() {
        let map = SourceMap::new();
        let span = Span::default();
        assert_eq!(map.slice(span), "");
        assert_eq!(map.location(span), ":1:1");
    }
}
