//! The two ways in which NETCONF marks where a message ends (RFC 6242): end-of-message and chunked.
//!
//! A [`Decoder`] takes bytes in pieces of any size and gives whole messages; an [`Encoder`] takes
//! one message in pieces of any size and gives the bytes to send, so that a large reply never
//! stands in memory as one string. Pure code over byte buffers: no I/O, and no look inside a
//! message beyond the search for the delimiter.

use std::fmt::Write as _;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

/// The end-of-message delimiter of base:1.0 and of every `<hello>` (RFC 6242 4.3).
pub const DELIMITER: &[u8; 6] = b"]]>]]>";

/// The largest chunk that RFC 6242 4.2 can write: 4294967295 bytes.
const MAX_CHUNK: u64 = 4_294_967_295;
/// The digits of [`MAX_CHUNK`].
const MAX_CHUNK_DIGITS: usize = 10;
/// How much room a read finds in the receive buffer.
const READ_BYTES: usize = 16 * 1024;
/// The size of the pieces in which [`Encoder`] sends a chunked message.
const CHUNK_BYTES: usize = 64 * 1024;

/// How messages are delimited on a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `]]>]]>` after each message: hello messages, and sessions without base:1.1 (RFC 6242 4.3).
    EndOfMessage,
    /// Length-prefixed chunks: everything after the hello exchange when both sides have base:1.1
    /// (RFC 6242 4.2).
    Chunked,
}

/// Why a byte stream cannot be cut into messages. The session cannot go on after any of these
/// (RFC 6242 4.2: the peer must terminate the session).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FramingError {
    /// A chunk header does not have the form `\n#<size>\n` or `\n##\n`.
    #[error(
        "broken chunked framing: expected {expected}, found {found} at byte {offset} of the stream; \
         both sides must switch to chunks right after the hello exchange when both offer base:1.1"
    )]
    BadChunkHeader {
        /// What the grammar of RFC 6242 4.2 asks for at this place.
        expected: &'static str,
        /// The byte that stands there, printably.
        found: String,
        /// Its position, counted from the start of the stream.
        offset: u64,
    },
    /// A chunk announces more bytes than RFC 6242 4.2 permits (4294967295).
    #[error("broken chunked framing: the chunk size at byte {offset} is larger than 4294967295")]
    ChunkTooLarge {
        /// Position of the header, counted from the start of the stream.
        offset: u64,
    },
    /// A message is larger than the receiver accepts.
    #[error("message larger than the limit of {limit} bytes; send less at once or raise the limit")]
    MessageTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The stream ended inside a message.
    #[error("the connection ended inside a message, after {received} bytes of it")]
    Truncated {
        /// How many bytes of the unfinished message had arrived.
        received: usize,
    },
    /// A message to be sent holds the end-of-message delimiter, which this framing cannot express
    /// (RFC 6242 4.3).
    #[error(
        "the message holds the characters \"]]>]]>\", which a base:1.0 session cannot carry; \
         write \"&gt;\" for \">\" or use a session with base:1.1"
    )]
    DelimiterInMessage,
}

/// Where the decoder stands within a chunked message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChunkState {
    /// Before the first chunk of a message.
    Start,
    /// Inside chunk data; so many bytes are still to come.
    Data(u64),
    /// After a chunk: another one, or the end, must follow.
    Next,
}

/// Cuts a stream of bytes into messages. Feed it with [`Decoder::push`] (or read straight into
/// [`Decoder::buffer_mut`]) and take messages with [`Decoder::next_message`] until it returns
/// `None`. Each input byte is looked at a constant number of times, however it is split.
#[derive(Debug)]
pub struct Decoder {
    framing: Framing,
    limit: usize,
    /// Bytes received and not yet assigned to a message.
    buffer: BytesMut,
    /// How much of `buffer` is known to hold no delimiter (end-of-message framing).
    searched: usize,
    /// The chunks of the current message so far (chunked framing).
    message: BytesMut,
    state: ChunkState,
    /// Stream position of `buffer[0]`, for error messages.
    offset: u64,
}

impl Decoder {
    /// A decoder at the start of a session; `limit` is the largest message accepted, in bytes.
    pub fn new(framing: Framing, limit: usize) -> Self {
        Decoder {
            framing,
            limit,
            buffer: BytesMut::new(),
            searched: 0,
            message: BytesMut::new(),
            state: ChunkState::Start,
            offset: 0,
        }
    }

    /// Switches the framing between two messages: after the hello exchange (RFC 6242 4.1). Bytes
    /// that have arrived early are interpreted in the new way.
    pub fn set_framing(&mut self, framing: Framing) {
        self.framing = framing;
        self.searched = 0;
        self.state = ChunkState::Start;
    }

    /// Appends bytes from the peer.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The receive buffer with room in it, for `read_buf`: bytes may only be appended.
    pub fn buffer_mut(&mut self) -> &mut BytesMut {
        self.buffer.reserve(READ_BYTES);
        &mut self.buffer
    }

