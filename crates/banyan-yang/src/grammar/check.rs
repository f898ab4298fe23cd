//! Applies the grammar to a syntax tree.

use super::argument::violation;
use super::extension::{Known, KnownStatements, Place, known_statements};
use super::{
    ArgumentForm, Occurs, Rule, Version, argument_form, deviate_substatements, substatements,
};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::parse::shorten;
use crate::statement::{Keyword, StatementId, SyntaxTree};

/// Checks the whole tree; see the module. Returns the version of the text, and `false` if there is no module or
/// submodule to go on with. Linear in the size of the tree.
pub fn check(tree: &mut SyntaxTree, diagnostics: &mut Diagnostics) -> (Version, bool) {
    let usable = check_top(tree, diagnostics);
    let version = match tree
        .root()
        .and_then(|root| tree.child_argument(root, Keyword::YangVersion))
    {
        Some("1.1") => Version::V1_1,
        _ => Version::V1,
    };
    if !usable {
        return (version, false);
    }
    let mut checker = Checker {
        counts: [0; KEYWORDS],
        found: diagnostics,
        version,
        known: known_statements(tree),
    };
    let judged = judged(tree, &checker.known);
    // Children have greater ids: seen in reverse, a statement knows which of its children were dropped.
    for id in tree.ids().rev() {
        if judged[id.index()] {
            checker.statement(tree, id);
        }
    }
    if let Some(root) = tree.root() {
        check_order(tree, root, diagnostics);
    }
    (
        version,
        tree.root().is_some_and(|root| !tree.is_dropped(root)),
    )
}

const KEYWORDS: usize = Keyword::Unknown as usize + 1;

/// RFC 7950 5.1: one module or submodule, and nothing else, makes a text.
fn check_top(tree: &mut SyntaxTree, diagnostics: &mut Diagnostics) -> bool {
    let Some(root) = tree.root() else {
        let start = crate::source::Span {
            source: tree.source(),
            ..Default::default()
        };
        diagnostics.push(
            Diagnostic::error("no-module", start, "this text holds no module")
                .help("a YANG text is one `module name { ... }` or `submodule name { ... }`")
                .rfc("RFC 7950 5.1"),
        );
        return false;
    };
    let extra: Vec<_> = tree
        .ids()
        .skip(1)
        .filter(|id| tree.parent(*id).is_none())
        .collect();
    for id in extra {
        if !tree.is_dropped(id) {
            diagnostics.push(
                Diagnostic::error(
                    "second-module",
                    tree.span(id),
                    format!("`{}` stands outside of the module", tree.describe(id)),
                )
                .help("keep one module or submodule in a text; check for a `}` too many above")
                .rfc("RFC 7950 5.1"),
            );
            tree.drop_statement(id);
        }
    }
    if tree.is_dropped(root) {
        return false; // The parser has said why.
    }
    if !matches!(tree.keyword(root), Keyword::Module | Keyword::Submodule) {
        diagnostics.push(
            Diagnostic::error(
                "no-module",
                tree.span(root),
                format!(
                    "a text must begin with `module` or `submodule`, not with `{}`",
                    tree.keyword_text(root)
                ),
            )
            .help("put the statements into `module name { ... }` or `submodule name { ... }`")
            .rfc("RFC 7950 5.1"),
        );
        return false;
    }
    true
}

/// Which statements the grammar judges: not what stands inside an extension statement, whose meaning only its
/// definition knows, unless it is one of those with YANG's own substatements.
fn judged(tree: &SyntaxTree, known: &KnownStatements) -> Vec<bool> {
    let mut judged = vec![false; tree.len()];
    for id in tree.ids() {
        judged[id.index()] = !tree.is_dropped(id)
            && match tree.parent(id) {
                None => true,
                Some(parent) if tree.keyword(parent) == Keyword::Extension => {
                    judged[parent.index()]
                        && known.get(&parent).is_some_and(|known| {
                            known.closed || rule_for(known.rules, tree.keyword(id)).is_some()
                        })
                }
                Some(parent) => judged[parent.index()],
            };
    }
    judged
}

fn rule_for(rules: &[Rule], keyword: Keyword) -> Option<&Rule> {
    rules.iter().find(|rule| rule.keyword == keyword)
}

struct Checker<'a> {
    /// Occurrences of each keyword under the statement at hand; all zero between statements.
    counts: [u32; KEYWORDS],
    found: &'a mut Diagnostics,
    version: Version,
    known: KnownStatements,
}

