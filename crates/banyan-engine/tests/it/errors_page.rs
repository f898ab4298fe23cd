//! `docs/operations.md` has each error that ends a start or concerns the disk.

const PAGE: &str = include_str!("../../../../docs/operations.md");

const SOURCES: [(&str, &str); 7] = [
    ("start.rs", include_str!("../../src/engine/start.rs")),
    ("log.rs", include_str!("../../src/log.rs")),
    ("keeper.rs", include_str!("../../src/keeper.rs")),
    ("stored.rs", include_str!("../../src/keeper/stored.rs")),
    ("options.rs", include_str!("../../src/files/options.rs")),
    ("restore.rs", include_str!("../../src/backup/restore.rs")),
    ("pins.rs", include_str!("../../src/upgrade/pins.rs")),
];

/// The texts of a file's `#[error("...")]`, each with the variant that has it.
fn messages(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in source.split("#[error(").skip(1) {
        // `transparent` has no text of its own.
        let Some(literal) = part.trim_start().strip_prefix('"') else {
            continue;
        };
        let mut text = String::new();
        let mut rest = literal.chars();
        while let Some(next) = rest.next() {
            match next {
                '"' => break,
                '\\' => text.push(match rest.next() {
                    Some('n') => '\n',
                    Some(other) => other,
                    None => break,
                }),
                other => text.push(other),
            }
        }
        let after = part.split_once(")]").map_or("", |(_, after)| after);
        let name: String = after
            .trim_start()
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        found.push((name, text));
    }
    found
}

/// The longest piece of a message that is the same in all cases.
fn fixed(message: &str) -> String {
    let mut pieces = vec![String::new()];
    let mut depth = 0;
    for letter in message.chars() {
        match letter {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                pieces.push(String::new());
            }
            '\n' => pieces.push(String::new()),
            letter if depth == 0 => {
                if let Some(piece) = pieces.last_mut() {
                    piece.push(letter);
                }
            }
            _ => {}
        }
    }
    let longest = pieces.into_iter().max_by_key(String::len);
    plain(
        longest
            .unwrap_or_default()
            .trim_matches([' ', ';', ':', '(', ')', ',']),
    )
}

/// Without what only marks text, in one line.
fn plain(text: &str) -> String {
    let text = text.replace(['`', '*'], "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn each_error_is_in_the_page_on_operations() {
    let page = plain(PAGE);
    let mut looked_for = 0;
    let mut missing = Vec::new();
    for (file, source) in SOURCES {
        for (variant, message) in messages(source) {
            let fixed = fixed(&message);
            if fixed.is_empty() {
                continue;
            }
            looked_for += 1;
            if !page.contains(&fixed) {
                missing.push(format!("{file}: {variant}: {fixed}"));
            }
        }
    }
    assert!(looked_for >= 15, "only {looked_for} messages were found");
    assert!(
        missing.is_empty(),
        "docs/operations.md says nothing of\n{}",
        missing.join("\n")
    );
}
