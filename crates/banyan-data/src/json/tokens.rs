//! JSON (RFC 8259) as tokens with their offsets: for errors, when there is one to be explained or located. What is
//! read without an error never comes here.
//!
//! Says of a fault where it is, what should stand there, and what people usually do about it. Knows no schema.

use crate::error::ErrorKind;
use crate::input::{Broken, position};

/// A piece of a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token<'a> {
    /// `{`
    Object,
    /// `[`
    Array,
    /// `}` or `]`
    Close,
    /// The name of a member, as it stands between its quotes.
    Name(&'a str),
    /// A string, number, `true`, `false` or `null`, as it stands there.
    Scalar(&'a str),
    /// The end of the document.
    End,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// A value, or the end of the array that has just begun.
    FirstValue,
    Name,
    /// A name, or the end of the object that has just begun.
    FirstName,
    CommaOrClose,
    Nothing,
}

/// The reader.
pub(crate) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    next: Next,
    /// What is open: the bracket, where it stands, and the name of the member that it is the value of.
    open: Vec<(u8, usize, &'a str)>,
    name: &'a str,
    /// The end of the last value, or bracket.
    last: usize,
    /// Where the last comma stands, if nothing came since.
    comma: Option<usize>,
}

type Outcome<T> = Result<T, Broken>;

/// How many of the open brackets a message names.
const NAMED: usize = 3;

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str) -> Tokens<'a> {
        Tokens {
            text,
            at: 0,
            next: Next::Value,
            open: Vec::new(),
            name: "",
            last: 0,
            comma: None,
        }
    }

    /// The next token and where it begins.
    pub(crate) fn next(&mut self) -> Outcome<(Token<'a>, usize)> {
        self.blanks();
        if self.next == Next::CommaOrClose && self.byte() == Some(b',') {
            self.comma = Some(self.at);
            self.at += 1;
            self.next = match self.open.last() {
                Some((b'{', ..)) => Next::Name,
                _ => Next::Value,
            };
            self.blanks();
        }
        let start = self.at;
        let Some(byte) = self.byte() else {
            return match (self.next, self.open.is_empty()) {
                (Next::Nothing, _) => Ok((Token::End, start)),
                (_, true) => Err(self.wrong(
                    start,
                    "the document is empty".to_owned(),
                    "write at least {}",
                )),
                _ => Err(self.cut_off()),
            };
        };
        let token = match (self.next, byte) {
            (Next::Value | Next::FirstValue, b'{' | b'[') => self.begin(byte),
            (Next::FirstValue | Next::CommaOrClose, b']')
            | (Next::FirstName | Next::CommaOrClose, b'}') => self.end(byte)?,
            (Next::Value, b'}' | b']') | (Next::Name, b'}') if self.comma.is_some() => {
                return Err(self.comma_too_many(byte));
            }
            (Next::Value | Next::FirstValue, _) => {
                let raw = self.scalar(byte)?;
                self.ended();
                Token::Scalar(raw)
            }
            (Next::Name | Next::FirstName, b'"') => self.member()?,
            (Next::Name | Next::FirstName, _) => return Err(self.no_name(byte)),
            (Next::CommaOrClose, _) => return Err(self.no_comma(byte)),
            (Next::Nothing, _) => return Err(self.behind_the_end(byte)),
        };
        self.last = self.at;
        self.comma = None;
        Ok((token, start))
    }

    /// Passes over the value that comes next.
    pub(super) fn skip(&mut self) -> Outcome<()> {
        let outside = self.open.len();
        loop {
            self.next()?;
            if self.open.len() <= outside && !matches!(self.next, Next::Value) {
                return Ok(());
            }
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn begin(&mut self, bracket: u8) -> Token<'a> {
        self.open.push((bracket, self.at, self.name));
        self.at += 1;
        self.name = "";
        let (token, next) = match bracket {
            b'{' => (Token::Object, Next::FirstName),
            _ => (Token::Array, Next::FirstValue),
        };
        self.next = next;
        token
    }

    fn end(&mut self, bracket: u8) -> Outcome<Token<'a>> {
        match self.open.last() {
            Some((open, ..)) if closing(*open) == bracket => {
                self.open.pop();
                self.at += 1;
                self.ended();
                Ok(Token::Close)
            }
            _ => Err(self.other_bracket(bracket)),
        }
    }

    /// A value has ended.
    fn ended(&mut self) {
        self.next = match self.open.is_empty() {
            true => Next::Nothing,
            false => Next::CommaOrClose,
        };
    }

    fn member(&mut self) -> Outcome<Token<'a>> {
        let raw = self.string()?;
        self.name = &raw[1..raw.len() - 1];
        self.last = self.at;
        self.blanks();
        match self.byte() {
            Some(b':') => {
                self.at += 1;
                self.next = Next::Value;
                Ok(Token::Name(self.name))
            }
            Some(found) => {
                let remedy = match found {
                    b'=' => "write : in place of =",
                    _ => "write \"name\": value",
                };
                Err(self.wrong(
                    self.at,
                    format!("a colon is missing behind the name {raw}"),
                    remedy,
                ))
            }
            None => Err(self.cut_off()),
        }
    }

    fn scalar(&mut self, byte: u8) -> Outcome<&'a str> {
        match byte {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Outcome<&'a str> {
        let word = self.bare_word();
        if matches!(word, "true" | "false" | "null") {
            self.at += word.len();
            return Ok(word);
        }
        Err(self.no_value(word))
    }

    /// Letters, digits and what else stands in names, from here on.
    fn bare_word(&self) -> &'a str {
        let rest = self.rest();
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        &rest[..end]
    }

    fn number(&mut self) -> Outcome<&'a str> {
        let rest = self.rest();
        let is_part =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | ':' | '/');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let raw = &rest[..end];
        if serde_json::from_str::<serde_json::Number>(raw).is_err() {
            let digits = raw.trim_start_matches('-');
            let remedy = if digits.len() > 1
                && digits.starts_with('0')
                && digits.bytes().all(|byte| byte.is_ascii_digit())
            {
                "leave out the zeros at its beginning, or write it in double quotes if it is a string"
            } else {
                "write digits only, as 1500 or -1.5, or put it in double quotes if it is a string"
            };
            return Err(self.wrong(self.at, format!("{raw} is not a number"), remedy));
        }
        self.at += end;
        Ok(raw)
    }

    /// A string with its quotes.
    fn string(&mut self) -> Outcome<&'a str> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(&self.text[start..self.at]);
                }
                Some(b'\\') => at = self.escape(at)?,
                Some(b'\n' | b'\r') | None => {
                    return Err(self.wrong(
                        start,
                        "the string that begins here has no closing quote on its line".to_owned(),
                        "close it with \"; a line break in a string is written \\n, a quote \\\"",
                    ));
                }
                Some(byte) if *byte < 0x20 => {
                    return Err(self.wrong(
                        at,
                        format!("a control character (U+{byte:04X}) stands in a string"),
                        "write a tab as \\t, others as \\u and four hexadecimal digits",
                    ));
                }
                Some(_) => at += 1,
            }
        }
    }

    /// Where it goes on behind an escape.
    fn escape(&self, at: usize) -> Outcome<usize> {
        let rest = &self.text[at + 1..];
        let is_hex = |text: &str| text.len() == 4 && text.bytes().all(|it| it.is_ascii_hexdigit());
        match rest.bytes().next() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') if rest.get(1..5).is_some_and(is_hex) => {
                // RFC 8259 7: characters beyond the first plane are two escapes.
                let end =
                    if serde_json::from_str::<String>(&format!("\"\\{}\"", &rest[..5])).is_ok() {
                        at + 6
                    } else {
                        at + 12
                    };
                let whole = self.text.get(at..end).unwrap_or_default();
                match serde_json::from_str::<String>(&format!("\"{whole}\"")) {
                    Ok(_) => Ok(end),
                    Err(_) => Err(self.wrong(
                        at,
                        "half of a character stands in a string".to_owned(),
                        "write the character itself, or both of its \\u escapes",
                    )),
                }
            }
            _ => {
                let shown: String = rest.chars().take(1).collect();
                Err(self.wrong(
                    at,
                    format!("\\{shown} is no escape of JSON"),
                    "write a backslash as \\\\; there are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\u with four \
                     hexadecimal digits",
                ))
            }
        }
    }

    fn wrong(&self, offset: usize, message: String, help: impl Into<String>) -> Broken {
        Broken {
            kind: ErrorKind::Malformed,
            offset,
            message,
            help: Some(help.into()),
        }
    }

    fn place(&self, offset: usize) -> String {
        let at = position(self.text.as_bytes(), offset);
        format!("line {}, column {}", at.line, at.column)
    }

    /// What is open, as in `the object "a:b" of line 3, column 5`.
    fn bracket(&self, (bracket, at, name): (u8, usize, &str)) -> String {
        let what = match bracket {
            b'{' => "object",
            _ => "array",
        };
        let name = match name {
            "" => String::new(),
            name => format!(" \"{name}\""),
        };
        format!("the {what}{name} of {}", self.place(at))
    }

    fn cut_off(&self) -> Broken {
        let innermost = self.open.iter().rev().take(NAMED);
        let open: Vec<String> = innermost.map(|it| self.bracket(*it)).collect();
        let missing: String = self
            .open
            .iter()
            .rev()
            .map(|it| char::from(closing(it.0)))
            .collect();
        let more = match self.open.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let help = match missing.len() {
            0..=8 => format!(
                "if nothing else is missing, add {missing}; else get the whole document again"
            ),
            _ => "get the whole document again, or close what is open".to_owned(),
        };
        self.wrong(
            self.text.len(),
            format!("the document ends inside of {}{more}", open.join(" in ")),
            help,
        )
    }

    fn comma_too_many(&self, byte: u8) -> Broken {
        self.wrong(
            self.comma.unwrap_or(self.at),
            format!(
                "a comma stands here with nothing between it and the {} that follows",
                char::from(byte)
            ),
            "delete the comma: the last of its kind has none",
        )
    }

    fn other_bracket(&self, byte: u8) -> Broken {
        match self.open.last() {
            Some(open) => self.wrong(
                self.at,
                format!(
                    "{} stands where {} has to end with {}",
                    char::from(byte),
                    self.bracket(*open),
                    char::from(closing(open.0))
                ),
                format!(
                    "write {} before it, or delete it if it is one too many",
                    char::from(closing(open.0))
                ),
            ),
            None => self.behind_the_end(byte),
        }
    }

    fn no_name(&self, byte: u8) -> Broken {
        let message = format!("{} stands where the name of a member should", self.shown());
        let help = match byte {
            b']' => return self.other_bracket(byte),
            b',' => "delete the comma: there is nothing before it".to_owned(),
            b'{' | b'[' => {
                "write \"name\": before it, or [ around several objects in place of {".to_owned()
            }
            _ => match self.typical() {
                Some(help) => help,
                None => {
                    let word = self.bare_word();
                    // What follows the last colon is the value.
                    let name = word.rsplit_once(':').map_or(word, |(name, _)| name);
                    format!("put the name in double quotes: \"{name}\"")
                }
            },
        };
        self.wrong(self.at, message, help)
    }

    fn no_value(&self, word: &str) -> Broken {
        let message = format!("{} stands where a value should", self.shown());
        let help = match (self.byte(), word.to_ascii_lowercase().as_str()) {
            (Some(b','), _) => "delete the comma, or write the value before it".to_owned(),
            (Some(b'}' | b']'), _) => "write the value; the empty string is \"\"".to_owned(),
            (Some(b':'), _) => "delete one of the colons".to_owned(),
            (_, "true" | "false" | "null") => {
                format!("write {} in small letters", word.to_ascii_lowercase())
            }
            (_, "none" | "nil" | "undefined") => {
                "leave the member out; the value of type empty is [null]".to_owned()
            }
            (Some(b'+' | b'.'), _) => "write a digit first, and no plus: 0.5".to_owned(),
            (_, word) => match self.typical() {
                Some(help) => help,
                None if word.is_empty() => "write a value, or delete it".to_owned(),
                None => format!("put the text in double quotes: \"{}\"", self.bare_word()),
            },
        };
        self.wrong(self.at, message, help)
    }

    fn no_comma(&self, byte: u8) -> Broken {
        if matches!(byte, b'}' | b']') {
            return self.other_bracket(byte);
        }
        let message = format!(
            "{} stands where a comma or the end of {} should",
            self.shown(),
            match self.open.last() {
                Some(open) => self.bracket(*open),
                None => "the document".to_owned(),
            }
        );
        let is_next = matches!(byte, b'"' | b'{' | b'[' | b'-' | b'0'..=b'9');
        let help = match self.typical() {
            Some(help) => help,
            None if byte == b':' => {
                "write a name in double quotes before the colon, in an object".to_owned()
            }
            None if is_next => format!(
                "add a comma behind {}",
                self.place(self.last.saturating_sub(1))
            ),
            None => "add a comma, or a quote that is missing before it".to_owned(),
        };
        self.wrong(self.at, message, help)
    }

    fn behind_the_end(&self, byte: u8) -> Broken {
        let (message, help) = match byte {
            b'}' | b']' => (
                format!("there is a {} more than was opened", char::from(byte)),
                "delete it, or look for a bracket that closes too early",
            ),
            b',' => (
                "a comma stands behind the end of the document".to_owned(),
                "delete it; several documents go into several files",
            ),
            _ => (
                format!("{} stands behind the end of the document", self.shown()),
                "delete it, or move it before the last bracket; several documents go into several files",
            ),
        };
        let help = self.typical().unwrap_or_else(|| help.to_owned());
        self.wrong(self.at, message, help)
    }

    /// What stands here, for messages.
    fn shown(&self) -> String {
        let word = self.bare_word();
        match self.rest().chars().next() {
            _ if !word.is_empty() => word.chars().take(40).collect(),
            Some(c) if c.is_whitespace() || c.is_control() || c == '\u{feff}' => {
                format!("an invisible character (U+{:04X})", u32::from(c))
            }
            Some(c) => c.to_string(),
            None => "the end".to_owned(),
        }
    }

    /// The remedy for what people bring along from other notations.
    fn typical(&self) -> Option<String> {
        let rest = self.rest();
        let first = rest.chars().next()?;
        let help = match first {
            '\'' | '`' => "write double quotes: JSON knows no others",
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2018}' | '\u{2019}' | '\u{ab}'
            | '\u{bb}' => "write \" in place of typographic quotes",
            '#' => "delete it: JSON has no comments",
            '/' if rest.starts_with("//") || rest.starts_with("/*") => {
                "delete it: JSON has no comments"
            }
            '=' => "write : in place of =",
            ';' => "write a comma in place of the semicolon",
            c if c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}' => {
                "delete it, or write a blank in its place"
            }
            _ => return None,
        };
        Some(help.to_owned())
    }
}

