//! Statements: the tree that a YANG text is, before anything is known about its meaning (RFC 7950 6.3).
//!
//! Lives here: the keywords, the arena of statements, and a printer. Arguments are spans into the text unless
//! the rules for strings change them; those of descriptions and the like are changed when they are asked for. Must not
//! know which statement may stand where: that is `grammar`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use crate::lex::value_at;
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

            /// Whether the argument is prose, of which modules mostly consist and which hardly anybody asks for.
            pub(crate) fn is_prose(self) -> bool {
                use Keyword::{Contact, Description, Organization, Reference};
                matches!(self, Contact | Description | Organization | Reference)
            }

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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
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
    /// As `Composed`, of prose: made when it is asked for.
    Prose,
}

/// How an argument is written, which tells where its value is.
#[derive(Clone, Copy, Debug)]
enum Form {
    /// There is none.
    Absent,
    /// The value is what stands there.
    Bare,
    /// The value is what stands between the quotes.
    Quoted,
    /// The value begins after a quote that is not closed.
    Unclosed,
    /// The value is in [`SyntaxTree::composed`].
    Composed,
    /// The value is in [`SyntaxTree::prose`] once somebody asks.
    Prose,
}

/// No statement.
const NONE: u32 = u32::MAX;
/// Where a number is too large for a [`Statement`].
const LONG: u8 = u8::MAX;
/// Where a statement is too far away for a [`Statement`].
const FAR: u16 = u16::MAX;

/// What few statements have, by the statement, in ascending order.
type Rare<T> = Vec<(StatementId, T)>;

fn rare<T>(of: &Rare<T>, id: StatementId) -> Option<&T> {
    let found = of.binary_search_by_key(&id, |(id, _)| *id).ok()?;
    of.get(found).map(|(_, value)| value)
}

/// One statement: sixteen bytes, because vendors' sets have millions. Other statements are given by their distance.
#[derive(Clone, Debug)]
struct Statement {
    keyword: Keyword,
    form: Form,
    /// The length of the keyword as written; [`LONG`] if [`SyntaxTree::long`] says where it ends.
    keyword_length: u8,
    /// Bytes between the keyword and the argument, unless [`SyntaxTree::long`] says where that begins.
    gap: u8,
    keyword_start: u32,
    argument_length: u32,
    /// Back to the parent; 0 if there is none, [`FAR`] if [`SyntaxTree::far_parents`] says.
    parent: u16,
    /// On to the next sibling; 0 if there is none, [`FAR`] if [`SyntaxTree::far_siblings`] says.
    next_sibling: u16,
}

/// Statements of many trees in one piece of memory, so that the system has it back when the trees are gone: small
/// pieces would stay with the process, between what lives longer.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    statements: Vec<Statement>,
}

impl Pool {
    /// Takes the statements of a tree, which has none until [`SyntaxTree::read_from`] lets it see them again.
    pub fn take(&mut self, tree: &mut SyntaxTree) {
        let Statements {
            own, from, count, ..
        } = &mut tree.statements;
        (*from, *count) = (self.statements.len(), own.len());
        self.statements.append(own);
        *own = Vec::new();
    }
}

/// The statements of one tree: its own, or a part of those of a pool.
#[derive(Clone, Debug, Default)]
struct Statements {
    own: Vec<Statement>,
    pool: Option<Arc<Pool>>,
    from: usize,
    count: usize,
}

impl Statements {
    fn len(&self) -> usize {
        match self.pool {
            None => self.own.len(),
            Some(_) => self.count,
        }
    }

    fn at(&self, index: usize) -> &Statement {
        match &self.pool {
            None => &self.own[index],
            Some(pool) => &pool.statements[self.from + index],
        }
    }
}

/// The statements of one text.
#[derive(Clone, Debug)]
pub struct SyntaxTree {
    source: SourceId,
    text: Arc<str>,
    statements: Statements,
    /// The values of arguments that are not in the text as such.
    composed: Rare<Box<str>>,
    /// The same of prose: all of it, from the first time that some is asked for.
    prose: OnceLock<Rare<Box<str>>>,
    /// Where the keyword ends and the argument begins, if one of them is too far from the start of the statement.
    long: Rare<(u32, u32)>,
    far_parents: Rare<u32>,
    far_siblings: BTreeMap<StatementId, u32>,
    /// Left out after an error: they no longer count as children.
    dropped: BTreeSet<StatementId>,
    /// While statements are added: the last child of each.
    last_children: Vec<u32>,
}

