//! What a line of an export says of itself: its hash, by which a line that was changed is found; and the checks of a line
//! that no record can make.
//!
//! Exports of older programs have no hashes: their lines are checked by what they hold alone.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::bind;

/// The last member of a line, up to the hash.
const SEAL: &str = ",\"sha256\":\"";
/// Hexadecimal digits of a hash.
const DIGITS: usize = 64;

/// A line, which is an object, with its hash as the last member.
pub(super) fn sealed(line: &str) -> String {
    let hash = bind::hex(&Sha256::digest(line.as_bytes()));
    let open = line.strip_suffix('}').unwrap_or(line);
    format!("{open}{SEAL}{hash}\"}}")
}

/// Why a line cannot have been exported as it is; `None` if nothing is found.
pub(super) fn fault(line: &str) -> Option<String> {
    let line = line.trim();
    let sealed = line.strip_suffix("\"}").and_then(|line| {
        let (open, hash) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
        Some((open.strip_suffix(SEAL)?, hash))
    });
    if let Some((open, hash)) = sealed {
        let mut hasher = Sha256::new();
        hasher.update(open.as_bytes());
        hasher.update(b"}");
        if bind::hex(&hasher.finalize()) != hash {
            return Some(
                "it was changed after the export: its sha256 is that of another line".to_owned(),
            );
        }
    } else if line.contains("\"sha256\":") {
        return Some(
            "its sha256 is not the last member, so it was changed after the export".to_owned(),
        );
    }
    let json: Value = serde_json::from_str(line).ok()?;
    wrong_text(&json, &mut String::new())
}

/// The first text that XML cannot hold: nobody could be shown the commit.
fn wrong_text(json: &Value, place: &mut String) -> Option<String> {
    let wrong = |it: &char| {
        *it < ' ' && !matches!(it, '\t' | '\n' | '\r') || matches!(it, '\u{fffe}' | '\u{ffff}')
    };
    match json {
        Value::String(text) => text.chars().find(wrong).map(|it| {
            format!(
                "{place} holds the character U+{:04X}, which XML cannot hold",
                it as u32
            )
        }),
        Value::Array(items) => items.iter().find_map(|item| wrong_text(item, place)),
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let length = place.len();
            if length > 0 {
                place.push('/');
            }
            place.push_str(name);
            let found = wrong_text(value, place);
            place.truncate(length);
            found
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_is_found_by_its_hash() {
        let line = sealed(r#"{"seq":1,"tid":2,"comment":"a"}"#);
        assert!(line.starts_with(r#"{"seq":1,"tid":2,"comment":"a","sha256":""#));
        assert_eq!(fault(&line), None);
        for (from, to) in [
            ("\"tid\":2", "\"tid\":1"),
            ("\"a\"", "\"b\""),
            ("\"seq\":1,", "\"seq\":1, "),
        ] {
            let changed = line.replace(from, to);
            assert!(
                fault(&changed)
                    .unwrap()
                    .contains("changed after the export"),
                "{changed}"
            );
        }
        let moved = line.replace("\"}", "\",\"x\":1}");
        assert!(fault(&moved).unwrap().contains("changed after"), "{moved}");
        // Exports of old have none.
        assert_eq!(fault(r#"{"seq":1,"tid":2}"#), None);
    }

    #[test]
    fn a_text_that_xml_cannot_hold_is_found_with_its_place() {
        let line = sealed(r#"{"seq":1,"comment":"a\u001b[0m"}"#);
        assert_eq!(
            fault(&line).as_deref(),
            Some("comment holds the character U+001B, which XML cannot hold")
        );
        assert_eq!(fault(r#"{"comment":"a\n\tb"}"#), None);
        let deep = fault(r#"{"entries":[{"value":{"k":"\u0000"}}]}"#);
        assert!(deep.unwrap().starts_with("entries/value/k holds"));
    }
}
