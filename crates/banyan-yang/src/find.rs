//! Looks for nodes, identities and typedefs by name or description.
//!
//! Linear in the schema and, where descriptions are looked at, in its texts.

use std::collections::BTreeSet;

use regex_automata::meta::Regex;
use regex_automata::nfa::thompson::WhichCaptures;

use crate::diagnostic::Diagnostics;
use crate::nearest::nearest;
use crate::parse::parse;
use crate::schema::{ModuleId, NodeKind, Schema, SchemaId, Type};
use crate::source::Span;
use crate::statement::Keyword;

/// What is looked for.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// A part of a name or of a description; upper and lower case are one.
    Part(String),
    /// A whole name or word of a description, with `*` for any characters and `?` for one; upper and lower case are one.
    Glob(String),
    /// A part of a name or of a description that matches; upper and lower case are one.
    Regex(Box<Regex>),
}

/// Why a regular expression is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{problem}")]
pub struct RegexProblem {
    /// What is wrong.
    pub problem: String,
    /// Where, in bytes.
    pub offset: usize,
}

/// How large a compiled expression may be, in bytes.
const MAX_REGEX: usize = 10 << 20;

impl Wanted {
    /// A regular expression in the syntax of Rust's crate `regex`: neither look-around nor back-references, and matched in
    /// linear time.
    ///
    /// # Errors
    /// The first place where it is not valid.
    pub fn regex(pattern: &str) -> Result<Wanted, RegexProblem> {
        let mut parser = regex_syntax::ParserBuilder::new()
            .case_insensitive(true)
            .build();
        let hir = parser.parse(pattern).map_err(|error| match error {
            regex_syntax::Error::Parse(error) => RegexProblem {
                problem: error.kind().to_string(),
                offset: error.span().start.offset,
            },
            regex_syntax::Error::Translate(error) => RegexProblem {
                problem: error.kind().to_string(),
                offset: error.span().start.offset,
            },
            other => RegexProblem {
                problem: other.to_string(),
                offset: 0,
            },
        })?;
        let config = Regex::config()
            .which_captures(WhichCaptures::Implicit)
            .nfa_size_limit(Some(MAX_REGEX));
        let compiled = Regex::builder().configure(config).build_from_hir(&hir);
        let regex = compiled.map_err(|error| RegexProblem {
            problem: format!("it is too large: {error}"),
            offset: 0,
        })?;
        Ok(Wanted::Regex(Box::new(regex)))
    }

    /// A pattern with `*` or `?` is a glob, all else a part.
    pub fn new(pattern: &str) -> Wanted {
        match pattern.contains(['*', '?']) {
            true => Wanted::Glob(pattern.to_lowercase()),
            false => Wanted::Part(pattern.to_lowercase()),
        }
    }

    fn meets_name(&self, name: &str) -> bool {
        let lower = name.to_lowercase();
        match self {
            Wanted::Part(part) => lower.contains(part),
            Wanted::Glob(glob) => glob_matches(glob, &lower),
            Wanted::Regex(regex) => regex.is_match(name),
        }
    }

    /// The line around a hit in a description.
    fn hit_in(&self, description: &str) -> Option<String> {
        let words: Vec<&str> = description.split_whitespace().collect();
        let text = words.join(" ");
        let lower = text.to_lowercase();
        let at = match self {
            Wanted::Part(part) => lower.find(part.as_str())?,
            // A glob is for names; in a description it has to match a word.
            Wanted::Glob(glob) => {
                let word = lower.split(' ').find(|word| {
                    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
                    !word.is_empty() && glob_matches(glob, word)
                })?;
                lower.find(word)?
            }
            Wanted::Regex(regex) => regex.find(&text)?.start(),
        };
        // Changing the case can change lengths; the excerpt is then a little off, and never out of bounds.
        Some(around(&text, at.min(text.len())))
    }
}

/// Matches without recursion, in O(glob × text).
fn glob_matches(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at, mut next) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while next < text.len() {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, next));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[next] => {
                at += 1;
                next += 1;
            }
            _ => match star {
                Some((from, taken)) => {
                    star = Some((from, taken + 1));
                    at = from + 1;
                    next = taken + 1;
                }
                None => return false,
            },
        }
    }
    glob[at..].iter().all(|rest| *rest == '*')
}

/// How much of a description is shown, in characters.
const EXCERPT: usize = 90;

