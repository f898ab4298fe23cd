//! Resolves the names in an expression: node tests and identities.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::{Axis, Expr, NameTest, NodeTest, Offset, PlanTest, Step};
use super::binder::Binder;
use super::walk::{Beyond, NodeSet, Reached, implemented};
use super::{BindError, BindWarning};
use crate::nearest::nearest;
use crate::schema::{IdentityId, ModuleId, PrefixMap, Schema, SchemaId, Type, TypeKind};

/// Prefixes of modules that the schema at hand lacks, with the module names.
pub(super) type Foreign = BTreeMap<Arc<str>, Arc<str>>;

/// The prefixes that `expr` uses and `module_name` knows: of modules that `schema` has, and of others.
pub(super) fn prefixes_of(
    schema: &Schema,
    expr: &Expr,
    module_name: &dyn Fn(&str) -> Option<Arc<str>>,
) -> (PrefixMap, Foreign) {
    let mut map = PrefixMap::default();
    let mut foreign = Foreign::new();
    for prefix in written_prefixes(expr) {
        let Some(name) = module_name(prefix) else {
            continue;
        };
        match schema.module_by_name(&name) {
            Some(module) => {
                map.prefixes.insert(prefix.into(), module);
            }
            None => {
                foreign.insert(prefix.into(), name);
            }
        }
    }
    (map, foreign)
}

/// Every prefix in `expr`: of names, and of literals that may be names of identities.
fn written_prefixes(expr: &Expr) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        let steps: &[Step] = match expr {
            Expr::Number(_) | Expr::Variable(_) => &[],
            Expr::Literal(text) => {
                found.extend(text.split_once(':').map(|(prefix, _)| prefix));
                &[]
            }
            Expr::Or(operands) | Expr::And(operands) | Expr::Union(operands) => {
                open.extend(operands);
                &[]
            }
            Expr::Call { args, .. } => {
                open.extend(args);
                &[]
            }
            Expr::Compare(_, left, right) | Expr::Arith(_, left, right) => {
                open.extend([&**left, &**right]);
                &[]
            }
            Expr::Negate(operand) => {
                open.push(operand);
                &[]
            }
            Expr::Path(path) => &path.steps,
            Expr::Filter {
                primary,
                predicates,
                path,
            } => {
                open.push(primary);
                open.extend(predicates);
                path
            }
        };
        for step in steps {
            open.extend(&step.predicates);
            match &step.test {
                NodeTest::Name {
                    prefix: Some(prefix),
                    ..
                }
                | NodeTest::AnyInPrefix(prefix) => {
                    found.insert(prefix);
                }
                _ => {}
            }
        }
    }
    found
}

