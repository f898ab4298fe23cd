//! Filters of events: which a subscription wants (RFC 5277 3.6, RFC 8639 2.2).
//!
//! A filter is bound once, when somebody subscribes, and then looks at many events.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use banyan_data::filter::Subtree;
use banyan_data::message;
use banyan_data::operation::Invocation;
use banyan_data::xpath::Expression;
use banyan_yang::schema::{Schema, SchemaId};

use crate::backend::{Filter, Result};
use crate::bind;
use crate::engine::Engine;

/// What becomes of an event that a filter selects something from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Passes {
    /// A subtree filter leaves what it has selected (RFC 6241 section 6).
    Selection,
    /// All of it (RFC 8639: a filter decides of whole event records).
    Whole,
}

/// A filter, ready to be used.
pub(crate) struct EventFilter {
    schema: Arc<Schema>,
    kind: Kind,
}

enum Kind {
    Subtree(Subtree, Passes),
    XPath {
        select: String,
        namespaces: Vec<(String, String)>,
        /// Bound to each kind of notification that has come by; those of the schema itself.
        bound: Mutex<HashMap<SchemaId, Arc<Expression>>>,
    },
}

impl EventFilter {
    /// Binds a filter.
    ///
    /// # Errors
    /// `invalid-value`: it is not well-formed, or has an unknown prefix.
    pub fn bind(engine: &Engine, filter: &Filter, passes: Passes) -> Result<EventFilter> {
        let (schema, mounts) = (engine.schema().clone(), engine.mounts().clone());
        let kind = match filter {
            Filter::Subtree(document) => {
                let subtree = bind::subtree_for_messages(&schema, document, &mounts)?;
                Kind::Subtree(subtree, passes)
            }
            Filter::XPath { select, namespaces } => {
                // What is wrong with it is wrong for every event.
                bind::expression_for_message(&schema, select, namespaces, SchemaId::ROOT)?;
                Kind::XPath {
                    select: select.clone(),
                    namespaces: namespaces.clone(),
                    bound: Mutex::default(),
                }
            }
        };
        Ok(EventFilter { schema, kind })
    }

    /// What passes of a notification; `None` is nothing.
    ///
    /// # Errors
    /// The expression takes more steps than it may.
    pub fn passed(&self, message: &Invocation) -> Result<Option<Invocation>> {
        match &self.kind {
            Kind::Subtree(subtree, passes) => {
                let around = message::in_place(&self.schema, message);
                let selected = message::content_of(&subtree.select(&around), message);
                Ok(selected.map(|content| match passes {
                    Passes::Whole => message.clone(),
                    Passes::Selection => Invocation {
                        content,
                        ..message.clone()
                    },
                }))
            }
            Kind::XPath {
                select,
                namespaces,
                bound,
            } => {
                // A notification of a mounted schema is looked for by its name.
                let own = Arc::ptr_eq(message.content.schema(), &self.schema);
                let id = if own { message.id } else { SchemaId::ROOT };
                let expression = self.expression(id, select, namespaces, bound)?;
                let holds = message::holds(&self.schema, message, &expression);
                let holds = holds.map_err(|error| bind::data_errors(&self.schema, vec![error]))?;
                Ok(holds.then(|| message.clone()))
            }
        }
    }

    /// The expression about notifications of one kind; bound when the first one comes by.
    fn expression(
        &self,
        id: SchemaId,
        select: &str,
        namespaces: &[(String, String)],
        bound: &Mutex<HashMap<SchemaId, Arc<Expression>>>,
    ) -> Result<Arc<Expression>> {
        // A cache: every insert leaves it whole.
        let known = || bound.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().get(&id).cloned();
        if let Some(found) = found {
            return Ok(found);
        }
        let expression = bind::expression_for_message(&self.schema, select, namespaces, id)?;
        let expression = Arc::new(expression);
        known().insert(id, expression.clone());
        Ok(expression)
    }
}