fn closing(bracket: u8) -> u8 {
    match bracket {
        b'{' => b'}',
        _ => b']',
    }
}

/// The first fault of a document that is no JSON.
pub(crate) fn fault(text: &str) -> Option<Broken> {
    let mut tokens = Tokens::new(text);
    loop {
        match tokens.next() {
            Ok((Token::End, _)) => return None,
            Ok(_) => {}
            Err(broken) => return Some(broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn told(text: &str, place: (u32, u32), words: &str) {
        let broken = fault(text).expect(text);
        let at = position(text.as_bytes(), broken.offset);
        let said = format!("{} | {}", broken.message, broken.help.unwrap_or_default());
        assert_eq!((at.line, at.column), place, "{text}: {said}");
        assert!(said.contains(words), "{text}: {said}");
        assert!(serde_json::from_str::<serde_json::Value>(text).is_err());
    }

    #[test]
    fn what_people_write_wrong_is_told_with_its_remedy() {
        told("{\"a\":1,}", (1, 7), "delete the comma");
        told("{\"a\":[1,2,]}", (1, 10), "delete the comma");
        told(
            "{\"a\":1\n\"b\":2}",
            (2, 1),
            "add a comma behind line 1, column 6",
        );
        told("{'a':1}", (1, 2), "double quotes");
        told("{\"a\":'x'}", (1, 6), "double quotes");
        told("{a:1}", (1, 2), "in double quotes: \"a\"");
        told("{\"a\":eth0}", (1, 6), "in double quotes: \"eth0\"");
        told("{\"a\":True}", (1, 6), "true in small letters");
        told(
            "{\"a\" 1}",
            (1, 6),
            "a colon is missing behind the name \"a\"",
        );
        told("{\"a\"=1}", (1, 5), "write : in place of =");
        told("{\"a\":\"x}\n", (1, 6), "no closing quote");
        told("{\"a\":01}", (1, 6), "zeros at its beginning");
        told("{\"a\":10.0.0.1}", (1, 6), "10.0.0.1 is not a number");
        told("{\"a\":\"\\d\"}", (1, 7), "\\d is no escape");
        told("{\"a\":1} // x", (1, 9), "no comments");
        told("{\"a\":1}}", (1, 8), "more than was opened");
        told("{\"a\":}", (1, 6), "write the value");
        told("{\u{201c}a\u{201d}:1}", (1, 2), "typographic");
        told("{\u{a0}\"a\":1}", (1, 2), "invisible character (U+00A0)");
        told("", (1, 1), "empty");
    }

    #[test]
    fn what_is_not_closed_is_named_where_it_was_opened() {
        told(
            "{\"m:a\": {\n  \"b\": [1, 2",
            (2, 13),
            "the array \"b\" of line 2, column 8 in the object \"m:a\" of line 1, column 9 in the object of line 1, column 1",
        );
        told("{\"m:a\": {\n  \"b\": [1, 2", (2, 13), "add ]}}");
        told(
            "{\"b\": [1, 2}",
            (1, 12),
            "} stands where the array \"b\" of line 1, column 7 has to end with ]",
        );
    }

    #[test]
    fn what_is_json_has_no_fault_and_what_is_not_has_one() {
        for text in [
            "{}",
            " [ ] ",
            "{\"a\":[1,-2.5e3,true,null,\"\\u00e9\\ud83d\\ude00\"],\"b\":{}}",
            "7",
        ] {
            assert!(fault(text).is_none(), "{text}");
        }
        let sample = "{\"m:a\":[{\"k\":\"x\\n\",\"v\":-1.5},{\"k\":\"y\"}],\"b\":{\"c\":[null]}}";
        for end in 0..sample.len() {
            for broken in [&sample[..end], &sample[end + 1..]] {
                let is_json = serde_json::from_str::<serde_json::Value>(broken).is_ok();
                assert_eq!(fault(broken).is_none(), is_json, "{broken}");
            }
        }
    }
}