    /// The next whole message, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// Broken framing or a message above the limit; the decoder must not be used afterwards.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, FramingError> {
        match self.framing {
            Framing::EndOfMessage => self.next_delimited(),
            Framing::Chunked => self.next_chunked(),
        }
    }

    /// Says whether the stream may end here.
    ///
    /// # Errors
    /// [`FramingError::Truncated`] when it ends inside a message. White space between messages is
    /// no message.
    pub fn finish(&self) -> Result<(), FramingError> {
        let pending = self.buffer.iter().any(|b| !b.is_ascii_whitespace());
        if self.state == ChunkState::Start && !pending {
            return Ok(());
        }
        Err(FramingError::Truncated {
            received: self.message.len() + self.buffer.len(),
        })
    }

    /// RFC 6242 4.3.
    fn next_delimited(&mut self) -> Result<Option<Bytes>, FramingError> {
        // The delimiter may have begun in the bytes of the last call.
        let from = self.searched.saturating_sub(DELIMITER.len() - 1);
        match find_delimiter(&self.buffer[from..]) {
            Some(at) if from + at > self.limit => {
                Err(FramingError::MessageTooLarge { limit: self.limit })
            }
            Some(at) => {
                let message = self.take(from + at);
                self.skip(DELIMITER.len());
                self.searched = 0;
                Ok(Some(message.freeze()))
            }
            None if self.buffer.len() > self.limit.saturating_add(DELIMITER.len()) => {
                Err(FramingError::MessageTooLarge { limit: self.limit })
            }
            None => {
                self.searched = self.buffer.len();
                Ok(None)
            }
        }
    }

    /// RFC 6242 4.2.
    fn next_chunked(&mut self) -> Result<Option<Bytes>, FramingError> {
        loop {
            match self.state {
                ChunkState::Data(remaining) => {
                    let here = remaining.min(self.buffer.len() as u64);
                    let taken = self.take(here as usize);
                    if self.message.is_empty() {
                        self.message = taken; // The common case, one chunk: no copy.
                    } else {
                        self.message.extend_from_slice(&taken);
                    }
                    if here < remaining {
                        self.state = ChunkState::Data(remaining - here);
                        return Ok(None);
                    }
                    self.state = ChunkState::Next;
                }
                ChunkState::Start | ChunkState::Next => match self.chunk_header()? {
                    None => return Ok(None),
                    Some(Header::End) => {
                        self.state = ChunkState::Start;
                        return Ok(Some(std::mem::take(&mut self.message).freeze()));
                    }
                    Some(Header::Chunk(size)) => {
                        if size > (self.limit - self.message.len().min(self.limit)) as u64 {
                            return Err(FramingError::MessageTooLarge { limit: self.limit });
                        }
                        self.state = ChunkState::Data(size);
                    }
                },
            }
        }
    }

    /// Reads `\n#<size>\n` or `\n##\n` from the front of the buffer; consumes nothing when it is
    /// not complete yet.
    fn chunk_header(&mut self) -> Result<Option<Header>, FramingError> {
        if self.state == ChunkState::Start {
            // People who type, and some clients, send line ends after a message. Only the last LF
            // belongs to the header, so the others between two messages are skipped.
            let blank = self
                .buffer
                .iter()
                .take_while(|b| matches!(b, b'\n' | b'\r'))
                .count();
            match self.buffer.get(blank) {
                Some(_) if blank > 1 => self.skip(blank - 1),
                None => return Ok(None),
                _ => {}
            }
        }
        let byte = |i: usize| self.buffer.get(i).copied();
        match (byte(0), byte(1), byte(2)) {
            (None, ..) => return Ok(None),
            (Some(b'\n'), None, _) | (Some(b'\n'), Some(b'#'), None) => return Ok(None),
            (Some(b'\n'), Some(b'#'), Some(b'#')) => {
                if self.state == ChunkState::Start {
                    // At least one chunk: Chunked-Message = 1*chunk end-of-chunks.
                    return Err(self.bad_header("a chunk size from 1 to 9", 2));
                }
                return match byte(3) {
                    None => Ok(None),
                    Some(b'\n') => {
                        self.skip(4);
                        Ok(Some(Header::End))
                    }
                    Some(_) => Err(self.bad_header("a line feed after \"##\"", 3)),
                };
            }
            (Some(b'\n'), Some(b'#'), Some(b'1'..=b'9')) => {}
            (Some(b'\n'), Some(b'#'), Some(_)) => {
                return Err(self.bad_header("a chunk size that begins with 1 to 9", 2));
            }
            (Some(b'\n'), Some(_), _) => {
                return Err(self.bad_header("\"#\" after the line feed", 1));
            }
            (Some(_), ..) => return Err(self.bad_header("a line feed before \"#\"", 0)),
        }
        let mut size = 0u64;
        for i in 2..2 + MAX_CHUNK_DIGITS + 1 {
            match byte(i) {
                None => return Ok(None),
                Some(digit @ b'0'..=b'9') => {
                    size = size * 10 + u64::from(digit - b'0'); // At most 11 digits: no overflow.
                }
                Some(b'\n') if size > MAX_CHUNK => break,
                Some(b'\n') => {
                    self.skip(i + 1);
                    return Ok(Some(Header::Chunk(size)));
                }
                Some(_) => return Err(self.bad_header("a digit or a line feed", i)),
            }
        }
        Err(FramingError::ChunkTooLarge {
            offset: self.offset,
        })
    }

    fn bad_header(&self, expected: &'static str, at: usize) -> FramingError {
        let found = match self.buffer.get(at) {
            Some(byte) => format!("\"{}\"", byte.escape_ascii()),
            None => "the end".to_owned(),
        };
        FramingError::BadChunkHeader {
            expected,
            found,
            offset: self.offset + at as u64,
        }
    }

    fn take(&mut self, count: usize) -> BytesMut {
        self.offset += count as u64;
        self.buffer.split_to(count)
    }

    fn skip(&mut self, count: usize) {
        let _ = self.take(count);
    }
}