impl Checker<'_> {
    fn statement(&mut self, tree: &mut SyntaxTree, id: StatementId) {
        let keyword = tree.keyword(id);
        if keyword == Keyword::Extension {
            if let Some(known) = self.known.get(&id).copied() {
                self.extension(tree, id, known);
            }
            return;
        }
        if !self.argument(tree, id) && tree.parent(id).is_some() {
            tree.drop_statement(id);
        }
        let rules = match keyword {
            Keyword::Deviate => deviate_substatements(tree.name(id)),
            _ => substatements(keyword),
        };
        let children: Vec<_> = tree.all_children(id).collect();
        for child in children {
            self.child(tree, id, child, rules, "RFC 7950 14");
        }
        self.required(tree, id, rules);
        let is_side = matches!(keyword, Keyword::Input | Keyword::Output);
        // In an extension called `action` an empty one is common.
        let in_operation = |parent| matches!(tree.keyword(parent), Keyword::Rpc | Keyword::Action);
        if is_side && tree.parent(id).is_some_and(in_operation) {
            self.data_definition(tree, id);
        }
        for child in tree.all_children(id) {
            self.counts[tree.keyword(child) as usize] = 0;
        }
    }

    /// An extension statement that has substatements of the language.
    fn extension(&mut self, tree: &mut SyntaxTree, id: StatementId, known: &Known) {
        if !self.extension_place(tree, id, known) || !self.extension_argument(tree, id, known) {
            return tree.drop_statement(id);
        }
        let children: Vec<_> = tree
            .all_children(id)
            .filter(|child| known.closed || rule_for(known.rules, tree.keyword(*child)).is_some())
            .collect();
        for child in children {
            self.child(tree, id, child, known.rules, known.rfc);
        }
        self.required(tree, id, known.rules);
        for child in tree.all_children(id) {
            self.counts[tree.keyword(child) as usize] = 0;
        }
    }

    /// Reports an extension statement where it must not stand.
    fn extension_place(&mut self, tree: &SyntaxTree, id: StatementId, known: &Known) -> bool {
        let parent = tree.parent(id);
        let top = parent == tree.root();
        let in_data = parent.is_some_and(|parent| {
            matches!(tree.keyword(parent), Keyword::Container | Keyword::List)
        });
        let what = tree.keyword_text(id);
        let (problem, help) = match known.place {
            Place::Top | Place::TopOrIgnored if !top => (
                format!("`{what}` can only stand at the top of a module"),
                "move it to the top of the module",
            ),
            Place::ContainerOrList if !in_data => (
                format!("`{what}` can only stand in a container or list"),
                "put it into the container or list that other schemas are mounted in",
            ),
            Place::ContainerOrList if self.version == Version::V1 => (
                format!("`{what}` needs YANG 1.1, and this module is of version 1"),
                "add `yang-version 1.1;` to the module",
            ),
            _ => return self.extension_is_alone(tree, id, known),
        };
        let ignored = known.place == Place::TopOrIgnored;
        let mut found = match ignored {
            true => {
                let message = format!("{problem}; here it means nothing");
                Diagnostic::warning("misplaced-extension", tree.span(id), message)
            }
            false => Diagnostic::error(known.code(), tree.span(id), problem),
        };
        if let Some(parent) = parent.filter(|parent| Some(*parent) != tree.root()) {
            found = found.related(tree.span(parent), "inside this statement");
        }
        self.found.push(found.help(help).rfc(known.rfc));
        false
    }

    /// A node has at most one mount point.
    fn extension_is_alone(&mut self, tree: &SyntaxTree, id: StatementId, known: &Known) -> bool {
        let Some(parent) = tree
            .parent(id)
            .filter(|_| known.place == Place::ContainerOrList)
        else {
            return true;
        };
        let first = tree.all_children(parent).find(|other| {
            let other = self.known.get(other);
            other.is_some_and(|other| std::ptr::eq(*other, known))
        });
        let Some(first) = first.filter(|first| *first != id) else {
            return true;
        };
        self.found.push(
            Diagnostic::error(
                known.code(),
                tree.span(id),
                format!(
                    "`{}` has more than one `{}`",
                    tree.describe(parent),
                    tree.keyword_text(id)
                ),
            )
            .related(tree.span(first), "the first one")
            .help("remove one of the two")
            .rfc(known.rfc),
        );
        false
    }

    /// One that is missing is reported where the definition of the extension is known.
    fn extension_argument(&mut self, tree: &SyntaxTree, id: StatementId, known: &Known) -> bool {
        let Some(text) = tree.argument(id) else {
            return true;
        };
        let Some(wanted) = violation(known.argument, text, self.version) else {
            return true;
        };
        self.found.push(
            Diagnostic::error(
                "invalid-argument",
                tree.argument_span(id),
                format!(
                    "`{}` is not a valid argument of `{}`",
                    shorten(text),
                    tree.keyword_text(id)
                ),
            )
            .help(format!("write {wanted}"))
            .rfc(known.rfc),
        );
        false
    }

    fn child(
        &mut self,
        tree: &mut SyntaxTree,
        id: StatementId,
        child: StatementId,
        rules: &[Rule],
        rfc: &'static str,
    ) {
        let keyword = tree.keyword(child);
        if matches!(keyword, Keyword::Extension | Keyword::Unknown) {
            return;
        }
        let Some(rule) = rule_for(rules, keyword) else {
            let mut error = Diagnostic::error(
                "misplaced-statement",
                tree.span(child),
                format!(
                    "`{}` cannot stand in `{}`",
                    tree.keyword_text(child),
                    tree.describe(id)
                ),
            )
            .related(tree.span(id), "inside this statement")
            .rfc(rfc);
            let parent = tree.keyword(id);
            error = error.help(holders(keyword).unwrap_or_else(|| held(parent, rules)));
            self.found.push(error);
            return tree.drop_statement(child);
        };
        if rule.since > self.version {
            self.found.push(
                Diagnostic::error(
                    "needs-yang-1.1",
                    tree.span(child),
                    format!(
                        "`{}` in `{}` needs YANG 1.1, and this module is of version 1",
                        tree.keyword_text(child),
                        tree.keyword_text(id)
                    ),
                )
                .help("add `yang-version 1.1;` to the module")
                .rfc("RFC 7950 1.1"),
            );
            return tree.drop_statement(child);
        }
        let count = &mut self.counts[keyword as usize];
        *count += 1;
        if *count > rule.occurs.max(self.version) {
            let mut error = Diagnostic::error(
                "repeated-statement",
                tree.span(child),
                format!(
                    "`{}` has more than one `{}`",
                    tree.describe(id),
                    tree.keyword_text(child)
                ),
            )
            .help(format!("keep one `{}`", tree.keyword_text(child)))
            .rfc("RFC 7950 14");
            if let Some(first) = tree
                .all_children(id)
                .find(|other| tree.keyword(*other) == keyword)
            {
                error = error.related(tree.span(first), "the first one");
            }
            if rule.occurs == Occurs::OptionalThenAny {
                error =
                    error.help("YANG 1.1 allows several: add `yang-version 1.1;` to the module");
            }
            self.found.push(error);
            tree.drop_statement(child);
        }
    }

    fn required(&mut self, tree: &mut SyntaxTree, id: StatementId, rules: &[Rule]) {
        for rule in rules {
            let needed = rule.occurs.min();
            if needed == 0 {
                continue;
            }
            if self.counts[rule.keyword as usize] < needed {
                // The misplaced and the misspelled are reported already, and this follows from them.
                let misspelled = tree.all_children(id).any(|child| {
                    tree.keyword(child) == Keyword::Unknown
                        && nearest(tree.keyword_text(child), [rule.keyword.text()]).is_some()
                });
                if !misspelled {
                    self.found.push(
                        Diagnostic::error(
                            "missing-statement",
                            tree.span(id),
                            format!("`{}` has no `{}`", tree.describe(id), rule.keyword.text()),
                        )
                        .help(format!("add a `{}` statement", rule.keyword.text()))
                        .rfc("RFC 7950 14"),
                    );
                }
            }
            if !tree.children_of(id, rule.keyword).any(|_| true) {
                tree.drop_statement(id);
            }
        }
    }

    /// RFC 7950 14, `input-stmt`, `output-stmt`: at least one data definition. Without one the operation is as it
    /// would be without the statement, so nothing is dropped.
    fn data_definition(&mut self, tree: &SyntaxTree, id: StatementId) {
        use Keyword::*;
        let defines = |child| {
            matches!(
                tree.keyword(child),
                Container | Leaf | LeafList | List | Choice | AnyData | AnyXml | Uses | Unknown
            )
        };
        if !tree.all_children(id).any(defines) {
            let keyword = tree.keyword_text(id);
            self.found.push(
                Diagnostic::error(
                    "missing-data-definition",
                    tree.span(id),
                    format!("`{keyword}` defines no data"),
                )
                .help(format!(
                    "leave `{keyword}` out: an operation has one all the same"
                ))
                .rfc("RFC 7950 14"),
            );
        }
    }

    fn argument(&mut self, tree: &SyntaxTree, id: StatementId) -> bool {
        let keyword = tree.keyword(id);
        let form = argument_form(keyword);
        if form == ArgumentForm::Text && tree.has_argument(id) {
            return true; // Whatever it says.
        }
        let Some(text) = tree.argument(id) else {
            if form != ArgumentForm::None {
                self.found.push(
                    Diagnostic::error(
                        "missing-argument",
                        tree.span(id),
                        format!("`{}` needs an argument", keyword.text()),
                    )
                    .help(match violation(form, "", self.version) {
                        Some(wanted) => format!("after `{}` write {wanted}", keyword.text()),
                        None => format!("after `{}` write a text in quotes", keyword.text()),
                    })
                    .rfc("RFC 7950 14"),
                );
            }
            return form == ArgumentForm::None;
        };
        if form == ArgumentForm::None {
            self.found.push(
                Diagnostic::error(
                    "unexpected-argument",
                    tree.argument_span(id),
                    format!("`{}` takes no argument", keyword.text()),
                )
                .help("remove the argument")
                .rfc("RFC 7950 14"),
            );
            return true; // It does no harm.
        }
        let Some(wanted) = violation(form, text, self.version) else {
            return true;
        };
        let mut error = Diagnostic::error(
            "invalid-argument",
            tree.argument_span(id),
            format!(
                "`{}` is not a valid argument of `{}`",
                shorten(text),
                keyword.text()
            ),
        )
        .help(format!("write {wanted}"))
        .rfc("RFC 7950 14");
        if let ArgumentForm::OneOf(words) = form
            && let Some(near) = nearest(text, words.iter().copied())
        {
            error = error.help(format!("did you mean `{near}`?"));
        }
        self.found.push(error);
        false
    }
}

