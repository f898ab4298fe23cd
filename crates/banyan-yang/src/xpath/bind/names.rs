//! Resolves the names in an expression: node tests and identities.

use std::sync::Arc;

use super::super::{NameTest, NodeTest, PlanTest, Step};
use super::binder::Binder;
use super::walk::{Beyond, NodeSet, Reached, implemented};
use super::{BindError, BindWarning};
use crate::nearest::nearest;
use crate::schema::{IdentityId, ModuleId, SchemaId, Type, TypeKind};

impl Binder<'_> {
    pub(super) fn test(&self, test: &NodeTest) -> Result<PlanTest, BindError> {
        Ok(match test {
            NodeTest::Name { prefix, local } => {
                let module = match prefix {
                    None => self
                        .prefixes
                        .default
                        .map(|module| implemented(self.schema, module)),
                    Some(prefix) => Some(self.module(prefix, test)?),
                };
                PlanTest::Name(NameTest {
                    module,
                    module_name: module.map(|module| self.schema.module(module).name.clone()),
                    local: local.as_str().into(),
                    nodes: Box::new([]),
                })
            }
            NodeTest::AnyInPrefix(prefix) => {
                let module = self.module(prefix, test)?;
                PlanTest::Module {
                    module,
                    module_name: self.schema.module(module).name.clone(),
                }
            }
            NodeTest::Any => PlanTest::AnyName,
            NodeTest::Node => PlanTest::Node,
            NodeTest::Text => PlanTest::Text,
            NodeTest::Comment | NodeTest::ProcessingInstruction(_) => PlanTest::Nothing,
        })
    }

    pub(super) fn module(&self, prefix: &str, test: &NodeTest) -> Result<ModuleId, BindError> {
        match self.prefixes.module(Some(prefix)) {
            Some(module) => Ok(implemented(self.schema, module)),
            None => {
                let known = self.prefixes.prefixes.keys().map(|prefix| &**prefix);
                let nearest = nearest(prefix, known).map(str::to_owned);
                Err(BindError::UnknownPrefix {
                    name: test.to_string(),
                    nearest,
                })
            }
        }
    }

    pub(super) fn warn_empty(&mut self, step: &Step, test: &PlanTest, from: &NodeSet) {
        if step.axis.is_empty_in_yang() {
            self.warnings.push(BindWarning::EmptyAxis {
                step: step.to_string(),
            });
            return;
        }
        let PlanTest::Name(name) = test else { return };
        let module = name.module.map(|module| self.schema.module(module));
        let warning = match module.filter(|module| !module.implemented) {
            Some(module) => BindWarning::NotImplemented {
                name: step.test.to_string(),
                module: module.name.to_string(),
            },
            None => BindWarning::UnknownNode {
                name: step.test.to_string(),
                under: from
                    .reached
                    .first()
                    .map_or_else(|| "/".to_owned(), |from| self.schema.path(from.node)),
                nearest: nearest(&name.local, self.walker.names(from, step.axis))
                    .map(str::to_owned),
            },
        };
        self.warnings.push(warning);
    }

    pub(super) fn key_named(&self, list: SchemaId, test: &NodeTest) -> Option<SchemaId> {
        let NodeTest::Name { prefix, local } = test else {
            return None;
        };
        match (prefix, self.prefixes.module(prefix.as_deref())) {
            (_, Some(module)) => {
                self.schema
                    .data_child(list, implemented(self.schema, module), local)
            }
            (None, None) => self.schema.data_child_any_module(list, local),
            (Some(_), None) => None,
        }
    }

    /// If all that `nodes` lists takes identities, and `text` names one, makes it `module-name:identity`.
    pub(super) fn name_identity(&self, nodes: &NodeSet, text: &mut Arc<str>) {
        let takes = |reached: &Reached| {
            self.schema
                .node(reached.node)
                .ty
                .as_ref()
                .is_some_and(|ty| takes_identities(ty))
        };
        if nodes.reached.is_empty()
            || nodes.beyond != Beyond::Nothing
            || !nodes.reached.iter().all(takes)
        {
            return;
        }
        if let Some(id) = self.identity(text) {
            let identity = self.schema.identity(id);
            *text = format!(
                "{}:{}",
                self.schema.module(identity.module).name,
                identity.name
            )
            .into();
        }
    }

    pub(super) fn identity(&self, text: &str) -> Option<IdentityId> {
        let (prefix, local) = match text.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, text),
        };
        let module = self.prefixes.module(prefix)?;
        let found = self.schema.identity_by_name(module, local);
        found.or_else(|| {
            self.schema
                .identity_by_name(implemented(self.schema, module), local)
        })
    }

    pub(super) fn known_identity(&mut self, name: &Arc<str>) -> Option<IdentityId> {
        let found = self.identity(name);
        if found.is_none() {
            let local = name.rsplit(':').next().unwrap_or(name);
            let names = self
                .schema
                .identities()
                .map(|(_, identity)| &*identity.name);
            let nearest = nearest(local, names)
                .filter(|near| *near != local)
                .map(str::to_owned);
            self.warnings.push(BindWarning::UnknownIdentity {
                name: name.to_string(),
                nearest,
            });
        }
        found
    }
}

/// True if every value of the type is an identity, or may be one in a union.
fn takes_identities(ty: &Type) -> bool {
    match &ty.resolved().kind {
        TypeKind::IdentityRef(_) => true,
        TypeKind::Union(members) => members.iter().any(|member| takes_identities(member)),
        _ => false,
    }
}