impl SyntaxTree {
    /// An empty tree over a text.
    pub fn new(source: SourceId, text: Arc<str>) -> Self {
        SyntaxTree {
            source,
            text,
            statements: Statements::default(),
            composed: Vec::new(),
            prose: OnceLock::new(),
            long: Vec::new(),
            far_parents: Vec::new(),
            far_siblings: BTreeMap::new(),
            dropped: BTreeSet::new(),
            last_children: Vec::new(),
        }
    }

    /// The source that the spans name.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// Gives the text its place in a map of sources.
    pub(crate) fn set_source(&mut self, source: SourceId) {
        self.source = source;
    }

    /// Reads the statements from the pool that has taken them.
    pub(crate) fn read_from(&mut self, pool: Arc<Pool>) {
        self.statements.pool = Some(pool);
    }

    /// The text that the statements come from.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The first top-level statement: the module or submodule of a well-formed text.
    pub fn root(&self) -> Option<StatementId> {
        (!self.is_empty()).then_some(StatementId(0))
    }

    /// Number of statements.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there is no statement at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All ids; parents before children, in the order of the text.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = StatementId> + use<> {
        (0..self.len() as u32).map(StatementId)
    }

    /// The statement. An id of another tree is a programming error, never reachable from input.
    fn statement(&self, id: StatementId) -> &Statement {
        self.statements.at(id.index())
    }

    /// A place in the text.
    fn place(&self, start: u32, end: u32) -> Span {
        Span {
            source: self.source,
            start,
            end,
        }
    }

    /// Where its keyword ends and its argument begins, if it has one.
    fn inner_places(&self, id: StatementId) -> (u32, u32) {
        let statement = self.statement(id);
        if statement.keyword_length == LONG
            && let Some(places) = rare(&self.long, id)
        {
            return *places;
        }
        let end = statement.keyword_start + u32::from(statement.keyword_length);
        (end, end + u32::from(statement.gap))
    }

    /// Where its keyword stands (with the prefix of an extension).
    pub fn keyword_span(&self, id: StatementId) -> Span {
        let (end, _) = self.inner_places(id);
        self.place(self.statement(id).keyword_start, end)
    }

    /// Its keyword.
    pub fn keyword(&self, id: StatementId) -> Keyword {
        self.statement(id).keyword
    }

    /// Its keyword as written.
    pub fn keyword_text(&self, id: StatementId) -> &str {
        self.slice(self.keyword_span(id))
    }

    /// The value of its argument.
    pub fn argument(&self, id: StatementId) -> Option<&str> {
        let statement = self.statement(id);
        let (_, start) = self.inner_places(id);
        let end = start + statement.argument_length;
        let place = match statement.form {
            Form::Absent => return None,
            Form::Composed => return rare(&self.composed, id).map(|value| &**value),
            Form::Prose => {
                let prose = self.prose.get_or_init(|| self.compose_prose());
                return rare(prose, id).map(|value| &**value);
            }
            Form::Bare => (start, end),
            Form::Quoted => (start + 1, end - 1),
            Form::Unclosed => (start + 1, end),
        };
        Some(self.slice(self.place(place.0, place.1)))
    }

    fn compose_prose(&self) -> Rare<Box<str>> {
        let prose = |id: &StatementId| matches!(self.statement(*id).form, Form::Prose);
        let values = self.ids().filter(prose).map(|id| {
            let argument = self.argument_span(id);
            (id, value_at(&self.text, argument).into_boxed_str())
        });
        values.collect()
    }

    /// Whether it has an argument.
    pub fn has_argument(&self, id: StatementId) -> bool {
        !matches!(self.statement(id).form, Form::Absent)
    }

    /// The value of its argument; empty when it has none (which `grammar` has then reported).
    pub fn name(&self, id: StatementId) -> &str {
        self.argument(id).unwrap_or("")
    }

    /// Where its argument stands, else its keyword.
    pub fn argument_span(&self, id: StatementId) -> Span {
        let statement = self.statement(id);
        match statement.form {
            Form::Absent => self.keyword_span(id),
            _ => {
                let (_, start) = self.inner_places(id);
                self.place(start, start + statement.argument_length)
            }
        }
    }

    /// Keyword and argument: the head that stands for the statement in a message.
    pub fn span(&self, id: StatementId) -> Span {
        self.keyword_span(id).to(self.argument_span(id))
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
        match self.statement(id).parent {
            0 => None,
            FAR => rare(&self.far_parents, id).copied().map(StatementId),
            distance => Some(StatementId(id.0 - u32::from(distance))),
        }
    }

    fn next_sibling(&self, id: StatementId) -> Option<StatementId> {
        match self.statement(id).next_sibling {
            0 => None,
            FAR => self.far_siblings.get(&id).copied().map(StatementId),
            distance => Some(StatementId(id.0 + u32::from(distance))),
        }
    }

    /// Its substatements, in the order of the text, without those that were dropped.
    pub fn children(&self, id: StatementId) -> impl Iterator<Item = StatementId> + '_ {
        self.all_children(id)
            .filter(|child| !self.is_dropped(*child))
    }

    /// Its substatements, with those that were dropped.
    pub fn all_children(&self, id: StatementId) -> impl Iterator<Item = StatementId> + '_ {
        // A first child comes right after its parent.
        let first = StatementId(id.0 + 1);
        let exists = first.index() < self.len();
        let first = (exists && self.parent(first) == Some(id)).then_some(first);
        std::iter::successors(first, |child| self.next_sibling(*child))
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
        self.dropped.insert(id);
    }

    /// Whether the statement was left out.
    pub fn is_dropped(&self, id: StatementId) -> bool {
        self.dropped.contains(&id)
    }

    /// Adds a statement as the last child of `parent`.
    pub(crate) fn add(
        &mut self,
        parent: Option<StatementId>,
        keyword: Keyword,
        keyword_span: Span,
        argument: Option<Argument>,
    ) -> StatementId {
        let id = StatementId(self.statements.own.len() as u32);
        let (start, end) = argument
            .as_ref()
            .map_or((0, 0), |argument| (argument.span.start, argument.span.end));
        let form = match argument.map(|argument| argument.value) {
            None => Form::Absent,
            Some(ArgumentValue::Composed(value)) => {
                self.composed.push((id, value));
                Form::Composed
            }
            Some(ArgumentValue::Prose) => Form::Prose,
            Some(ArgumentValue::Verbatim(value)) => {
                match (value.start == start, value.end == end) {
                    (true, _) => Form::Bare,
                    (false, true) => Form::Unclosed,
                    (false, false) => Form::Quoted,
                }
            }
        };
        let length = u8::try_from(keyword_span.end - keyword_span.start);
        let gap = u8::try_from(start.saturating_sub(keyword_span.end));
        let (keyword_length, gap) = match (length, gap) {
            (Ok(length), Ok(gap)) if length < LONG => (length, gap),
            _ => {
                self.long.push((id, (keyword_span.end, start)));
                (LONG, 0)
            }
        };
        let distance = parent.map_or(0, |parent| id.0 - parent.0);
        let distance = u16::try_from(distance).unwrap_or(FAR);
        if distance == FAR
            && let Some(parent) = parent
        {
            self.far_parents.push((id, parent.0));
        }
        self.statements.own.push(Statement {
            keyword,
            form,
            keyword_length,
            gap,
            keyword_start: keyword_span.start,
            argument_length: end - start,
            parent: distance,
            next_sibling: 0,
        });
        self.last_children.push(NONE);
        if let Some(parent) = parent {
            let last = std::mem::replace(&mut self.last_children[parent.index()], id.0);
            if let Some(sibling) = self.statements.own.get_mut(last as usize) {
                let distance = u16::try_from(id.0 - last).unwrap_or(FAR);
                sibling.next_sibling = distance;
                if distance == FAR {
                    self.far_siblings.insert(StatementId(last), id.0);
                }
            }
        }
        id
    }

    /// Says that no statement will be added any more.
    pub(crate) fn complete(&mut self) {
        self.last_children = Vec::new();
        self.composed.shrink_to_fit();
        self.statements.own.shrink_to_fit();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_small() {
        assert_eq!(size_of::<Statement>(), 16);
    }
}
