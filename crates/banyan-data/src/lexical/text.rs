//! Values that are text or octets: string and binary (RFC 7950 9.4, 9.8).

use banyan_yang::schema::{Patterns, Restriction};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, PAD};
use triomphe::ThinArc;

use super::{Quoted, ValueError, restriction};
use crate::value::Value;

/// Base64 whose last digit may hold bits that stand for nothing (RFC 4648 3.5): they are dropped.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    PAD.with_decode_allow_trailing_bits(true),
);

/// Whether YANG strings may hold the character (RFC 7950 9.4, `yang-char` of section 14): no control
/// characters but tab, line feed and carriage return, and no noncharacters.
fn is_yang_char(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1F}' => false,
        '\u{FDD0}'..='\u{FDEF}' => false,
        other => (other as u32) & 0xFFFE != 0xFFFE,
    }
}

/// RFC 7950 9.4.1, 9.4.4, 9.4.5: the length counts characters, and all patterns must hold.
pub(super) fn parse_string(
    length: &Restriction<u64>,
    patterns: &Patterns,
    text: &str,
) -> Result<Value, ValueError> {
    let plain = text.bytes().all(|byte| (0x20..0x7F).contains(&byte));
    if !plain && let Some(wrong) = text.chars().find(|character| !is_yang_char(*character)) {
        return Err(ValueError::new(format!(
            "{} holds the character U+{:04X}, which no YANG string may hold",
            Quoted(text),
            wrong as u32
        )));
    }
    if !length.parts.is_empty() {
        let count = if plain {
            text.len()
        } else {
            text.chars().count()
        };
        restriction::check(
            length,
            count as u64,
            || format!("the length {count} of {}", Quoted(text)),
            |bound| bound.to_string(),
        )?;
    }
    for restriction in patterns.iter() {
        if restriction.pattern.is_match(text) == restriction.invert_match {
            let verb = if restriction.invert_match {
                "matches the excluded pattern"
            } else {
                "does not match the pattern"
            };
            return Err(restriction::refusal(
                format!("{} {verb} {:?}", Quoted(text), restriction.pattern.as_str()),
                restriction.error_message.as_deref(),
                restriction.error_app_tag.as_ref(),
            ));
        }
    }
    Ok(Value::string(text))
}

/// RFC 7950 9.8.2: base64; line breaks and other blanks between the digits are skipped, as RFC 2045
/// encoders put them there. The length counts octets.
pub(super) fn parse_binary(length: &Restriction<u64>, text: &str) -> Result<Value, ValueError> {
    let decoded = if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let digits: Vec<u8> = text
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        BASE64.decode(digits)
    } else {
        BASE64.decode(text)
    };
    let octets = decoded.map_err(|reason| {
        ValueError::new(format!("{} is not base64: {reason}", Quoted(text)))
            .with_help("encode it as RFC 4648 section 4 says, padded with =")
    })?;
    let count = octets.len() as u64;
    restriction::check(
        length,
        count,
        || format!("the length of {count} octets"),
        |bound| bound.to_string(),
    )?;
    Ok(Value::Binary(ThinArc::from_header_and_slice((), &octets)))
}

/// The canonical form of a binary value (RFC 7950 9.8.2).
pub(super) fn binary_text(octets: &[u8]) -> String {
    BASE64.encode(octets)
}