/// Some text around a byte, cut at words.
fn around(text: &str, at: usize) -> String {
    let count = text.chars().count();
    if count <= EXCERPT {
        return text.to_owned();
    }
    let place = text
        .char_indices()
        .take_while(|(index, _)| *index < at)
        .count();
    let from = place.saturating_sub(EXCERPT / 3).min(count - EXCERPT);
    let cut: String = text.chars().skip(from).take(EXCERPT).collect();
    let mut shown = cut.as_str();
    let mut line = String::new();
    if from > 0 {
        shown = shown.split_once(' ').map_or(shown, |(_, rest)| rest);
        line.push_str("... ");
    }
    if from + EXCERPT < count {
        line.push_str(shown.rsplit_once(' ').map_or(shown, |(rest, _)| rest));
        line.push_str(" ...");
    } else {
        line.push_str(shown);
    }
    line
}

/// Something that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hit {
    /// The path of a node, `module:name` of a definition.
    pub path: String,
    /// `leaf`, `rpc`, `identity`, `typedef`, ...
    pub kind: &'static str,
    /// The type of a leaf; bases of an identity.
    pub detail: Option<String>,
    /// One line of its description: around the hit, if the hit is there.
    pub description: Option<String>,
    /// Whether the name was hit; else the description was.
    pub in_name: bool,
    /// Where it is defined.
    pub place: Option<Span>,
}

/// All nodes, identities and typedefs of the modules that `of` takes: those whose name is hit first, each part in the
/// order of the schema. Cases that a shorthand implies are passed over.
pub fn find(schema: &Schema, wanted: &Wanted, of: &dyn Fn(ModuleId) -> bool) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (id, node) in schema.nodes() {
        let named = !matches!(
            node.kind,
            NodeKind::Root | NodeKind::Input | NodeKind::Output
        );
        if !named || !of(node.module) || is_implied_case(schema, id) {
            continue;
        }
        let judged = judge(wanted, &node.name, || schema.description(id));
        hits.extend(judged.map(|(in_name, description)| Hit {
            path: schema.path(id),
            kind: node.kind.keyword(),
            detail: node.ty.as_ref().map(|ty| type_name(schema, ty)),
            description,
            in_name,
            place: Some(node.span),
        }));
    }
    for (id, module) in schema.modules() {
        if of(id) {
            for (text, _) in texts(schema, id) {
                definitions(schema, &module.name, text, wanted, &mut hits);
            }
        }
    }
    hits.sort_by_key(|hit| !hit.in_name);
    hits
}

/// Names that are nearly `name`, for when nothing is found; at most five.
pub fn nearest_names(schema: &Schema, name: &str) -> Vec<String> {
    let nodes = schema.nodes().map(|(_, node)| &*node.name);
    let identities = schema.identities().map(|(_, identity)| &*identity.name);
    let mut names: BTreeSet<&str> = nodes.chain(identities).collect();
    let mut found = Vec::new();
    while found.len() < 5
        && let Some(near) = nearest(name, names.iter().copied())
    {
        found.push(near.to_owned());
        names.remove(near);
    }
    found
}

/// Whether the name is hit, and the line of the description to show; `None` if neither is hit.
fn judge(
    wanted: &Wanted,
    name: &str,
    description: impl FnOnce() -> Option<String>,
) -> Option<(bool, Option<String>)> {
    let in_name = wanted.meets_name(name);
    let description = description();
    let hit = description.as_deref().and_then(|text| wanted.hit_in(text));
    if !in_name && hit.is_none() {
        return None;
    }
    let first_line = || {
        let text = description.as_deref()?;
        let words: Vec<&str> = text.split_whitespace().collect();
        Some(around(&words.join(" "), 0))
    };
    Some((in_name, hit.or_else(first_line)))
}

fn is_implied_case(schema: &Schema, id: SchemaId) -> bool {
    let node = schema.node(id);
    let only = schema.children(id).first().map(|child| schema.node(*child));
    node.kind == NodeKind::Case
        && only.is_some_and(|only| only.span == node.span && only.name == node.name)
}

/// The texts of a module and its submodules.
fn texts(schema: &Schema, id: ModuleId) -> Vec<(&str, &str)> {
    let module = schema.module(id);
    let own = std::iter::once((&*module.text, &*module.name));
    let submodules = module.submodules.iter();
    own.chain(submodules.map(|sub| (&*sub.text, &*sub.name)))
        .collect()
}

