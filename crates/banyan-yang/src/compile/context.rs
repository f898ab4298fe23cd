//! What all stages of a compilation share: the set, the tables of names, the draft nodes, and the findings.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::definitions::Definitions;
use super::draft::{Absent, DraftId, Drafts, Facts};
use super::hash::{IdMap, IdSet};
use super::set::{Interner, ModuleSet, Name, PrefixMeaning, StatementRef, UnitId, split_name};
use super::types::{ResolvedType, builtin_names};
use super::value::ItemNames;
use super::{Compiler, Mode};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::grammar::Version;
use crate::nearest::nearest;
use crate::parse::shorten;
use crate::pattern::{Pattern, Syntax};
use crate::schema::{
    Expression, Identity, IdentityId, ModuleId, OrderedBy, PrefixMap, Status, Type,
};
use crate::source::Span;
use crate::statement::Keyword;
use crate::xpath::{self, Expr, NodeTest, Step};

/// The facts before a change, by address, and the statement that changes them for a module.
type ChangeKey = (usize, StatementRef, ModuleId);

/// What decides about facts without details.
type PlainFacts = (usize, Option<Status>, bool, OrderedBy);

/// An expression as written, and parsed.
type ParsedXPath = (Arc<str>, Arc<Expr>);

/// How many names may be compared for "did you mean ...?" in all: when every name of a large text is wrong, the first
/// suggestions must do.
const COMPARED: usize = 500_000;
/// What a search for a suggestion counts for, beside the names that it compares.
const SEARCH: usize = 250;

/// The state of a compilation.
pub(super) struct Compilation<'a> {
    pub set: &'a ModuleSet,
    pub compiler: &'a Compiler<'a>,
    pub found: &'a mut Diagnostics,
    /// Names that may yet be compared for suggestions.
    comparisons_left: Cell<usize>,
    pub names: Interner,
    pub definitions: Definitions,
    /// By module id; grows while compiling, see `augment`.
    pub implemented: Vec<bool>,
    /// Whether each feature is on.
    pub features: IdMap<(ModuleId, Name), bool>,
    pub identities: Vec<Identity>,
    pub identity_ids: IdMap<(ModuleId, Name), IdentityId>,
    /// `type` and `typedef` statements: done, failed (and reported), or in progress.
    pub types: IdMap<StatementRef, Option<ResolvedType>>,
    /// Built-in types without restrictions that were met.
    pub unrestricted_types: Vec<Arc<Type>>,
    /// `typedef`s being resolved, outermost first.
    pub types_in_progress: Vec<StatementRef>,
    /// `type` statements being resolved, nested ones counted.
    pub type_nesting: u32,
    /// `grouping`s being expanded, outermost first.
    pub groupings_in_progress: Vec<StatementRef>,
    /// Groupings that have been expanded at least once.
    pub groupings_used: IdSet<StatementRef>,
    pub drafts: Drafts,
    /// The roots of trees outside of the data tree, in the order of their modules.
    pub structures: Vec<DraftId>,
    /// The leafs that stand for annotations.
    pub annotations: Vec<DraftId>,
    /// What definitions in groupings say about their nodes, by statement and module.
    pub facts: IdMap<(StatementRef, ModuleId), (Arc<Facts>, Option<Absent>)>,
    /// Facts that say no more than this: the address of the type, status, presence, order.
    pub plain_facts: IdMap<PlainFacts, Arc<Facts>>,
    /// See [`Compilation::change_alike`].
    pub changed_facts: IdMap<ChangeKey, (Arc<Facts>, Arc<Facts>)>,
    /// For nodes about which no statement says anything.
    pub no_facts: Arc<Facts>,
    /// By target module: the modules whose deviations touch it.
    pub deviated_by: BTreeMap<ModuleId, BTreeSet<ModuleId>>,
    expressions: IdMap<StatementRef, Option<ParsedXPath>>,
    prefix_maps: IdMap<(UnitId, ModuleId), Arc<PrefixMap>>,
    /// Shared texts of arguments: descriptions of errors, units, defaults.
    texts: HashSet<Arc<str>>,
    /// By text: equal patterns are checked and compiled once.
    pub patterns: HashMap<(Arc<str>, Syntax), Arc<Pattern>>,
    /// What default values are looked up in.
    pub item_names: ItemNames,
    /// What `pattern`s mean in each text.
    pub pattern_syntaxes: IdMap<UnitId, Syntax>,
    /// `typedef`s with a default of their own or of their base, for the check that it fits.
    pub typedefs_with_default: Vec<(StatementRef, ResolvedType)>,
    /// Identities that are defaults of nodes.
    pub default_identities: IdSet<IdentityId>,
}

