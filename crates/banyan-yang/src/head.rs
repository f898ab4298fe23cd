//! What a text says that it is, told from its first words: for whoever has a file and wants to know which module to
//! ask for, without parsing all of it.
//!
//! Must not judge: what is wrong with a text is found when it is compiled.

use crate::lex::{Lexer, Token, TokenKind, string_value};
use crate::source::SourceId;
use crate::statement::Keyword;

/// The first statement of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// `module` or `submodule`.
    pub keyword: Keyword,
    /// Its name.
    pub name: String,
}

impl Head {
    /// The head of a text; `None` if it begins with neither a module nor a submodule. Costs the comments before it.
    pub fn of(text: &str) -> Option<Head> {
        let mut lexer = Lexer::new(SourceId::default(), text);
        let keyword = match &*string_value(text, &lexer.next_token()) {
            "module" => Keyword::Module,
            "submodule" => Keyword::Submodule,
            _ => return None,
        };
        let name = lexer.next_token();
        is_string(&name).then(|| Head {
            keyword,
            name: string_value(text, &name).into_owned(),
        })
    }
}

/// The newest revision that a module or submodule states (RFC 7950 7.1.9). Linear in the text, but no tree is made.
pub fn newest_revision(text: &str) -> Option<String> {
    let mut lexer = Lexer::new(SourceId::default(), text);
    let (mut depth, mut starts) = (0usize, true);
    let mut newest: Option<String> = None;
    loop {
        let token = lexer.next_token();
        let at_start = std::mem::replace(&mut starts, false);
        match token.kind {
            TokenKind::End => return newest,
            TokenKind::OpenBrace => depth += 1,
            TokenKind::CloseBrace => depth = depth.saturating_sub(1),
            TokenKind::Semicolon => {}
            _ if at_start && depth == 1 && string_value(text, &token) == "revision" => {
                let date = lexer.next_token();
                if is_string(&date) {
                    newest = newest.max(Some(string_value(text, &date).into_owned()));
                    continue;
                }
            }
            _ => continue,
        }
        starts = true;
    }
}

fn is_string(token: &Token) -> bool {
    matches!(
        token.kind,
        TokenKind::Unquoted | TokenKind::SingleQuoted | TokenKind::DoubleQuoted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submodule_is_told_from_a_module_by_its_first_word() {
        let head = Head::of("\u{feff}// c\n/* module x */ submodule \"s\" {").unwrap();
        assert_eq!((head.keyword, &*head.name), (Keyword::Submodule, "s"));
        let head = Head::of("module submodule {").unwrap();
        assert_eq!((head.keyword, &*head.name), (Keyword::Module, "submodule"));
    }

    #[test]
    fn a_text_that_is_no_module_has_no_head() {
        for text in ["", "/* open", "leaf x;", "module {", "module"] {
            assert_eq!(Head::of(text), None, "{text}");
        }
    }

    #[test]
    fn the_newest_revision_is_found_in_any_order_and_only_at_the_top() {
        let text = "module m { revision 2019-01-01 { description \"revision 2030-01-01\"; }
            revision '2021-05-05'; container c { revision 2040-01-01; } }";
        assert_eq!(newest_revision(text).as_deref(), Some("2021-05-05"));
        assert_eq!(newest_revision("module m { revision { } "), None);
    }
}
