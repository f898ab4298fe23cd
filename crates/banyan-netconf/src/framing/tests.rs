//! Framing: examples of RFC 6242, broken streams, and any split of any message.

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