/// What a chunk header announces.
enum Header {
    /// A chunk of so many bytes, at least one.
    Chunk(u64),
    /// The end of the message.
    End,
}

/// The position of the first delimiter. A `]` before it (`]]]>]]>`) belongs to the message.
fn find_delimiter(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|&b| b == b']') {
        if bytes[from + at..].starts_with(DELIMITER) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// Writes one message after another, each in as many pieces as the caller likes.
///
/// ```
/// use banyan_netconf::framing::{Encoder, Framing};
/// use bytes::BytesMut;
/// let (mut encoder, mut out) = (Encoder::new(Framing::Chunked), BytesMut::new());
/// encoder.write(b"<rpc", &mut out).unwrap();
/// encoder.write(b"/>", &mut out).unwrap();
/// encoder.finish(&mut out);
/// assert_eq!(&out[..], b"\n#6\n<rpc/>\n##\n");
/// ```
#[derive(Debug)]
pub struct Encoder {
    framing: Framing,
    /// Chunked: bytes that do not fill a chunk yet. End-of-message: the last bytes of the message,
    /// in which a delimiter may have begun.
    pending: BytesMut,
}

impl Encoder {
    /// An encoder between two messages.
    pub fn new(framing: Framing) -> Self {
        Encoder {
            framing,
            pending: BytesMut::new(),
        }
    }

    /// Switches the framing between two messages (RFC 6242 4.1).
    pub fn set_framing(&mut self, framing: Framing) {
        self.pending.clear();
        self.framing = framing;
    }

    /// Adds a piece of the current message; what can be sent is appended to `out`.
    ///
    /// # Errors
    /// [`FramingError::DelimiterInMessage`]: what was sent of the message so far cannot be taken
    /// back, so the session must end, unless the message was checked before.
    pub fn write(&mut self, piece: &[u8], out: &mut BytesMut) -> Result<(), FramingError> {
        match self.framing {
            Framing::EndOfMessage => {
                let keep = DELIMITER.len() - 1;
                self.pending
                    .extend_from_slice(&piece[..piece.len().min(keep)]);
                if find_delimiter(&self.pending).is_some() || find_delimiter(piece).is_some() {
                    return Err(FramingError::DelimiterInMessage);
                }
                if piece.len() >= keep {
                    self.pending.clear();
                    self.pending.extend_from_slice(&piece[piece.len() - keep..]);
                } else {
                    let surplus = self.pending.len().saturating_sub(keep);
                    let _ = self.pending.split_to(surplus);
                }
                out.extend_from_slice(piece);
            }
            Framing::Chunked if self.pending.len() + piece.len() < CHUNK_BYTES => {
                self.pending.extend_from_slice(piece);
            }
            Framing::Chunked => {
                let size = self.pending.len() + piece.len();
                push_chunk_header(size, out);
                out.extend_from_slice(&self.pending);
                out.extend_from_slice(piece);
                self.pending.clear();
            }
        }
        Ok(())
    }

    /// Ends the current message.
    pub fn finish(&mut self, out: &mut BytesMut) {
        match self.framing {
            Framing::EndOfMessage => out.extend_from_slice(DELIMITER),
            Framing::Chunked => {
                if !self.pending.is_empty() {
                    push_chunk_header(self.pending.len(), out);
                    out.extend_from_slice(&self.pending);
                }
                out.extend_from_slice(b"\n##\n");
            }
        }
        self.pending.clear();
    }

    /// One whole message as the bytes to send.
    ///
    /// # Errors
    /// [`FramingError::DelimiterInMessage`]; nothing needs to be sent then.
    pub fn message(&mut self, message: &[u8]) -> Result<Bytes, FramingError> {
        let mut out = BytesMut::with_capacity(message.len() + 32);
        self.write(message, &mut out)?;
        self.finish(&mut out);
        Ok(out.freeze())
    }
}

fn push_chunk_header(size: usize, out: &mut BytesMut) {
    // Writing into a `BytesMut` cannot fail.
    let _ = write!(out, "\n#{size}\n");
}

#[cfg(test)]
mod tests;
