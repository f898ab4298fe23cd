//! A document as bytes: its text, the lines and columns in it, and what makes it unreadable.
//!
//! Must not know any document format.

use crate::document::Limits;
use crate::error::{DataError, ErrorKind, ErrorPath, Position};

/// The document is not well-formed, or passes a limit: nothing can be read after it.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) kind: ErrorKind,
    pub(crate) offset: usize,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Broken {
    /// The error about the document as a whole.
    pub(crate) fn into_error(self, bytes: &[u8]) -> DataError {
        let mut error = DataError::new(self.kind, ErrorPath::default(), self.message)
            .with_position(position(bytes, self.offset));
        error.help = self.help;
        error
    }
}

/// The document as text: UTF-8, without byte order mark.
pub(crate) fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<&'a str, Broken> {
    if bytes.len() > limits.size {
        return Err(Broken {
            kind: ErrorKind::TooBig,
            offset: 0,
            message: format!(
                "the document has {} bytes and may have {}",
                bytes.len(),
                limits.size
            ),
            help: None,
        });
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|wrong| Broken {
        kind: ErrorKind::Malformed,
        offset: wrong.valid_up_to(),
        message: "the document is not UTF-8".to_owned(),
        help: Some("encode it in UTF-8".to_owned()),
    })
}

/// Line and column of an offset. O(offset): for errors.
pub(crate) fn position(bytes: &[u8], offset: usize) -> Position {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    Lines::default().position(bytes, offset)
}

/// Lines and columns of offsets that only grow: counts each byte once.
#[derive(Default)]
pub(crate) struct Lines {
    offset: usize,
    line: u32,
    column: u32,
}

impl Lines {
    /// Whether `offset` lies before what was asked for.
    pub(crate) fn is_past(&self, offset: usize) -> bool {
        offset < self.offset
    }

    /// The position of `offset`, at or behind all that were asked for before.
    pub(crate) fn position(&mut self, bytes: &[u8], offset: usize) -> Position {
        let end = offset.min(bytes.len());
        for byte in bytes.get(self.offset..end).unwrap_or_default() {
            match byte {
                b'\n' => (self.line, self.column) = (self.line.saturating_add(1), 0),
                // Bytes 10xxxxxx continue a character.
                byte if byte & 0xC0 == 0x80 => {}
                _ => self.column = self.column.saturating_add(1),
            }
        }
        self.offset = self.offset.max(end);
        Position {
            line: self.line.saturating_add(1),
            column: self.column.saturating_add(1),
        }
    }
}