impl<'a> Compilation<'a> {
    pub fn new(set: &'a ModuleSet, compiler: &'a Compiler<'a>, found: &'a mut Diagnostics) -> Self {
        let mut names = Interner::default();
        let definitions = Definitions::collect(set, &mut names, found);
        Compilation {
            implemented: set.modules.iter().map(|module| module.requested).collect(),
            set,
            compiler,
            found,
            comparisons_left: Cell::new(COMPARED),
            names,
            definitions,
            features: IdMap::default(),
            identities: Vec::new(),
            identity_ids: IdMap::default(),
            types: IdMap::default(),
            unrestricted_types: Vec::new(),
            types_in_progress: Vec::new(),
            type_nesting: 0,
            groupings_in_progress: Vec::new(),
            groupings_used: IdSet::default(),
            drafts: Drafts::new(),
            structures: Vec::new(),
            annotations: Vec::new(),
            facts: IdMap::default(),
            plain_facts: IdMap::default(),
            changed_facts: IdMap::default(),
            no_facts: Arc::default(),
            deviated_by: BTreeMap::new(),
            expressions: IdMap::default(),
            prefix_maps: IdMap::default(),
            texts: HashSet::new(),
            patterns: HashMap::new(),
            item_names: ItemNames::default(),
            pattern_syntaxes: IdMap::default(),
            typedefs_with_default: Vec::new(),
            default_identities: IdSet::default(),
        }
    }

    /// Gives back what only expansion and the resolution of names and types need.
    pub fn end_expansion(&mut self) {
        self.definitions = Definitions::default();
        self.types = IdMap::default();
        self.facts = IdMap::default();
        self.changed_facts = IdMap::default();
        self.plain_facts = IdMap::default();
        self.patterns = HashMap::new();
        self.texts = HashSet::new();
    }

    /// Gives back what only references between nodes need, too.
    pub fn end_resolution(&mut self) {
        self.expressions = IdMap::default();
    }

