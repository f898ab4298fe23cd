//! Typedefs and groupings, whether or not something uses them: a module that uses each one is compiled with either
//! revision, and its nodes are compared like any others.
//!
//! What cannot be compiled outside of its place (a relative leafref, say) is left out, and is compared where it is
//! used.

use std::fmt::Write;
use std::sync::Arc;

use super::compare::{Comparer, Pairs, Place};
use super::walk::{Inherited, Naming};
use super::{Aspect, Subject};
use crate::compile::{Compiler, MemorySource, Mode, ModuleText};
use crate::schema::{ModuleId, NodeKind, Schema, SchemaId};
use crate::statement::Keyword;

/// The module that uses everything. Nothing published has such a name.
const NAME: &str = "banyan-update-probe";

/// A definition that both revisions have.
struct Probed {
    /// The container in the probe.
    container: String,
    /// The node in it: a leaf for a typedef, a container for a grouping.
    node: String,
    /// `module:name`
    name: String,
    keyword: Keyword,
    old: ModuleId,
    new: ModuleId,
    local: String,
}

impl Comparer<'_> {
    /// Compares the typedefs and groupings of the modules that differ.
    pub fn probe(&mut self, compared: &[(ModuleId, ModuleId)]) {
        let probed = self.probed(compared);
        if probed.is_empty() {
            return;
        }
        let old = compile(self.old.schema, &probed, |one| one.old);
        let new = compile(self.new.schema, &probed, |one| one.new);
        let (Some(old), Some(new)) = (old, new) else {
            return;
        };
        let mut inner = Comparer::new(&old, &new, Pairs::by_name(&old, &new));
        let module = |schema: &Schema| schema.module_by_name(NAME);
        let (Some(old_module), Some(new_module)) = (module(&old), module(&new)) else {
            return;
        };
        inner.old_reported = [old_module].into();
        inner.new_reported = [new_module].into();
        for one in &probed {
            let find = |schema: &Schema, module| {
                let top = schema.data_child(SchemaId::ROOT, module, &one.container)?;
                schema.data_child(top, module, &one.node)
            };
            if let (Some(old_node), Some(new_node)) =
                (find(&old, old_module), find(&new, new_module))
            {
                inner.probed_pair(one, self.definition_place(one), old_node, new_node);
            }
        }
        inner.mark_uses();
        let changes = inner.changes;
        self.take_over(changes, &old, &new);
    }

    /// Spans of the probes' schemas become those of the schemas that are compared; ids of nodes mean nothing here.
    fn take_over(&mut self, changes: Vec<super::Change>, old: &Schema, new: &Schema) {
        let moved = |from: &Schema, to: &Schema, span: Option<crate::source::Span>| {
            let span = span?;
            let source = to.sources().find(from.sources().text(span.source))?;
            Some(crate::source::Span { source, ..span })
        };
        for change in changes {
            self.changes.push(super::Change {
                old_place: change.old_node.map_or(change.old_place, |_| {
                    moved(old, self.old.schema, change.old_place)
                }),
                new_place: change.new_node.map_or(change.new_place, |_| {
                    moved(new, self.new.schema, change.new_place)
                }),
                old_node: None,
                new_node: None,
                ..change
            });
        }
    }

    /// The typedefs and groupings that both revisions of each module have.
    fn probed(&self, compared: &[(ModuleId, ModuleId)]) -> Vec<Probed> {
        let mut probed = Vec::new();
        for (index, (old, new)) in compared.iter().enumerate() {
            if self.same_texts(*old, *new) {
                continue;
            }
            for keyword in [Keyword::Typedef, Keyword::Grouping] {
                let others = self.new.texts.definitions(*new, keyword);
                for definition in self.old.texts.definitions(*old, keyword) {
                    let local = definition.name();
                    if !others.iter().any(|other| other.name() == local) {
                        continue;
                    }
                    let module = &self.new.schema.module(*new).name;
                    probed.push(Probed {
                        container: format!("{}-{index}", keyword.text()),
                        node: local.to_owned(),
                        name: format!("{module}:{local}"),
                        keyword,
                        old: *old,
                        new: *new,
                        local: local.to_owned(),
                    });
                }
            }
        }
        probed
    }

    fn definition_place(&self, one: &Probed) -> Place {
        let span = |side: &super::compare::Side<'_>, module| {
            let definitions = side.texts.definitions(module, one.keyword);
            let found = definitions.iter().find(|other| other.name() == one.local);
            found.map(super::text::Statement::span)
        };
        let subject = match one.keyword {
            Keyword::Typedef => Subject::Typedef,
            _ => Subject::Grouping,
        };
        Place {
            subject,
            path: one.name.clone(),
            kind: None,
            old: span(&self.old, one.old),
            new: span(&self.new, one.new),
            old_node: None,
            new_node: None,
            yang_1_1: self.new.schema.module(one.new).yang_1_1,
        }
    }

    fn probed_pair(&mut self, one: &Probed, place: Place, old: SchemaId, new: SchemaId) {
        let before = self.changes.len();
        if self.old.schema.node(old).kind == NodeKind::Leaf {
            // Binding a leafref asks for the node that bears it.
            let bound = Place {
                old_node: Some(old),
                new_node: Some(new),
                ..place
            };
            self.node(&bound, old, new, Inherited::default());
            // Texts of the probe's leaf are not the typedef's.
            let own = self
                .changes
                .drain(before..)
                .filter(|change| !matches!(change.aspect, Aspect::Description | Aspect::Reference));
            let own: Vec<_> = own
                .map(|change| super::Change {
                    old_node: None,
                    new_node: None,
                    ..change
                })
                .collect();
            self.changes.extend(own);
            return;
        }
        let naming = Naming::Grouping {
            name: &one.name,
            depth: 2,
        };
        // The container is the probe's; the nodes beneath are the grouping's.
        self.walk(old, new, &naming);
        let is_1_1 = place.yang_1_1;
        for change in &mut self.changes[before..] {
            change.section = change.rule.section(is_1_1);
        }
    }
}

