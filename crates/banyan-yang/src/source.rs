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
    /// Computed when the first position is asked for.
    lines: OnceLock<Lines>,
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

    /// Line and column of the start of a span. O(log length) after the first call for a source, however long its lines are.
    pub fn position(&self, span: Span) -> Position {
        let Some(source) = self.source(span.source) else {
            return Position { line: 1, column: 1 };
        };
        let lines = source.lines.get_or_init(|| Lines::of(&source.text));
        lines.position(&source.text, span.start)
    }

    /// `file:line:column` of the start of a span.
    pub fn location(&self, span: Span) -> String {
        format!("{}:{}", self.name(span.source), self.position(span))
    }

    fn source(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }
}

/// Where the lines of a text begin.
#[derive(Debug)]
struct Lines {
    starts: Vec<u32>,
    /// Places in long lines, so that no column is counted from far away: a text of one line may have a finding a word.
    marks: Vec<Mark>,
}

/// A place in a long line.
#[derive(Debug)]
struct Mark {
    at: u32,
    /// The characters of its line before it.
    before: u32,
}

impl Lines {
    /// Bytes between two marks.
    const STRIDE: usize = 1024;

    /// Linear in the text.
    fn of(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at as u32 + 1));
        let ends = starts.iter().skip(1).copied();
        let ends = ends.chain([text.len() as u32]);
        let mut marks = Vec::new();
        for (start, end) in starts.iter().zip(ends) {
            let line = text.get(*start as usize..end as usize).unwrap_or("");
            push_marks(&mut marks, line, *start);
        }
        Lines { starts, marks }
    }

    fn position(&self, text: &str, at: u32) -> Position {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let mark = self.marks.partition_point(|mark| mark.at <= at);
        let mark = mark.checked_sub(1).and_then(|last| self.marks.get(last));
        let mark = mark.filter(|mark| mark.at >= start);
        let (from, before) = mark.map_or((start, 0), |mark| (mark.at, mark.before));
        let rest = text.get(from as usize..at as usize);
        let rest = rest.map_or(0, |rest| rest.chars().count() as u32);
        Position {
            line: line as u32,
            column: before + rest + 1,
        }
    }
}

fn push_marks(marks: &mut Vec<Mark>, line: &str, start: u32) {
    let (mut at, mut before) = (0, 0);
    while line.len() - at > Lines::STRIDE {
        let next = line.floor_char_boundary(at + Lines::STRIDE);
        before += line[at..next].chars().count() as u32;
        at = next;
        marks.push(Mark {
            at: start + at as u32,
            before,
        });
    }
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
    fn columns_of_a_long_line_are_counted_from_its_start() {
        let mut map = SourceMap::new();
        let line = "ø".repeat(5 * Lines::STRIDE);
        let text = format!("a\n{line}\nb{line}");
        let id = map.add("a.yang", text.as_str()).unwrap();
        for (at, _) in text.char_indices() {
            let before = &text[..at];
            let column = before.chars().rev().take_while(|c| *c != '\n').count() as u32 + 1;
            let line = before.matches('\n').count() as u32 + 1;
            let span = Span {
                source: id,
                start: at as u32,
                end: at as u32,
            };
            if at % 97 == 0 || column < 3 {
                assert_eq!(map.position(span), Position { line, column });
            }
        }
    }

    #[test]
    fn a_span_of_another_map_is_empty_text() {
        let map = SourceMap::new();
        let span = Span::default();
        assert_eq!(map.slice(span), "");
        assert_eq!(map.location(span), ":1:1");
    }
}