    pub fn is_strict(&self) -> bool {
        self.compiler.mode == Mode::Strict
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// Says what an error elsewhere has taken along.
    pub fn report_left_out(&mut self, at: StatementRef, because: &str) {
        let message = format!("`{}` is left out, because {because}", self.set.describe(at));
        self.report(
            Diagnostic::warning("left-out", self.set.span(at), message)
                .help("mend those errors, which are reported at their places, and it is back"),
        );
    }

    /// The argument of a statement, shared between all that are equal.
    pub fn shared_argument(&mut self, at: StatementRef) -> Arc<str> {
        let argument = self.set.argument(at);
        if let Some(text) = self.texts.get(argument) {
            return text.clone();
        }
        let text: Arc<str> = Arc::from(argument);
        self.texts.insert(text.clone());
        text
    }

    /// The shared argument of a substatement.
    pub fn shared_child_argument(
        &mut self,
        at: StatementRef,
        keyword: Keyword,
    ) -> Option<Arc<str>> {
        let child = self.set.child(at, keyword)?;
        Some(self.shared_argument(child))
    }

    /// The statement that defines a node, for messages.
    pub fn draft_span(&self, id: DraftId) -> Span {
        match id {
            DraftId::ROOT => Span::default(),
            id => self.set.span(self.drafts.get(id).at),
        }
    }

    /// Where the argument of `description` stands.
    pub fn description(&self, at: StatementRef) -> Option<Span> {
        let child = self.set.child(at, Keyword::Description)?;
        Some(self.set.argument_span(child))
    }

    /// RFC 7950 7.21.2.
    pub fn status(&self, at: StatementRef) -> Option<Status> {
        let argument = self.set.child_argument(at, Keyword::Status)?;
        Some(super::status::parse(argument))
    }

    /// The prefixes of a text, with the module that unprefixed names belong to.
    pub fn prefix_map(&mut self, unit: UnitId, default: ModuleId) -> Arc<PrefixMap> {
        let set = self.set;
        self.prefix_maps
            .entry((unit, default))
            .or_insert_with(|| {
                let prefixes = set.unit(unit).prefixes.iter();
                Arc::new(PrefixMap {
                    default: Some(default),
                    prefixes: prefixes
                        .filter_map(|(prefix, module)| Some((prefix.clone(), (*module)?)))
                        .collect(),
                })
            })
            .clone()
    }

    /// The XPath expression in the argument of a statement; parsed once, however often the statement is used.
    pub fn expression(&mut self, at: StatementRef, default: ModuleId) -> Option<Expression> {
        if !self.expressions.contains_key(&at) {
            let text = self.shared_argument(at);
            let parsed = match xpath::parse(&text) {
                Ok(expr) if self.names_are_known(at, &expr) => Some((text, Arc::new(expr))),
                Ok(_) => None,
                Err(error) => {
                    let span = self.set.place_in_argument(at, error.offset);
                    self.report(
                        Diagnostic::error(
                            "invalid-xpath",
                            span,
                            format!("invalid XPath: {}", error.problem),
                        )
                        .help("write an expression of XPath 1.0, such as `. > 0 and ../p:enabled = 'true'`")
                        .rfc("RFC 7950 6.4"),
                    );
                    None
                }
            };
            self.expressions.insert(at, parsed);
        }
        let (text, expr) = self.expressions.get(&at)?.clone()?;
        Some(Expression {
            text,
            expr,
            prefixes: self.prefix_map(at.unit, default),
            span: self.set.argument_span(at),
        })
    }

    /// Reports prefixes that the text does not define, and variables, of which YANG has none (RFC 7950 6.4.1).
    fn names_are_known(&mut self, at: StatementRef, expr: &Expr) -> bool {
        let mut used = UsedNames::default();
        used.collect(expr);
        let mut known = used.variables.is_empty();
        for variable in used.variables {
            let message = format!("there is no variable `${variable}`: YANG defines none");
            self.report(
                Diagnostic::error("invalid-xpath", self.set.argument_span(at), message)
                    .help("write a path or a value; a string must be in quotes")
                    .rfc("RFC 7950 6.4.1"),
            );
        }
        for prefix in used.prefixes {
            if self.set.prefix(at.unit, Some(prefix)) == PrefixMeaning::Unknown {
                known = false;
                self.module_of_prefix(at, Some(prefix));
            }
        }
        known
    }

    /// What the prefix of a reference means; an unknown one is reported. `None`: nothing can be said.
    pub fn module_of_prefix(&mut self, at: StatementRef, prefix: Option<&str>) -> Option<ModuleId> {
        match self.set.prefix(at.unit, prefix) {
            PrefixMeaning::Module(module) => Some(module),
            PrefixMeaning::LeftOut => None,
            PrefixMeaning::Unknown => {
                let prefix = prefix.unwrap_or("");
                let mut error = Diagnostic::error(
                    "unknown-prefix",
                    self.set.argument_span(at),
                    format!("the prefix `{prefix}` is not defined in this text"),
                )
                .rfc("RFC 7950 7.1.4");
                let known = self
                    .set
                    .unit(at.unit)
                    .prefixes
                    .keys()
                    .map(|prefix| &**prefix);
                error = match self.nearest(prefix, known) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error.help("import the module and give it this prefix"),
                };
                self.report(error);
                None
            }
        }
    }

    /// What was meant by a name that is not there; at most [`COMPARED`] names are looked at in a whole compilation.
    pub fn nearest<'n>(
        &self,
        name: &str,
        candidates: impl IntoIterator<Item = &'n str>,
    ) -> Option<&'n str> {
        let mut left = self.comparisons_left.get().checked_sub(SEARCH)?;
        let candidates = candidates.into_iter().take(left).inspect(|_| left -= 1);
        let near = nearest(name, candidates);
        self.comparisons_left.set(left);
        near
    }

    /// Whether one more name may be looked at for a suggestion, as in [`Compilation::nearest`].
    pub fn may_compare(&self) -> bool {
        let left = self.comparisons_left.get();
        self.comparisons_left.set(left.saturating_sub(1));
        left > 0
    }

    /// A definition that a statement refers to by `prefix:name` in its argument. Unknown names are reported;
    /// what was left out takes the statement along, which is reported as a warning.
    pub fn definition(
        &mut self,
        kind: Keyword,
        at: StatementRef,
        reference: &str,
    ) -> Option<StatementRef> {
        let (prefix, name) = split_name(reference);
        let module = self.module_of_prefix(at, prefix)?;
        let own = module == self.set.owner(at.unit);
        let found = self.names.find(name).and_then(|name| {
            self.definitions
                .lookup(self.set, kind, at, module, own, name)
        });
        match found {
            Some(definition) if !definition.dropped => {
                if own && definition.at.unit != at.unit && self.set.version(at) == Version::V1 {
                    self.check_included(at, definition.at);
                }
                Some(definition.at)
            }
            Some(definition) => {
                let what = self.set.describe(definition.at);
                self.report_left_out(at, &format!("`{what}` has errors"));
                None
            }
            None => {
                let what = kind.text();
                let error = Diagnostic::error(
                    "unknown-name",
                    self.set.argument_span(at),
                    format!(
                        "there is no {what} `{}` in module {}",
                        shorten(name),
                        self.set.module(module).name
                    ),
                )
                .rfc(match kind {
                    Keyword::Typedef => "RFC 7950 7.4",
                    Keyword::Grouping => "RFC 7950 7.13",
                    Keyword::Feature => "RFC 7950 7.20.2",
                    _ => "RFC 7950 7.18.2",
                });
                let names = self.definitions.names_of(kind, module);
                let names = names.map(|name| &**self.names.text(name));
                let mut near = self.nearest(name, names).map(str::to_owned);
                if kind == Keyword::Typedef && prefix.is_none() && near.is_none() {
                    near = self.nearest(name, builtin_names()).map(str::to_owned);
                }
                let help = match self.defined_elsewhere(kind, at, name) {
                    Some(elsewhere) => elsewhere,
                    None => match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!(
                            "define it, or import the module that does and name it `prefix:{}`",
                            shorten(name)
                        ),
                    },
                };
                self.report(error.help(help));
                None
            }
        }
    }

    /// The name with the prefix under which the text would find it. O(prefixes).
    fn defined_elsewhere(&self, kind: Keyword, at: StatementRef, name: &str) -> Option<String> {
        let wanted = self.names.find(name)?;
        let mut prefixes = self.set.unit(at.unit).prefixes.iter();
        prefixes.find_map(|(prefix, module)| {
            let module = (*module)?;
            self.definitions.top(kind, module, wanted)?;
            let owner = &self.set.module(module).name;
            Some(format!("module {owner} has one: `{prefix}:{name}`"))
        })
    }
}

