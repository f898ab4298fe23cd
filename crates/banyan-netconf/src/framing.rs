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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode_all(framing: Framing, pieces: &[&[u8]]) -> Result<Vec<Bytes>, FramingError> {
        let mut decoder = Decoder::new(framing, 1 << 20);
        let mut messages = Vec::new();
        for piece in pieces {
            decoder.push(piece);
            while let Some(message) = decoder.next_message()? {
                messages.push(message);
            }
        }
        decoder.finish()?;
        Ok(messages)
    }

    #[test]
    fn a_bracket_right_before_the_delimiter_belongs_to_the_message() {
        let messages = decode_all(Framing::EndOfMessage, &[b"a]]]>]]>b]]]]>]]>"]).unwrap();
        assert_eq!(messages, [&b"a]"[..], b"b]]"]);
    }

    #[test]
    fn the_example_of_rfc_6242_4_2_decodes() {
        let wire = b"\n#4\n<rpc\n#18\n message-id=\"102\"\n\n#79\n     xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\">\n  <close-session/>\n</rpc>\n##\n";
        let messages = decode_all(Framing::Chunked, &[wire]).unwrap();
        assert_eq!(messages.len(), 1);
        assert!(messages[0].starts_with(b"<rpc message-id=\"102\"\n"));
        assert!(messages[0].ends_with(b"</rpc>"));
    }

    #[test]
    fn bytes_that_came_with_the_hello_are_read_in_the_new_framing() {
        let mut decoder = Decoder::new(Framing::EndOfMessage, 100);
        decoder.push(b"<hello/>]]>]]>\n\n#2\nab\n##\n");
        assert_eq!(decoder.next_message().unwrap().unwrap(), "<hello/>");
        decoder.set_framing(Framing::Chunked);
        assert_eq!(decoder.next_message().unwrap().unwrap(), "ab");
        assert_eq!(decoder.next_message().unwrap(), None);
        assert_eq!(decoder.finish(), Ok(()));
    }

    #[test]
    fn broken_chunk_headers_are_named_with_their_place() {
        for (wire, expected) in [
            (
                &b"x"[..],
                "expected a line feed before \"#\", found \"x\" at byte 0",
            ),
            (
                b"\n<",
                "expected \"#\" after the line feed, found \"<\" at byte 1",
            ),
            (
                b"\n#0",
                "expected a chunk size that begins with 1 to 9, found \"0\" at byte 2",
            ),
            (
                b"\n##\n",
                "expected a chunk size from 1 to 9, found \"#\" at byte 2",
            ),
            (
                b"\n#1x",
                "expected a digit or a line feed, found \"x\" at byte 3",
            ),
            (
                b"\n#1\na\n##x",
                "expected a line feed after \"##\", found \"x\" at byte 8",
            ),
            (
                b"\n#1\nab",
                "expected a line feed before \"#\", found \"b\" at byte 5",
            ),
            (b"\n#4294967296\n", "is larger than 4294967295"),
            (b"\n#99999999999", "is larger than 4294967295"),
        ] {
            let error = decode_all(Framing::Chunked, &[wire])
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}\n{expected}");
        }
    }

    #[test]
    fn a_message_above_the_limit_is_refused_before_it_is_stored() {
        let mut decoder = Decoder::new(Framing::Chunked, 10);
        decoder.push(b"\n#11\n");
        let limit = FramingError::MessageTooLarge { limit: 10 };
        assert_eq!(decoder.next_message(), Err(limit.clone()));
        let mut decoder = Decoder::new(Framing::Chunked, 10);
        decoder.push(b"\n#8\n12345678\n#3\n");
        assert_eq!(decoder.next_message(), Err(limit.clone()));
        let mut decoder = Decoder::new(Framing::EndOfMessage, 10);
        decoder.push(b"12345678901234567");
        assert_eq!(decoder.next_message(), Err(limit.clone()));
        let mut decoder = Decoder::new(Framing::EndOfMessage, 10);
        decoder.push(b"1234567890]]>]]>12345678901]]>]]>");
        assert_eq!(decoder.next_message().unwrap().unwrap(), "1234567890");
        assert_eq!(decoder.next_message(), Err(limit));
    }

    #[test]
    fn a_stream_that_ends_inside_a_message_is_truncated() {
        for (framing, wire) in [
            (Framing::EndOfMessage, &b"<rpc>"[..]),
            (Framing::EndOfMessage, b"<rpc/>]]>]]"),
            (Framing::Chunked, b"\n#5\n<r"),
            (Framing::Chunked, b"\n#1\na"),
        ] {
            let error = decode_all(framing, &[wire]).unwrap_err();
            assert!(matches!(error, FramingError::Truncated { .. }), "{error}");
        }
        assert_eq!(
            decode_all(Framing::EndOfMessage, &[b"a]]>]]>\n "]).unwrap(),
            ["a"]
        );
    }

    #[test]
    fn a_delimiter_inside_a_message_is_found_across_pieces() {
        for split in 0..=12 {
            let message = b"<!--]]>]]>-->";
            let (mut encoder, mut out) = (Encoder::new(Framing::EndOfMessage), BytesMut::new());
            let result = encoder
                .write(&message[..split], &mut out)
                .and_then(|()| encoder.write(&message[split..], &mut out));
            assert_eq!(result, Err(FramingError::DelimiterInMessage), "{split}");
        }
    }

    #[test]
    fn a_large_message_is_sent_in_chunks_as_it_is_written() {
        let (mut encoder, mut out) = (Encoder::new(Framing::Chunked), BytesMut::new());
        let piece = vec![b'x'; 1000];
        let mut sent = 0;
        for _ in 0..1000 {
            encoder.write(&piece, &mut out).unwrap();
            assert!(out.len() <= CHUNK_BYTES + piece.len() + 16);
            sent += out.split().len();
        }
        encoder.finish(&mut out);
        assert!(sent > 900_000);
    }

    proptest! {
        #[test]
        fn a_message_split_anywhere_decodes_to_the_same(
            messages in prop::collection::vec("[\\]>a<]{1,40}", 1..5),
            chunked in any::<bool>(),
            cuts in prop::collection::vec(1usize..9, 1..200),
        ) {
            let framing = if chunked { Framing::Chunked } else { Framing::EndOfMessage };
            let mut encoder = Encoder::new(framing);
            let messages: Vec<String> = messages
                .into_iter()
                .filter(|m| chunked || find_delimiter(format!("{m}]]>]]>").as_bytes()) == Some(m.len()))
                .collect();
            let mut wire = BytesMut::new();
            for message in &messages {
                let mut rest = message.as_bytes();
                for cut in cuts.iter().cycle() {
                    let (head, tail) = rest.split_at((*cut).min(rest.len()));
                    encoder.write(head, &mut wire).unwrap();
                    rest = tail;
                    if rest.is_empty() { break }
                }
                encoder.finish(&mut wire);
            }
            let mut pieces = Vec::new();
            let mut rest = &wire[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (head, tail) = rest.split_at((*cut).min(rest.len()));
                pieces.push(head);
                rest = tail;
            }
            prop_assert_eq!(decode_all(framing, &pieces).unwrap(), messages);
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_split_makes_no_difference(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'#'), Just(b'1'), Just(b']'), Just(b'>'), any::<u8>()], 0..80),
            chunked in any::<bool>(),
        ) {
            let framing = if chunked { Framing::Chunked } else { Framing::EndOfMessage };
            let whole = decode_all(framing, &[&bytes]);
            let singles: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(whole, decode_all(framing, &singles));
        }
    }
}