/// Compiles the module that uses all definitions, with the texts of a schema.
fn compile(
    schema: &Schema,
    probed: &[Probed],
    module_of: impl Fn(&Probed) -> ModuleId,
) -> Option<Arc<Schema>> {
    let mut source = MemorySource::new();
    for (_, module) in schema.modules() {
        let texts = std::iter::once((&module.name, &module.revision, &module.text)).chain(
            module
                .submodules
                .iter()
                .map(|sub| (&sub.name, &sub.revision, &sub.text)),
        );
        for (name, revision, text) in texts {
            let origin = schema
                .sources()
                .find(text)
                .map(|id| schema.sources().name(id));
            let text = ModuleText {
                origin: origin.unwrap_or(name).into(),
                text: text.clone(),
            };
            source.insert(name, revision.as_deref().unwrap_or(""), text);
        }
    }
    source.add(text(schema, probed, module_of));
    let compiled = Compiler::new(&source)
        .mode(Mode::Lenient)
        .implement(NAME, None)
        .compile();
    compiled.ok().map(|compiled| compiled.schema)
}

fn text(schema: &Schema, probed: &[Probed], module_of: impl Fn(&Probed) -> ModuleId) -> String {
    let mut text = format!(
        "module {NAME} {{ yang-version 1.1; namespace \"urn:banyan:{NAME}\"; prefix {NAME};"
    );
    let mut modules: Vec<ModuleId> = probed.iter().map(&module_of).collect();
    modules.dedup();
    for id in &modules {
        let module = schema.module(*id);
        // Writing to a string cannot fail.
        let _ = write!(text, " import {} {{ prefix m{};", module.name, id.0);
        if let Some(revision) = &module.revision {
            let _ = write!(text, " revision-date {revision};");
        }
        text.push('}');
    }
    for group in probed.chunk_by(|one, other| one.container == other.container) {
        let _ = write!(text, " container {} {{", group[0].container);
        for one in group {
            let (node, local, prefix) = (&one.node, &one.local, module_of(one).0);
            let _ = match one.keyword {
                Keyword::Typedef => write!(text, " leaf {node} {{ type m{prefix}:{local}; }}"),
                _ => write!(text, " container {node} {{ uses m{prefix}:{local}; }}"),
            };
        }
        text.push('}');
    }
    text.push('}');
    text
}
