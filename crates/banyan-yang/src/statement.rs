//! Statements: the tree that a YANG text is, before anything is known about its meaning (RFC 7950 6.3).
//!
//! Lives here: the keywords, the arena of statements, and a printer. Arguments are spans into the text unless
//! the rules for strings change them. Must not know which statement may stand where: that is `grammar`.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::source::{SourceId, Span};

macro_rules! keywords {
    ($($variant:ident $text:literal),* $(,)?) => {
        /// The keyword of a statement.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Keyword {
            $(#[doc = concat!("`", $text, "`")] $variant,)*
            /// `prefix:name`: the use of an extension (RFC 7950 7.19).
            Extension,
            /// Anything else: an error that the parser has reported.
            Unknown,
        }

        impl Keyword {
            /// All keywords of the language.
            pub const ALL: &'static [Keyword] = &[$(Keyword::$variant),*];

            /// The text of a keyword of the language; a description for the other two.
            pub fn text(self) -> &'static str {
                match self {
                    $(Keyword::$variant => $text,)*
                    Keyword::Extension => "extension statement",
                    Keyword::Unknown => "unknown statement",
                }
            }

            /// The keyword of the language with this text.
            pub fn from_text(text: &str) -> Option<Keyword> {
                Some(match text {
                    $($text => Keyword::$variant,)*
                    _ => return None,
                })
            }
        }
    };
}

keywords! {
    Action "action", AnyData "anydata", AnyXml "anyxml", Argument "argument", Augment "augment",
    Base "base", BelongsTo "belongs-to", Bit "bit", Case "case", Choice "choice", Config "config",
    Contact "contact", Container "container", Default "default", Description "description",
    Deviate "deviate", Deviation "deviation", Enum "enum", ErrorAppTag "error-app-tag",
    ErrorMessage "error-message", ExtensionDefinition "extension", Feature "feature",
    FractionDigits "fraction-digits", Grouping "grouping", Identity "identity",
    IfFeature "if-feature", Import "import", Include "include", Input "input", Key "key", Leaf "leaf",
    LeafList "leaf-list", Length "length", List "list", Mandatory "mandatory",
    MaxElements "max-elements", MinElements "min-elements", Modifier "modifier", Module "module",
    Must "must", Namespace "namespace", Notification "notification", OrderedBy "ordered-by",
    Organization "organization", Output "output", Path "path", Pattern "pattern",
    Position "position", Prefix "prefix", Presence "presence", Range "range",
    Reference "reference", Refine "refine", RequireInstance "require-instance",
    Revision "revision", RevisionDate "revision-date", Rpc "rpc", Status "status",
    Submodule "submodule", Type "type", Typedef "typedef", Unique "unique", Units "units",
    Uses "uses", Value "value", When "when", YangVersion "yang-version", YinElement "yin-element",
}

/// Names a statement of one [`SyntaxTree`]. A parent has a smaller id than its children.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StatementId(pub u32);

impl StatementId {
    /// The position in the arena.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The argument of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Argument {
    /// The whole argument with its quotes and concatenations.
    pub span: Span,
    /// Its value.
    pub value: ArgumentValue,
}

/// The value of an argument after the rules of RFC 7950 6.1.3.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ArgumentValue {
    /// Exactly this stretch of the text.
    Verbatim(Span),
    /// Text that trimming, escapes or concatenation made.
    Composed(Box<str>),
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its keyword.
    pub keyword: Keyword,
    /// Where the keyword stands (with the prefix of an extension).
    pub keyword_span: Span,
    /// Its argument.
    pub argument: Option<Argument>,
    /// The statement around it.
    pub parent: Option<StatementId>,
    first_child: Option<StatementId>,
    last_child: Option<StatementId>,
    next_sibling: Option<StatementId>,
    /// Left out after an error: it no longer counts as a child.
    dropped: bool,
}

/// The statements of one text.
#[derive(Clone, Debug)]
pub struct SyntaxTree {
    source: SourceId,
    text: Arc<str>,
    statements: Vec<Statement>,
}

impl SyntaxTree {
    /// An empty tree over a text.
    pub fn new(source: SourceId, text: Arc<str>) -> Self {
        SyntaxTree {
            source,
            text,
            statements: Vec::new(),
        }
    }

    /// The source that the spans name.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// The text that the statements come from.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The first top-level statement: the module or submodule of a well-formed text.
    pub fn root(&self) -> Option<StatementId> {
        (!self.statements.is_empty()).then_some(StatementId(0))
    }

