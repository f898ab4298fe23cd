//! What passes on its way into a file: counted, hashed, limited, and slowed down while commits wait.

use std::io::{self, Write};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::bind;
use crate::pipeline::Pressure;

/// Collects up to `small` bytes.
pub(super) struct Limited {
    pub bytes: Vec<u8>,
    small: usize,
    full: bool,
}

impl Limited {
    pub fn to(small: usize) -> Limited {
        Limited {
            bytes: Vec::new(),
            small,
            full: false,
        }
    }

    /// Whether more was written than there is room for.
    pub fn is_full(&self) -> bool {
        self.full
    }
}

impl Write for Limited {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + piece.len() > self.small {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts and hashes what passes, and steps aside for commits.
pub(super) struct Measured<'a> {
    out: &'a mut dyn Write,
    size: usize,
    hash: Sha256,
    pressure: &'a Pressure,
}

impl<'a> Measured<'a> {
    pub fn new(out: &'a mut dyn Write, pressure: &'a Pressure) -> Self {
        Measured {
            out,
            size: 0,
            hash: Sha256::new(),
            pressure,
        }
    }

    /// How many bytes passed, and their SHA-256 in hexadecimal.
    pub fn finish(self) -> (usize, String) {
        (self.size, bind::hex(&self.hash.finalize()))
    }
}

impl Write for Measured<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        const STRETCH: usize = 128 << 10;
        let written = self.out.write(piece)?;
        self.hash.update(&piece[..written]);
        let before = self.size / STRETCH;
        self.size += written;
        if self.size / STRETCH > before {
            step_aside(self.pressure);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Waits until no commit does, but not for ever: a file must come to its end under constant load too, at about
/// 10 MB/s.
fn step_aside(pressure: &Pressure) {
    const PATIENCE: u32 = 25;
    for _ in 0..PATIENCE {
        if !pressure.is_on() {
            return;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}
