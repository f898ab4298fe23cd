//! Small pieces of text on their way to a writer: gathered, so that the writer is called rarely.

use std::io;

/// When the gathered text goes on to the writer, in bytes.
const FULL: usize = 16 * 1024;

/// Gathers text for a writer. What it holds at the end must be sent on with [`Sink::finish`].
pub(crate) struct Sink<'w> {
    out: &'w mut dyn io::Write,
    buffer: Vec<u8>,
}

impl<'w> Sink<'w> {
    pub(crate) fn new(out: &'w mut dyn io::Write) -> Self {
        Sink {
            out,
            buffer: Vec::with_capacity(FULL + 1024),
        }
    }

    pub(crate) fn put(&mut self, text: &str) -> io::Result<()> {
        // A piece that fills the buffer alone need not be copied.
        if text.len() >= FULL {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
            return self.out.write_all(text.as_bytes());
        }
        self.buffer.extend_from_slice(text.as_bytes());
        if self.buffer.len() >= FULL {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// A line break and `width` blanks.
    pub(crate) fn line(&mut self, width: usize) -> io::Result<()> {
        self.put("\n")?;
        self.blanks(width)
    }

    /// `width` blanks.
    pub(crate) fn blanks(&mut self, width: usize) -> io::Result<()> {
        const BLANKS: &str = "                                                                ";
        let mut left = width;
        while left > 0 {
            let step = left.min(BLANKS.len());
            self.put(&BLANKS[..step])?;
            left -= step;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> io::Result<()> {
        self.out.write_all(&self.buffer)
    }
}