    /// Number of statements.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there is no statement at all.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// All ids; parents before children, in the order of the text.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = StatementId> + use<> {
        (0..self.statements.len() as u32).map(StatementId)
    }

    /// The statement.
    ///
    /// # Panics
    /// If `id` is of another tree: a programming error, never reachable from input.
    pub fn statement(&self, id: StatementId) -> &Statement {
        &self.statements[id.index()]
    }

    /// Its keyword.
    pub fn keyword(&self, id: StatementId) -> Keyword {
        self.statement(id).keyword
    }

    /// Its keyword as written.
    pub fn keyword_text(&self, id: StatementId) -> &str {
        self.slice(self.statement(id).keyword_span)
    }

    /// The value of its argument.
    pub fn argument(&self, id: StatementId) -> Option<&str> {
        match &self.statement(id).argument.as_ref()?.value {
            ArgumentValue::Verbatim(span) => Some(self.slice(*span)),
            ArgumentValue::Composed(text) => Some(text),
        }
    }

    /// The value of its argument; empty when it has none (which `grammar` has then reported).
    pub fn name(&self, id: StatementId) -> &str {
        self.argument(id).unwrap_or("")
    }

    /// Where its argument stands, else its keyword.
    pub fn argument_span(&self, id: StatementId) -> Span {
        let statement = self.statement(id);
        statement
            .argument
            .as_ref()
            .map_or(statement.keyword_span, |argument| argument.span)
    }

    /// Keyword and argument: the head that stands for the statement in a message.
    pub fn span(&self, id: StatementId) -> Span {
        self.statement(id).keyword_span.to(self.argument_span(id))
    }

    /// `keyword argument`, for messages.
    pub fn describe(&self, id: StatementId) -> String {
        match self.argument(id) {
            Some(argument) if argument.chars().count() <= 60 => {
                format!("{} {argument}", self.keyword_text(id))
            }
            _ => self.keyword_text(id).to_owned(),
        }
    }

    /// The statement around it.
    pub fn parent(&self, id: StatementId) -> Option<StatementId> {
        self.statement(id).parent
    }

    /// Its substatements, in the order of the text, without those that were dropped.
    pub fn children(&self, id: StatementId) -> impl Iterator<Item = StatementId> + '_ {
        self.all_children(id)
            .filter(|child| !self.is_dropped(*child))
    }

    /// Its substatements, with those that were dropped.
    pub fn all_children(&self, id: StatementId) -> impl Iterator<Item = StatementId> + '_ {
        std::iter::successors(self.statement(id).first_child, |child| {
            self.statement(*child).next_sibling
        })
    }

    /// Its substatements with one keyword.
    pub fn children_of(
        &self,
        id: StatementId,
        keyword: Keyword,
    ) -> impl Iterator<Item = StatementId> + '_ {
        self.children(id)
            .filter(move |child| self.keyword(*child) == keyword)
    }

    /// Its first substatement with this keyword.
    pub fn child(&self, id: StatementId, keyword: Keyword) -> Option<StatementId> {
        self.children_of(id, keyword).next()
    }

    /// The argument of its first substatement with this keyword.
    pub fn child_argument(&self, id: StatementId, keyword: Keyword) -> Option<&str> {
        self.argument(self.child(id, keyword)?)
    }

    /// Leaves a statement out: it is an error that was reported, and its parent goes on without it.
    pub fn drop_statement(&mut self, id: StatementId) {
        self.statements[id.index()].dropped = true;
    }

    /// Whether the statement was left out.
    pub fn is_dropped(&self, id: StatementId) -> bool {
        self.statement(id).dropped
    }

    /// Adds a statement as the last child of `parent`.
    pub(crate) fn add(
        &mut self,
        parent: Option<StatementId>,
        keyword: Keyword,
        keyword_span: Span,
        argument: Option<Argument>,
    ) -> StatementId {
        let id = StatementId(self.statements.len() as u32);
        self.statements.push(Statement {
            keyword,
            keyword_span,
            argument,
            parent,
            first_child: None,
            last_child: None,
            next_sibling: None,
            dropped: false,
        });
        if let Some(parent) = parent {
            match self.statements[parent.index()].last_child.replace(id) {
                Some(last) => self.statements[last.index()].next_sibling = Some(id),
                None => self.statements[parent.index()].first_child = Some(id),
            }
        }
        id
    }

    /// The statements as YANG text with one statement a line; parsing it gives the same tree again.
    /// Linear in the size of the tree.
    pub fn print(&self) -> String {
        enum Step {
            Open(StatementId),
            Close,
        }
        let mut out = String::new();
        let mut depth = 0;
        let mut steps: Vec<Step> = Vec::new();
        let tops: Vec<_> = self
            .ids()
            .filter(|id| self.parent(*id).is_none() && !self.is_dropped(*id))
            .collect();
        steps.extend(tops.into_iter().rev().map(Step::Open));
        while let Some(step) = steps.pop() {
            let Step::Open(id) = step else {
                depth -= 1;
                let _ = writeln!(out, "{:1$}}}", "", depth * 2);
                continue;
            };
            let _ = write!(out, "{:1$}{2}", "", depth * 2, self.keyword_text(id));
            if let Some(argument) = self.argument(id) {
                out.push(' ');
                push_quoted(&mut out, argument);
            }
            let children: Vec<_> = self.children(id).collect();
            if children.is_empty() {
                out.push_str(";\n");
            } else {
                out.push_str(" {\n");
                depth += 1;
                steps.push(Step::Close);
                steps.extend(children.into_iter().rev().map(Step::Open));
            }
        }
        out
    }

    fn slice(&self, span: Span) -> &str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }
}

/// Quotes so that neither trimming nor version 1.0's reading of escapes can change the value: single quotes
/// where possible, and `'a' + "'"` where the value holds single quotes.
fn push_quoted(out: &mut String, argument: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if !argument.is_empty() && argument.chars().all(plain) {
        out.push_str(argument);
        return;
    }
    let mut pieces = argument.split('\'');
    let _ = write!(out, "'{}'", pieces.next().unwrap_or(""));
    for piece in pieces {
        let _ = write!(out, " + \"'\" + '{piece}'");
    }
}
