//! The bytes of members: cut into pieces on their way out, and summed up.

use std::io::{self, Write};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Sender;

use super::take::Piece;
use crate::backend::Result;
use crate::bind;
use crate::error::{BackendError, ErrorTag};

/// How many bytes a piece has at most.
const PIECE: usize = 256 << 10;

/// Sends members. Ends with an error when nobody takes them any more.
pub(super) struct Members {
    pieces: Sender<Result<Piece>>,
    /// A line for each member that was sent.
    sums: String,
}

impl Members {
    pub fn new(pieces: Sender<Result<Piece>>) -> Members {
        Members {
            pieces,
            sums: String::new(),
        }
    }

    /// Sends a member; returns its SHA-256 in hexadecimal.
    ///
    /// # Errors
    /// `content` fails, or nobody takes it.
    pub fn send(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut dyn Write) -> Result<()>,
    ) -> Result<String> {
        let mut out = Member {
            pieces: &self.pieces,
            name: Arc::from(name),
            piece: Vec::new(),
            hash: Sha256::new(),
        };
        content(&mut out)?;
        let sum = out.finish()?;
        self.sums.push_str(&format!("{sum}  {name}\n"));
        Ok(sum)
    }

    /// The list of all that was sent.
    pub fn sums(&self) -> &str {
        &self.sums
    }

    /// Tells who takes the members that there will be no more.
    pub fn fail(self, error: BackendError) {
        // Who has gone need not be told.
        let _ = self.pieces.blocking_send(Err(error));
    }
}

/// A member on its way.
struct Member<'a> {
    pieces: &'a Sender<Result<Piece>>,
    name: Arc<str>,
    piece: Vec<u8>,
    hash: Sha256,
}

impl Member<'_> {
    fn hand_on(&mut self, last: bool) -> io::Result<()> {
        let data = std::mem::take(&mut self.piece);
        self.hash.update(&data);
        let member = self.name.clone();
        let sent = self.pieces.blocking_send(Ok(Piece { member, data, last }));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn finish(mut self) -> Result<String> {
        self.hand_on(true)
            .map_err(|reason| failed(&self.name, &reason))?;
        Ok(bind::hex(&self.hash.finalize()))
    }
}

impl Write for Member<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PIECE - self.piece.len();
        let taken = bytes.len().min(room);
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE {
            self.hand_on(false)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a member is missing.
pub(super) fn failed(member: &str, reason: &dyn std::fmt::Display) -> BackendError {
    BackendError::new(
        ErrorTag::OperationFailed,
        format!("the backup is not complete: {member} cannot be read: {reason}"),
    )
}
