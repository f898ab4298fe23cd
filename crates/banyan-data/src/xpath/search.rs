//! Where in a schema nodes of a name can be: `//name` leaves out subtrees that cannot hold one.
//!
//! Worked out once per schema and name, and kept as long as the schema.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use banyan_yang::schema::{ModuleId, NodeKind, Schema, SchemaId};
use banyan_yang::xpath::{NameTest, PlanTest};

/// Schema nodes to enter or to take.
type Ways = Arc<HashSet<SchemaId>>;

/// A name, in one module or in any.
type Name = (Option<ModuleId>, Arc<str>);

/// What is known of one schema.
struct Index {
    by_name: HashMap<Arc<str>, Vec<SchemaId>>,
    /// Mount points, and what is above them: what is mounted there can have any name.
    mounts: Ways,
    /// By name, those of the schema's names that were searched for.
    ways: Mutex<HashMap<Name, Ways>>,
}

impl Index {
    fn of(schema: &Schema) -> Index {
        let mut by_name: HashMap<Arc<str>, Vec<SchemaId>> = HashMap::new();
        let mut mounts = HashSet::new();
        for (id, node) in schema.nodes() {
            if node.mount_point().is_some() {
                mark_way(schema, id, &mut mounts);
            }
            // A message may stand beside the data.
            if node.kind.is_data() || is_message(node.kind) {
                by_name.entry(node.name.clone()).or_default().push(id);
            }
        }
        Index {
            by_name,
            mounts: Arc::new(mounts),
            ways: Mutex::default(),
        }
    }

    /// The data nodes and messages of the name, all that is above them, and the ways to mount points.
    fn ways(&self, schema: &Schema, module: Option<ModuleId>, local: &str) -> Ways {
        let Some((local, named)) = self.by_name.get_key_value(local) else {
            return self.mounts.clone();
        };
        let mut known = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let ways = known.entry((module, local.clone())).or_insert_with(|| {
            let mut ways = (*self.mounts).clone();
            for id in named.iter().copied() {
                if module.is_none_or(|module| schema.node(id).module == module) {
                    mark_way(schema, id, &mut ways);
                }
            }
            Arc::new(ways)
        });
        ways.clone()
    }
}

fn is_message(kind: NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::Rpc | NodeKind::Action | NodeKind::Notification
    )
}

/// Adds `id` and all above it; what is there already has all above it, too.
fn mark_way(schema: &Schema, id: SchemaId, ways: &mut HashSet<SchemaId>) {
    let mut at = Some(id);
    while let Some(id) = at.filter(|id| ways.insert(*id)) {
        at = schema.node(id).data_parent();
    }
}

/// Which data nodes a search for a node test has to enter.
pub(super) enum Trail<'e> {
    /// All.
    Everything,
    /// Those on the way to a name.
    Name {
        test: &'e NameTest,
        home: (*const Schema, Ways),
    },
}

impl<'e> Trail<'e> {
    /// The trail of a test in a plan that was bound to `home`.
    pub(super) fn of(home: &Schema, test: &'e PlanTest) -> Self {
        match test {
            PlanTest::Name(test) => Trail::Name {
                test,
                home: (home, ways(home, home, test)),
            },
            _ => Trail::Everything,
        }
    }

    /// Which data nodes of `schema` to enter, or to take; `None` for all.
    pub(super) fn in_schema(&self, plan_home: &Schema, schema: &Schema) -> Option<Ways> {
        match self {
            Trail::Everything => None,
            Trail::Name {
                home: (home, ways), ..
            } if std::ptr::eq(*home, schema) => Some(ways.clone()),
            Trail::Name { test, .. } => Some(ways(plan_home, schema, test)),
        }
    }
}

fn ways(home: &Schema, schema: &Schema, test: &NameTest) -> Ways {
    let index = schema.derived(Index::of);
    let module = match &test.module_name {
        None => None,
        _ if std::ptr::eq(home, schema) && test.module.is_some() => test.module,
        Some(name) => match schema.module_by_name(name) {
            Some(module) => Some(module),
            // No such module here; mounted ones may have it.
            None => return index.mounts.clone(),
        },
    };
    index.ways(schema, module, &test.local)
}