/// Where a statement that stands at the wrong place can stand, unless that is nearly everywhere.
fn holders(keyword: Keyword) -> Option<String> {
    const FEW: usize = 8;
    let holders: Vec<_> = Keyword::ALL
        .iter()
        .filter(|holder| rule_for(substatements(**holder), keyword).is_some())
        .map(|holder| format!("`{}`", holder.text()))
        .collect();
    (1..=FEW)
        .contains(&holders.len())
        .then(|| format!("it can stand in {}", holders.join(", ")))
}

/// What a statement can hold.
fn held(parent: Keyword, rules: &[Rule]) -> String {
    const SOME: usize = 12;
    let names = rules
        .iter()
        .map(|rule| format!("`{}`", rule.keyword.text()));
    let names: Vec<_> = names.collect();
    match names.len() {
        0 => "remove it: nothing can stand there".to_owned(),
        1..=SOME => format!("`{}` can hold {}", parent.text(), names.join(", ")),
        _ => "move it, or remove it".to_owned(),
    }
}

/// The sections of a module stand in a fixed order: header, linkage, meta, revisions, body (RFC 7950 7.1.1).
fn check_order(tree: &SyntaxTree, root: StatementId, diagnostics: &mut Diagnostics) {
    const SECTIONS: [&str; 5] = [
        "the header (`yang-version`, `namespace`, `prefix`, `belongs-to`)",
        "`import` and `include`",
        "`organization`, `contact`, `description` and `reference`",
        "`revision`",
        "the definitions",
    ];
    let mut reached = (0, root);
    for child in tree.children(root) {
        use Keyword::*;
        let section = match tree.keyword(child) {
            YangVersion | Namespace | Prefix | BelongsTo => 0,
            Import | Include => 1,
            Organization | Contact | Description | Reference => 2,
            Revision => 3,
            Extension => continue,
            _ => 4,
        };
        if section < reached.0 {
            diagnostics.push(
                Diagnostic::error(
                    "statement-order",
                    tree.span(child),
                    format!("`{}` stands too late in the module", tree.describe(child)),
                )
                .related(tree.span(reached.1), "must stand after it")
                .help(format!("move it before {}", SECTIONS[reached.0]))
                .rfc("RFC 7950 7.1.1"),
            );
        }
        if section > reached.0 {
            reached = (section, child);
        }
    }
}