/// Identities and top-level typedefs of one text.
fn definitions(schema: &Schema, module: &str, text: &str, wanted: &Wanted, hits: &mut Vec<Hit>) {
    let Some(source) = schema.sources().find(text) else {
        return;
    };
    // What is wrong in the text, the compiler has said.
    let tree = parse(schema.sources(), source, &mut Diagnostics::new());
    let Some(root) = tree.root() else { return };
    for keyword in [Keyword::Typedef, Keyword::Identity] {
        for definition in tree.children_of(root, keyword) {
            let name = tree.name(definition);
            let description = || {
                tree.child_argument(definition, Keyword::Description)
                    .map(str::to_owned)
            };
            let detail = match keyword {
                Keyword::Typedef => tree.child_argument(definition, Keyword::Type),
                _ => tree.child_argument(definition, Keyword::Base),
            };
            let judged = judge(wanted, name, description);
            hits.extend(judged.map(|(in_name, description)| Hit {
                path: format!("{module}:{name}"),
                kind: keyword.text(),
                detail: detail.map(str::to_owned),
                description,
                in_name,
                place: Some(tree.span(definition)),
            }));
        }
    }
}

/// `module:typedef`, or the built-in type.
fn type_name(schema: &Schema, ty: &Type) -> String {
    match &ty.typedef {
        Some((module, name)) => format!("{}:{name}", schema.module(*module).name),
        None => ty.builtin_name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Compiler, MemorySource};

    const MODEL: &str = "module shop { namespace urn:s; prefix s; \
        identity pay { description \"How one pays.\"; } identity card { base pay; } \
        typedef amount { type uint32; description \"Money, in cents.\"; } \
        container shop { description \"A place that sells.\"; \
          leaf price { type amount; description \"What it costs, without\n the tax that is due.\"; } \
          choice c { leaf Tax-Rate { type decimal64 { fraction-digits 2; } } } } }";

    fn found(pattern: &str) -> Vec<String> {
        hits(&Wanted::new(pattern))
    }

    fn hits(wanted: &Wanted) -> Vec<String> {
        let mut source = MemorySource::new();
        source.add(MODEL);
        let compiled = Compiler::new(&source).implement("shop", None).compile();
        let schema = compiled.expect("compiles").schema;
        find(&schema, wanted, &|_| true)
            .into_iter()
            .map(|hit| {
                let (detail, text) = (hit.detail.unwrap_or_default(), hit.description);
                format!(
                    "{} {} {detail} | {}",
                    hit.path,
                    hit.kind,
                    text.unwrap_or_default()
                )
            })
            .collect()
    }

    #[test]
    fn names_are_hit_before_descriptions_whatever_the_case() {
        assert_eq!(
            found("tax"),
            [
                "/shop:shop/c/Tax-Rate/Tax-Rate leaf decimal64 | ",
                "/shop:shop/price leaf shop:amount | What it costs, without the tax that is due.",
            ]
        );
    }

    #[test]
    fn identities_and_typedefs_are_found() {
        assert_eq!(found("card"), ["shop:card identity pay | "]);
        assert_eq!(
            found("cents"),
            ["shop:amount typedef uint32 | Money, in cents."]
        );
    }

    #[test]
    fn a_glob_takes_the_whole_name() {
        assert_eq!(
            found("pri*e"),
            ["/shop:shop/price leaf shop:amount | What it costs, without the tax that is due."]
        );
        assert_eq!(found("pric?").len(), 1);
        assert_eq!(found("ric?"), Vec::<String>::new());
    }

    #[test]
    fn a_regular_expression_matches_a_part_unless_it_is_anchored() {
        let found = |pattern| hits(&Wanted::regex(pattern).expect("valid"));
        assert_eq!(found("^(pri|car)").len(), 2);
        assert_eq!(
            found("^TAX"),
            ["/shop:shop/c/Tax-Rate/Tax-Rate leaf decimal64 | "]
        );
        assert_eq!(found(r"the\stax").len(), 1);
        for (pattern, offset) in [("a(b", 1), ("a[z-b]", 2), (r"x\p{Klingon}", 1)] {
            let problem = Wanted::regex(pattern).expect_err("not valid");
            assert_eq!(problem.offset, offset, "{pattern}: {problem}");
        }
        assert!(Wanted::regex("(a{1000}){1000}").is_err());
    }

    #[test]
    fn a_long_description_is_cut_around_the_hit() {
        let text = format!("{} needle {}", "hay ".repeat(50), "hay ".repeat(50));
        let hit = Wanted::new("NEEDLE").hit_in(&text).expect("it is there");
        assert!(hit.contains("needle") && hit.chars().count() < 100, "{hit}");
        assert!(hit.starts_with("... ") && hit.ends_with(" ..."), "{hit}");
    }

    #[test]
    fn nearest_names_are_plausible_slips() {
        let mut source = MemorySource::new();
        source.add(MODEL);
        let compiled = Compiler::new(&source).implement("shop", None).compile();
        let schema = compiled.expect("compiles").schema;
        assert_eq!(nearest_names(&schema, "prise"), ["price"]);
        assert!(nearest_names(&schema, "banana").is_empty());
    }
}