impl Compilation<'_> {
    /// RFC 6020 5.1, 7.1.6: a text of version 1 sees its own definitions and those of the submodules that it includes.
    /// That a submodule sees its module's is so common that it is only a warning.
    fn check_included(&mut self, at: StatementRef, definition: StatementRef) {
        let set = self.set;
        let root = |unit: UnitId| StatementRef {
            unit,
            id: set.unit(unit).root,
        };
        let home = set.argument(root(definition.unit));
        let mut includes = set.children_of(root(at.unit), Keyword::Include);
        if includes.any(|include| set.argument(include) == home) {
            return;
        }
        let what = set.describe(definition);
        let where_ = set.describe(root(definition.unit));
        let here = set.describe(root(at.unit));
        let message = format!("`{what}` is defined in {where_}, which {here} does not include");
        let span = set.argument_span(at);
        let (error, help) = if set.keyword(root(definition.unit)) == Keyword::Module {
            (
                Diagnostic::warning("not-included", span, message),
                "YANG 1.1 lets a submodule use what its module defines: add `yang-version 1.1;` to both".to_owned(),
            )
        } else {
            (
                Diagnostic::error("not-included", span, message),
                format!(
                    "add `include {home};`, or `yang-version 1.1;` to the module and its submodules"
                ),
            )
        };
        self.report(
            error
                .related(set.span(definition), "defined here")
                .help(help)
                .rfc("RFC 6020 5.1"),
        );
    }
}

/// The prefixes of the names in an expression, and its variables.
#[derive(Default)]
struct UsedNames<'e> {
    prefixes: BTreeSet<&'e str>,
    variables: BTreeSet<&'e str>,
}

impl<'e> UsedNames<'e> {
    /// The height of an expression is limited by the XPath parser.
    fn collect(&mut self, expr: &'e Expr) {
        match expr {
            Expr::Path(path) => self.steps(&path.steps),
            Expr::Filter {
                primary,
                predicates,
                path,
            } => {
                self.steps(path);
                self.collect(primary);
                self.all(predicates);
            }
            Expr::Or(operands) | Expr::And(operands) | Expr::Union(operands) => self.all(operands),
            Expr::Compare(_, left, right) | Expr::Arith(_, left, right) => {
                self.collect(left);
                self.collect(right);
            }
            Expr::Negate(operand) => self.collect(operand),
            Expr::Call { args, .. } => self.all(args),
            Expr::Variable(name) => {
                self.variables.insert(name);
            }
            Expr::Number(_) | Expr::Literal(_) => {}
        }
    }

    fn all(&mut self, exprs: &'e [Expr]) {
        for expr in exprs {
            self.collect(expr);
        }
    }

    fn steps(&mut self, steps: &'e [Step]) {
        for step in steps {
            match &step.test {
                NodeTest::Name {
                    prefix: Some(prefix),
                    ..
                }
                | NodeTest::AnyInPrefix(prefix) => {
                    self.prefixes.insert(prefix);
                }
                _ => {}
            }
            self.all(&step.predicates);
        }
    }
}
