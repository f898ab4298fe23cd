//! JSON whose values stay pieces of its text until somebody looks at them, and know where they stand in it.
//!
//! For short documents that are read as elements: about modules, and of schemas that are not at hand. Data of a schema
//! are read in one pass, by [`super::reader`].

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{ErrorKind, Position};
use crate::input::Broken;

/// A text of JSON.
pub(crate) struct RawText<'a> {
    text: &'a str,
    /// Offsets of the first characters of lines.
    line_starts: Vec<usize>,
    depth: u32,
}

impl<'a> RawText<'a> {
    /// Values may nest as deep as `depth`.
    pub(crate) fn new(text: &'a str, depth: u32) -> Self {
        RawText {
            text,
            line_starts: std::iter::once(0)
                .chain(text.match_indices('\n').map(|(at, _)| at + 1))
                .collect(),
            depth,
        }
    }

    /// The value that is the whole text.
    pub(crate) fn whole(&self) -> Result<&'a RawValue, Broken> {
        self.parse(self.text)
    }

    /// Reads a part of the text.
    pub(crate) fn parse<T: Deserialize<'a>>(&self, part: &'a str) -> Result<T, Broken> {
        serde_json::from_str(part).map_err(|error| self.broken(part, &error))
    }

    /// The entries of an array; another value is its only entry.
    pub(crate) fn entries(&self, raw: &'a RawValue) -> Result<Vec<&'a RawValue>, Broken> {
        match raw.get().as_bytes().first() {
            Some(b'[') => self.parse(raw.get()),
            _ => Ok(vec![raw]),
        }
    }

    /// Fails for a part that is nested too deep.
    pub(crate) fn require_depth(&self, part: &str, depth: u32) -> Result<(), Broken> {
        if depth <= self.depth {
            return Ok(());
        }
        Err(Broken {
            kind: ErrorKind::TooBig,
            offset: self.offset(part),
            message: format!("values are nested more than {} deep", self.depth),
            help: None,
        })
    }

    /// Where a part of the text stands in it.
    pub(crate) fn position(&self, part: &str) -> Position {
        let offset = self.offset(part);
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).copied();
        let before = self.text.get(start.unwrap_or(0)..offset).unwrap_or("");
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position {
            line: count(line),
            column: count(before.chars().count()).saturating_add(1),
        }
    }

    fn offset(&self, part: &str) -> usize {
        part.as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr())
    }

    fn broken(&self, part: &str, error: &serde_json::Error) -> Broken {
        // Serde counts lines from 1, in the part that it was given.
        let before = part
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1));
        let line_start: usize = before.map(str::len).sum();
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text);
        Broken {
            kind: ErrorKind::Malformed,
            offset: self.offset(part) + line_start + error.column().saturating_sub(1),
            message: format!("this is not JSON: {message}"),
            help: None,
        }
    }
}
