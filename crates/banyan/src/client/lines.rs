//! Lines of `set PATH VALUE` and `delete PATH`, as `--format set` prints them, into the steps of one edit.

use banyan_netconf::xml::escape_text;

/// A step: what is done where.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    operation: &'static str,
    path: String,
    value: Option<String>,
}

/// Whether a text is of such lines: its first one that is neither blank nor a comment is.
pub(super) fn are_lines(text: &str) -> bool {
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'));
    let verb = first.and_then(|line| line.split_whitespace().next());
    matches!(verb, Some("set" | "delete"))
}

/// The list `edit` of the rpc `edit-path`.
///
/// # Errors
/// What is wrong with a line, with its number.
pub(super) fn steps(text: &str) -> Result<String, String> {
    let mut body = String::new();
    let mut position = 0;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let step = step(line)
            .and_then(|step| {
                holdable("the path", &step.path)?;
                holdable(
                    &format!("the value of {}", step.path),
                    step.value.as_deref().unwrap_or(""),
                )?;
                Ok(step)
            })
            .map_err(|wrong| format!("line {}: {wrong}", index + 1))?;
        position += 1;
        body.push_str(&format!(
            "<edit><position>{position}</position><path>{}</path><operation>{}</operation>",
            escape_text(&step.path),
            step.operation
        ));
        if let Some(value) = step.value {
            body.push_str(&format!("<value>{}</value>", escape_text(&value)));
        }
        body.push_str("</edit>");
    }
    Ok(body)
}

/// Whether a message can hold a text.
///
/// # Errors
/// XML has no such character (XML 1.0 2.2).
pub(super) fn holdable(what: &str, text: &str) -> Result<(), String> {
    let wrong = |it: &char| {
        *it < ' ' && !matches!(it, '\t' | '\n' | '\r') || matches!(it, '\u{FFFE}' | '\u{FFFF}')
    };
    match text.chars().find(wrong) {
        None => Ok(()),
        Some(it) => Err(format!(
            "{what} holds the character U+{:04X}, which XML and YANG cannot hold; leave it out",
            u32::from(it)
        )),
    }
}

fn step(line: &str) -> Result<Step, String> {
    let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let operation = match verb {
        "set" => "merge",
        "delete" => "delete",
        other => return Err(format!("{other:?} is neither set nor delete")),
    };
    let rest = rest.trim_start();
    let (path, word) = rest.split_at(end_of_path(rest));
    if path.is_empty() {
        return Err(format!("{verb} what? there is no path"));
    }
    let value = match word.trim() {
        "" => None,
        word if word.starts_with('"') => {
            let text = serde_json::from_str::<String>(word);
            Some(text.map_err(|error| format!("the value {word} is no string: {error}"))?)
        }
        word => Some(word.to_owned()),
    };
    if operation == "delete" && value.is_some() {
        return Err("delete takes a path and no value".to_owned());
    }
    Ok(Step {
        operation,
        path: path.to_owned(),
        value,
    })
}

/// Where a path ends: at the first blank that is in no predicate, key or quotes.
fn end_of_path(text: &str) -> usize {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, blank) if blank.is_whitespace() && depth == 0 => return at,
            (None, _) => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_path_and_a_value() {
        let of = |line: &str| {
            let step = step(line).unwrap_or_else(|wrong| panic!("{wrong}"));
            (step.operation, step.path, step.value)
        };
        let value = |text: &str| Some(text.to_owned());
        assert_eq!(
            of("set /a:b/c[d='x y']/e 5"),
            ("merge", "/a:b/c[d='x y']/e".to_owned(), value("5"))
        );
        assert_eq!(
            of(r#"set /a:b/c{x y}/e "two \"words\"""#),
            ("merge", "/a:b/c{x y}/e".to_owned(), value("two \"words\""))
        );
        assert_eq!(of("set /a:b"), ("merge", "/a:b".to_owned(), None));
        assert_eq!(
            of("delete /a:b/c[d=\"x ] y\"]"),
            ("delete", "/a:b/c[d=\"x ] y\"]".to_owned(), None)
        );
    }

    #[test]
    fn a_wrong_line_is_told_by_its_number() {
        for (text, wrong) in [
            ("set /a 1\n\n# note\nst /a 2", "line 4: \"st\" is neither"),
            ("set", "line 1: set what?"),
            ("set /a \"open", "line 1: the value"),
            ("delete /a 1", "line 1: delete takes"),
            (
                "set /a \"x\\u0007\"",
                "line 1: the value of /a holds the character U+0007",
            ),
        ] {
            let said = steps(text).unwrap_err();
            assert!(said.contains(wrong), "{said}");
        }
    }

    #[test]
    fn lines_are_known_by_the_first_one() {
        assert!(are_lines("\n# a comment\n  set /a 1\n"));
        assert!(are_lines("delete /a"));
        assert!(!are_lines("<set/>"));
        assert!(!are_lines("{}"));
        assert!(!are_lines("settings"));
    }
}
