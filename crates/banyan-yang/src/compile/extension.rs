//! Uses of extensions (RFC 7950 7.19): each names an extension that exists, with an argument if that has one.
//! What they mean is for whoever understands them: nodes and modules keep them, and
//! [`crate::parse::statement_at`] reads their substatements.

use super::context::Compilation;
use super::definitions::Definition;
use super::set::{Name, PrefixMeaning, StatementRef, UnitId, split_name};
use crate::diagnostic::Diagnostic;
use crate::grammar::known_statements;
use crate::schema::{ExtensionInstance, ModuleId};
use crate::source::Span;
use crate::statement::Keyword;

/// Reports uses of extensions that do not exist or lack their argument, wherever they stand, but for those inside of
/// others, whose meaning only the outer extension knows, unless it is one that holds YANG statements. Linear in the number of statements.
pub(super) fn check_all(compilation: &mut Compilation<'_>) {
    let set = compilation.set;
    for (index, unit) in set.units.iter().enumerate() {
        let tree = &unit.tree;
        let known = known_statements(tree);
        let mut inside = vec![false; tree.len()];
        for id in tree.ids() {
            let Some(parent) = tree.parent(id) else {
                continue;
            };
            let nested = inside[parent.index()] || tree.is_dropped(id);
            let is_extension = tree.keyword(id) == Keyword::Extension;
            inside[id.index()] = nested || (is_extension && !known.contains_key(&id));
            if is_extension && !nested {
                let unit = UnitId(index as u32);
                compilation.check_extension(StatementRef { unit, id });
            }
        }
    }
}

impl Compilation<'_> {
    /// The uses of extensions directly under a statement.
    pub fn extensions(&mut self, at: StatementRef) -> Vec<ExtensionInstance> {
        let set = self.set;
        set.children_of(at, Keyword::Extension)
            .filter_map(|child| self.extension(child))
            .collect()
    }

    /// One use of an extension, if a module of that name defines it.
    pub fn extension_of(&mut self, at: StatementRef, module: &str) -> Option<ExtensionInstance> {
        self.extension(at)
            .filter(|extension| &*extension.module == module)
    }

    /// One use of an extension; `None` if it has an error, which [`check_all`] reports.
    pub fn extension(&mut self, at: StatementRef) -> Option<ExtensionInstance> {
        let set = self.set;
        let (module, name, _) = self.extension_definition(at).ok()?;
        let argument = set
            .tree(at)
            .argument(at.id)
            .map(|_| self.shared_argument(at));
        Some(ExtensionInstance {
            module: set.module(module).name.clone(),
            name: self.names.text(name).clone(),
            argument,
            span: set.span(at),
        })
    }

    fn keyword_span(&self, at: StatementRef) -> Span {
        self.set.tree(at).keyword_span(at.id)
    }

    /// The extension that a statement uses.
    fn extension_definition(
        &self,
        at: StatementRef,
    ) -> Result<(ModuleId, Name, Definition), Option<Box<Diagnostic>>> {
        let set = self.set;
        let keyword = set.tree(at).keyword_text(at.id);
        let (prefix, name) = split_name(keyword);
        let module = match set.prefix(at.unit, prefix) {
            PrefixMeaning::Module(module) => module,
            PrefixMeaning::LeftOut => return Err(None),
            PrefixMeaning::Unknown => {
                let prefix = prefix.unwrap_or("");
                let message = format!("the prefix `{prefix}` is not defined in this text");
                let known = set.unit(at.unit).prefixes.keys();
                let help = match self.nearest(prefix, known.map(|known| &**known)) {
                    Some(near) => format!("did you mean `{near}:{name}`?"),
                    None => "import the module that defines the extension and give it this prefix"
                        .to_owned(),
                };
                let error = Diagnostic::error("unknown-prefix", self.keyword_span(at), message);
                return Err(Some(Box::new(error.help(help).rfc("RFC 7950 7.19"))));
            }
        };
        let kind = Keyword::ExtensionDefinition;
        let definition = self.names.find(name).and_then(|name| {
            let definition = self.definitions.top(kind, module, name)?;
            Some((module, name, definition))
        });
        definition.ok_or_else(|| {
            let owner = &set.module(module).name;
            let message = format!("module {owner} defines no extension `{name}`");
            let error = Diagnostic::error("unknown-extension", self.keyword_span(at), message)
                .rfc("RFC 7950 7.19");
            let names = self.definitions.names_of(kind, module);
            let names = names.map(|name| &**self.names.text(name));
            let help = match self.nearest(name, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    format!("load a revision of {owner} that defines it, or remove the statement")
                }
            };
            Some(Box::new(error.help(help)))
        })
    }

    fn check_extension(&mut self, at: StatementRef) {
        let set = self.set;
        let definition = match self.extension_definition(at) {
            Ok((_, _, definition)) => definition,
            Err(Some(error)) => return self.report(*error),
            Err(None) => return,
        };
        let tree = set.tree(at);
        let wants = set.child(definition.at, Keyword::Argument).is_some();
        if definition.dropped || wants == tree.argument(at.id).is_some() {
            return;
        }
        let (problem, help) = match set.child_argument(definition.at, Keyword::Argument) {
            Some(argument) if wants => (
                "needs an argument",
                format!("write the {argument} after `{}`", tree.keyword_text(at.id)),
            ),
            _ => ("takes no argument", "remove the argument".to_owned()),
        };
        let message = format!("`{}` {problem}", tree.keyword_text(at.id));
        self.report(
            Diagnostic::error("extension-argument", set.span(at), message)
                .related(set.span(definition.at), "defined here")
                .help(help)
                .rfc("RFC 7950 7.19"),
        );
    }
}
