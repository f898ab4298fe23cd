//! The paths of rules (RFC 8341 `node-instance-identifier`): instance-identifiers in which keys may be left out, then
//! meaning all entries, and in which `$USER` stands for the user.
//!
//! Lives here: their grammar. A prefix is the name of a module or its own prefix; it is looked up when a schema is at
//! hand (see `trie`), because a path may go on in the schema of a mounted tree.

use std::fmt;
use std::sync::Arc;

use banyan_data::path::literal;

/// A path, not bound to a schema yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct RulePath {
    /// From the top down; none is the root.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Step {
    /// The module's name or prefix; without it that of the step above, or the only one that fits.
    pub prefix: Option<Arc<str>>,
    /// The node's name.
    pub name: Arc<str>,
    /// Which instances; none of these is all.
    pub predicates: Vec<Predicate>,
}

impl fmt::Display for Step {
    /// Without predicates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.prefix {
            Some(prefix) => write!(f, "{prefix}:{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// One predicate.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Predicate {
    /// The key's name without prefix; `.` for the value of a leaf-list entry.
    pub key: Arc<str>,
    /// What it is compared with.
    pub value: Operand,
}

/// What a key is compared with.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Operand {
    /// A literal.
    Literal(Arc<str>),
    /// `$USER`
    User,
}

impl RulePath {
    /// Reads a path.
    ///
    /// # Errors
    /// It is malformed: what is wrong, and where.
    pub fn parse(text: &str) -> Result<RulePath, String> {
        let mut rest = text.trim();
        let mut steps = Vec::new();
        if matches!(rest, "" | "/") {
            return Ok(RulePath { steps });
        }
        while !rest.is_empty() {
            rest = rest
                .strip_prefix('/')
                .ok_or_else(|| format!("a / is missing before {rest:?}"))?;
            let (prefix, name, after) = qualified(rest)?;
            rest = after;
            let mut predicates = Vec::new();
            while let Some(inside) = rest.strip_prefix('[') {
                let (predicate, after) = Predicate::parse(inside)?;
                predicates.push(predicate);
                rest = after;
            }
            steps.push(Step {
                prefix,
                name,
                predicates,
            });
        }
        Ok(RulePath { steps })
    }
}

impl Predicate {
    /// Reads what stands behind `[`, with the closing bracket.
    fn parse(text: &str) -> Result<(Predicate, &str), String> {
        let text = text.trim_start();
        let (key, rest) = match text.strip_prefix('.') {
            Some(rest) => (Arc::from("."), rest),
            None => {
                let (_, name, rest) = qualified(text)?;
                (name, rest)
            }
        };
        let rest = rest
            .trim_start()
            .strip_prefix('=')
            .ok_or_else(|| format!("= is missing after {key}"))?
            .trim_start();
        let (value, rest) = match rest.strip_prefix("$USER") {
            Some(rest) => (Operand::User, rest),
            None => {
                if !rest.starts_with(['\'', '"']) && !rest.starts_with("concat") {
                    return Err(format!("a quoted value or $USER is missing at {rest:?}"));
                }
                let (literal, rest) = literal::read(rest)?;
                (Operand::Literal((*literal).into()), rest)
            }
        };
        let rest = rest
            .trim_start()
            .strip_prefix(']')
            .ok_or_else(|| format!("a ] is missing at {rest:?}"))?;
        Ok((Predicate { key, value }, rest))
    }
}

/// A prefix with its name, either way with what follows.
type Qualified<'t> = (Option<Arc<str>>, Arc<str>, &'t str);

fn qualified(text: &str) -> Result<Qualified<'_>, String> {
    let (first, rest) = word(text)?;
    match rest.strip_prefix(':') {
        Some(rest) => {
            let (name, rest) = word(rest)?;
            Ok((Some(first.into()), name.into(), rest))
        }
        None => Ok((None, first.into(), rest)),
    }
}

fn word(text: &str) -> Result<(&str, &str), String> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let length = text.bytes().position(|byte| !is_part(byte));
    match text.split_at(length.unwrap_or(text.len())) {
        ("", rest) => Err(format!("a name is missing at {rest:?}")),
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_nodes_keys_and_the_user() {
        let path =
            RulePath::parse("/a:users/user[a:name=$USER][ b = \"x'y\" ]/tag[.='t']").unwrap();
        assert_eq!(path.steps.len(), 3);
        assert_eq!(path.steps[0].prefix.as_deref(), Some("a"));
        assert_eq!(path.steps[1].prefix, None);
        let user = &path.steps[1].predicates;
        assert_eq!((&*user[0].key, &user[0].value), ("name", &Operand::User));
        assert_eq!(user[1].value, Operand::Literal("x'y".into()));
        assert_eq!(&*path.steps[2].predicates[0].key, ".");
        assert_eq!(RulePath::parse(" / ").unwrap(), RulePath::default());
        assert_eq!(RulePath::parse("").unwrap(), RulePath::default());
    }

    #[test]
    fn what_is_no_path_says_where() {
        for (text, why) in [
            ("a/b", "a / is missing before \"a/b\""),
            ("/a//b", "a name is missing at \"/b\""),
            ("/a[b]", "= is missing after b"),
            ("/a[b=c]", "a quoted value or $USER is missing at \"c]\""),
            ("/a[b='c]", "a quote is not closed"),
            ("/a[b='c'", "a ] is missing at \"\""),
        ] {
            assert_eq!(RulePath::parse(text).unwrap_err(), why, "{text}");
        }
    }
}