impl Binder<'_> {
    pub(super) fn test(&self, test: &NodeTest, at: Offset) -> Result<PlanTest, BindError> {
        Ok(match test {
            NodeTest::Name { prefix, local } => {
                if let Some(module_name) = prefix
                    .as_deref()
                    .and_then(|prefix| self.foreign.get(prefix))
                {
                    return Ok(PlanTest::Name(NameTest {
                        module: None,
                        module_name: Some(module_name.clone()),
                        local: local.as_str().into(),
                        nodes: Box::new([]),
                    }));
                }
                let module = match prefix {
                    None => self
                        .prefixes
                        .default
                        .map(|module| implemented(self.schema, module)),
                    Some(prefix) => Some(self.module(prefix, test, at)?),
                };
                PlanTest::Name(NameTest {
                    module,
                    module_name: module.map(|module| self.schema.module(module).name.clone()),
                    local: local.as_str().into(),
                    nodes: Box::new([]),
                })
            }
            NodeTest::AnyInPrefix(prefix) => {
                if let Some(module_name) = self.foreign.get(prefix.as_str()) {
                    return Ok(PlanTest::Module {
                        module: None,
                        module_name: module_name.clone(),
                    });
                }
                let module = self.module(prefix, test, at)?;
                PlanTest::Module {
                    module_name: self.schema.module(module).name.clone(),
                    module: Some(module),
                }
            }
            NodeTest::Any => PlanTest::AnyName,
            NodeTest::Node => PlanTest::Node,
            NodeTest::Text => PlanTest::Text,
            NodeTest::Comment | NodeTest::ProcessingInstruction(_) => PlanTest::Nothing,
        })
    }

    pub(super) fn module(
        &self,
        prefix: &str,
        test: &NodeTest,
        at: Offset,
    ) -> Result<ModuleId, BindError> {
        match self.prefixes.module(Some(prefix)) {
            Some(module) => Ok(implemented(self.schema, module)),
            None => {
                let known = self.prefixes.prefixes.keys().map(|prefix| &**prefix);
                let nearest = nearest(prefix, known).map(str::to_owned);
                Err(BindError::UnknownPrefix {
                    name: test.to_string(),
                    nearest,
                    at,
                })
            }
        }
    }

    /// A name that a step along `axis` could have asked for instead of `local`: the same of another module, or a
    /// similar one.
    fn suggestion(&self, local: &str, from: &NodeSet, axis: Axis) -> Option<String> {
        let nodes = || {
            self.walker
                .beside(from, axis)
                .into_iter()
                .map(|id| self.schema.node(id))
        };
        if let Some(same) = nodes().find(|node| &*node.name == local) {
            return Some(format!("{}:{local}", self.schema.module(same.module).name));
        }
        let names: Vec<&str> = nodes().map(|node| &*node.name).collect();
        nearest(local, names).map(str::to_owned)
    }

    pub(super) fn warn_empty(&mut self, step: &Step, test: &PlanTest, from: &NodeSet) {
        if step.axis.is_empty_in_yang() {
            self.warnings.push(BindWarning::EmptyAxis {
                step: step.to_string(),
                at: step.at,
            });
            return;
        }
        let PlanTest::Name(name) = test else { return };
        let module = name.module.map(|module| self.schema.module(module));
        let warning = match module.filter(|module| !module.implemented) {
            Some(module) => BindWarning::NotImplemented {
                name: step.test.to_string(),
                module: module.name.to_string(),
                at: step.at,
            },
            None => BindWarning::UnknownNode {
                name: step.test.to_string(),
                under: from
                    .reached
                    .first()
                    .map_or_else(|| "/".to_owned(), |from| self.schema.path(from.node)),
                nearest: self.suggestion(&name.local, from, step.axis),
                at: step.at,
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

    /// The identity that `text` names (RFC 7950 10.4.1). Without prefix it is one of the module at hand; in a
    /// grouping that other modules use, the module that defines the grouping is meant, which is among those that
    /// have a prefix.
    pub(super) fn identity(&self, text: &str) -> Option<IdentityId> {
        match text.split_once(':') {
            Some((prefix, local)) => self.identity_of(self.prefixes.module(Some(prefix))?, local),
            None => {
                let own = self
                    .prefixes
                    .default
                    .and_then(|module| self.identity_of(module, text));
                own.or_else(|| {
                    let modules: BTreeSet<ModuleId> =
                        self.prefixes.prefixes.values().copied().collect();
                    let mut found = modules
                        .into_iter()
                        .filter_map(|module| self.identity_of(module, text));
                    found.next().filter(|_| found.next().is_none())
                })
            }
        }
    }

    fn identity_of(&self, module: ModuleId, local: &str) -> Option<IdentityId> {
        let found = self.schema.identity_by_name(module, local);
        found.or_else(|| {
            self.schema
                .identity_by_name(implemented(self.schema, module), local)
        })
    }

    pub(super) fn known_identity(&mut self, name: &Arc<str>, at: Offset) -> Option<IdentityId> {
        let found = self.identity(name);
        if found.is_none() {
            let local = name.rsplit(':').next().unwrap_or(name);
            let identities = || self.schema.identities().map(|(_, identity)| identity);
            let nearest = match identities().find(|identity| *identity.name == *local) {
                Some(same) => Some(format!("{}:{local}", self.schema.module(same.module).name)),
                None => {
                    nearest(local, identities().map(|identity| &*identity.name)).map(str::to_owned)
                }
            };
            self.warnings.push(BindWarning::UnknownIdentity {
                name: name.to_string(),
                nearest,
                at,
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
