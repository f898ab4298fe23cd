//! What edits do: RFC 6241 7.2 and RFC 7950 7.5.8 to 7.8.6 as cases.

use std::sync::Arc;

use banyan_yang::schema::Schema;

use super::*;
use crate::error::{DataError, ErrorKind};
use crate::meta::Annotated;
use crate::node::{Content, Tree};
use crate::path::Found;
use crate::testmodel::{id, path, schema};

/// A tree with a hand on it: each call is one edit.
#[derive(Clone)]
struct Store {
    schema: Arc<Schema>,
    tree: Tree,
}

fn string(text: &str) -> Option<Value> {
    Some(Value::string(text))
}

impl Store {
    fn new() -> Self {
        let schema = schema();
        Store {
            tree: Tree::empty(schema.clone()),
            schema,
        }
    }

    fn edit(
        &self,
        operation: Operation,
        at: &str,
        value: Option<Value>,
    ) -> Result<Store, DataError> {
        self.placed(operation, at, value, None)
    }

    fn placed(
        &self,
        operation: Operation,
        at: &str,
        value: Option<Value>,
        insert: Option<Insert>,
    ) -> Result<Store, DataError> {
        let at = path(&self.schema, at);
        let edit = Edit::at_path(&self.tree, &at, operation, value, insert, &self.tree)?;
        Ok(Store {
            schema: self.schema.clone(),
            tree: edit.apply(&self.tree)?,
        })
    }

    fn merge(&self, at: &str, value: Option<Value>) -> Store {
        self.edit(Operation::Merge, at, value)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn has(&self, at: &str) -> bool {
        self.tree.get(&path(&self.schema, at)).is_some()
    }

    fn names(&self, at: &str) -> Vec<String> {
        match self.tree.get(&path(&self.schema, at)) {
            Some(Found::List(list)) => list
                .iter()
                .filter_map(|entry| entry.keys(1).next()?.as_str().map(str::to_owned))
                .collect(),
            Some(Found::LeafList(list)) => list
                .iter()
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn refuses(&self, operation: Operation, at: &str) -> (ErrorKind, String) {
        match self.edit(operation, at, None) {
            Ok(_) => panic!("{operation:?} of {at} was accepted"),
            Err(error) => (error.kind, error.path.to_string()),
        }
    }
}

#[test]
fn create_of_what_exists_and_delete_of_what_does_not_are_refused_with_the_path() {
    let store = Store::new().merge("/interfaces/interface{eth0}/mtu", Some(Value::Uint(1)));
    assert_eq!(
        store.refuses(Operation::Create, "/interfaces/interface{eth0}"),
        (
            ErrorKind::DataExists,
            "/acme:interfaces/interface[name='eth0']".to_owned()
        )
    );
    assert_eq!(
        store.refuses(Operation::Delete, "/interfaces/interface{eth1}"),
        (
            ErrorKind::DataMissing,
            "/acme:interfaces/interface[name='eth1']".to_owned()
        )
    );
    assert_eq!(
        store.refuses(Operation::Delete, "/interfaces/interface{eth1}/mtu"),
        (
            ErrorKind::DataMissing,
            "/acme:interfaces/interface[name='eth1']".to_owned()
        )
    );
    assert_eq!(
        store.refuses(Operation::Delete, "/system/hostname").0,
        ErrorKind::DataMissing
    );
}

#[test]
fn remove_of_what_does_not_exist_changes_nothing_not_even_the_pointer() {
    let store = Store::new().merge("/system/hostname", string("a"));
    for at in [
        "/system/clock/zone",
        "/interfaces/interface{eth1}/mtu",
        "/acl/chain{x}",
        "/server",
    ] {
        let after = store.edit(Operation::Remove, at, None).expect("remove");
        assert!(after.tree.ptr_eq(&store.tree), "{at}");
    }
    assert!(
        store
            .merge("/system/hostname", string("a"))
            .tree
            .ptr_eq(&store.tree)
    );
}

#[test]
fn a_container_without_presence_goes_with_its_last_child_and_one_with_presence_stays() {
    let store = Store::new()
        .merge("/system/clock/zone", string("utc"))
        .merge("/system/ssh", None);
    let store = store
        .edit(Operation::Delete, "/system/clock/zone", None)
        .expect("it is there");
    assert!(!store.has("/system/clock"));
    assert!(store.has("/system/ssh"));
    let store = store
        .edit(Operation::Delete, "/system/ssh", None)
        .expect("it is there");
    assert!(store.tree.root().slots().is_empty());
}

#[test]
fn the_last_entry_takes_the_list_and_its_container_with_it() {
    let store = Store::new()
        .merge("/interfaces/interface{eth0}", None)
        .merge("/acl/chain{a}", None);
    let store = store
        .edit(Operation::Delete, "/interfaces/interface{eth0}", None)
        .and_then(|store| store.edit(Operation::Delete, "/acl/chain{a}", None))
        .expect("both are there");
    assert_eq!(store.tree, Tree::empty(store.schema.clone()));
}

#[test]
fn data_of_one_case_make_those_of_the_others_go() {
    let store = Store::new()
        .merge("/server/port", Some(Value::Uint(1)))
        .merge("/server/allowed{a}", None);
    let udp = store.merge("/server/udp-port", Some(Value::Uint(2)));
    assert!(!udp.has("/server/port") && !udp.has("/server/allowed") && udp.has("/server/udp-port"));
    // Through nested choices and a container in a case.
    let z = udp.merge("/server/y/z", string("z"));
    assert!(!z.has("/server/udp-port") && z.has("/server/y/z"));
    let x = z.merge("/server/x", string("x"));
    assert!(!x.has("/server/y") && x.has("/server/x"));
    let back = x.merge("/server/port", Some(Value::Uint(1)));
    assert!(!back.has("/server/x") && back.has("/server/port"));
}

fn leaf(schema: &Arc<Schema>, at: &str, operation: Operation, value: Value) -> EditNode {
    EditNode::new(id(schema, at), operation, EditContent::Leaf(Some(value)))
}

fn apply_below(
    store: &Store,
    at: &str,
    operation: Operation,
    children: Vec<EditNode>,
) -> Result<Tree, DataError> {
    let child = EditNode::new(
        id(&store.schema, at),
        operation,
        EditContent::Container(children),
    );
    Edit {
        schema: store.schema.clone(),
        root: EditNode::new(
            SchemaId::ROOT,
            Operation::None,
            EditContent::Container(vec![child]),
        ),
    }
    .apply(&store.tree)
}

#[test]
fn data_of_two_cases_in_one_edit_are_refused() {
    let store = Store::new();
    let (tcp, udp) = ("/server/port", "/server/udp-port");
    let both = vec![
        leaf(&store.schema, tcp, Operation::Merge, Value::Uint(1)),
        leaf(&store.schema, udp, Operation::Merge, Value::Uint(1)),
    ];
    let error = apply_below(&store, "/server", Operation::Merge, both).expect_err("two cases");
    assert_eq!(error.kind, ErrorKind::SeveralCases);
    insta::assert_snapshot!(error, @"/acme:server/udp-port: udp-port and port belong to different cases of one choice; give the data of one case only; those of the others go by themselves");
}

#[test]
fn an_edit_may_delete_by_name_what_its_new_case_has_removed() {
    let store = Store::new().merge("/server/udp-port", Some(Value::Uint(1)));
    let both = vec![
        leaf(
            &store.schema,
            "/server/port",
            Operation::Create,
            Value::Uint(1),
        ),
        leaf(
            &store.schema,
            "/server/udp-port",
            Operation::Delete,
            Value::Uint(1),
        ),
    ];
    let tree = apply_below(&store, "/server", Operation::None, both).expect("one case in the end");
    assert_eq!(
        tree.node_at(&path(&store.schema, "/server"))
            .map(|node| node.slots().len()),
        Some(1)
    );
}

#[test]
fn replace_takes_away_what_the_edit_does_not_name() {
    let store = Store::new()
        .merge("/system/hostname", string("a"))
        .merge("/system/clock/zone", string("utc"));
    let new = vec![leaf(
        &store.schema,
        "/system/hostname",
        Operation::Replace,
        Value::string("b"),
    )];
    let tree = apply_below(&store, "/system", Operation::Replace, new).expect("replace");
    assert_eq!(
        tree.value_at(&path(&store.schema, "/system/hostname")),
        string("b").as_ref()
    );
    assert!(tree.get(&path(&store.schema, "/system/clock")).is_none());
}

#[test]
fn a_user_places_entries_and_values_first_last_before_and_after() {
    let place = |store: &Store, name: &str, insert| {
        store
            .placed(
                Operation::Merge,
                &format!("/acl/rule{{{name}}}"),
                None,
                insert,
            )
            .unwrap_or_else(|error| panic!("{error}"))
    };
    let key = |name| vec![Value::string(name)];
    let store = Store::new();
    let store = place(&store, "m", Some(Insert::First));
    let store = place(&store, "z", None);
    let store = place(&store, "a", Some(Insert::First));
    let store = place(&store, "n", Some(Insert::After(key("m"))));
    let store = place(&store, "l", Some(Insert::Before(key("m"))));
    assert_eq!(store.names("/acl/rule"), ["a", "l", "m", "n", "z"]);
    let moved = place(&store, "z", Some(Insert::After(key("a"))));
    assert_eq!(moved.names("/acl/rule"), ["a", "z", "l", "m", "n"]);
    // RFC 7950 7.8.6: without insert an entry keeps its place, even when it is replaced.
    let kept = moved
        .edit(Operation::Replace, "/acl/rule{l}", None)
        .expect("it is there");
    assert_eq!(kept.names("/acl/rule"), ["a", "z", "l", "m", "n"]);
    let error = store
        .placed(
            Operation::Merge,
            "/acl/rule{q}",
            None,
            Some(Insert::Before(key("none"))),
        )
        .map(|store| store.tree)
        .expect_err("no such neighbour");
    assert_eq!(error.app_tag.as_deref(), Some("missing-instance"));
    // Placing an entry where it is changes nothing.
    assert!(
        place(&store, "a", Some(Insert::First))
            .tree
            .ptr_eq(&store.tree)
    );
    let chain = store
        .merge("/acl/chain{x}", None)
        .merge("/acl/chain{y}", None)
        .placed(
            Operation::Create,
            "/acl/chain{w}",
            None,
            Some(Insert::Before(key("y"))),
        )
        .expect("y is there");
    assert_eq!(chain.names("/acl/chain"), ["x", "w", "y"]);
}

#[test]
fn a_key_cannot_be_changed() {
    let store = Store::new().merge("/interfaces/interface{eth0}", None);
    let error = store
        .edit(
            Operation::Merge,
            "/interfaces/interface{eth0}/name",
            string("eth1"),
        )
        .map(|store| store.tree)
        .expect_err("a key");
    assert_eq!(error.kind, ErrorKind::BadAttribute);
}

#[test]
fn an_edit_reaches_through_a_mount_point() {
    let store = Store::new().merge("/device{d0}", None);
    let mount = EditNode::new(
        id(&store.schema, "/device{d0}/config"),
        Operation::Merge,
        EditContent::Mount(store.schema.clone(), Vec::new()),
    );
    let entry = EditNode::new(
        id(&store.schema, "/device{d0}"),
        Operation::Merge,
        EditContent::Entry(vec![Value::string("d0")], vec![mount]),
    );
    let edit = Edit {
        schema: store.schema.clone(),
        root: EditNode::new(
            SchemaId::ROOT,
            Operation::Merge,
            EditContent::Container(vec![entry]),
        ),
    };
    let store = Store {
        tree: edit.apply(&store.tree).expect("the mount point is free"),
        ..store
    };
    let store = store.merge("/device{d0}/config/system/hostname", string("inner"));
    assert!(store.has("/device{d0}/config/system/hostname"));
    assert_eq!(
        store.refuses(Operation::Create, "/device{d0}/config/system/hostname"),
        (
            ErrorKind::DataExists,
            "/acme:device[name='d0']/config/system/hostname".to_owned()
        )
    );
    let empty = store
        .edit(
            Operation::Delete,
            "/device{d0}/config/system/hostname",
            None,
        )
        .expect("it is there");
    assert!(
        empty.has("/device{d0}/config"),
        "an empty tree stays mounted"
    );
}

#[test]
fn a_new_list_of_many_entries_equals_one_that_grew() {
    let store = Store::new();
    let grown = (0..100).rev().fold(store.clone(), |store, number| {
        store.merge(&format!("/interfaces/interface{{eth{number}}}"), None)
    });
    let list = id(&store.schema, "/interfaces/interface");
    let entries = (0..100).map(|number| {
        let keys = vec![Value::string(&format!("eth{number}"))];
        EditNode::new(
            list,
            Operation::Create,
            EditContent::Entry(keys, Vec::new()),
        )
    });
    let tree =
        apply_below(&store, "/interfaces", Operation::Merge, entries.collect()).expect("new");
    assert_eq!(tree, grown.tree);
}

#[test]
fn metadata_follow_the_edit_and_go_with_what_they_annotate() {
    let mut store = Store::new().merge("/system/hostname", string("a"));
    let hostname = id(&store.schema, "/system/hostname");
    let mut meta = Meta::default();
    let note = ("acme".into(), "note".into());
    meta.annotations
        .entry(Annotated::Child(hostname))
        .or_default()
        .insert(note, Value::string("x"));
    let mut child = EditNode::new(
        id(&store.schema, "/system"),
        Operation::Merge,
        EditContent::Container(Vec::new()),
    );
    child.meta = Some(meta.clone());
    let edit = Edit {
        schema: store.schema.clone(),
        root: EditNode::new(
            SchemaId::ROOT,
            Operation::Merge,
            EditContent::Container(vec![child]),
        ),
    };
    store.tree = edit.apply(&store.tree).expect("merge");
    let system = path(&store.schema, "/system");
    let store = store.merge("/system/clock/zone", string("utc"));
    assert_eq!(
        store.tree.node_at(&system).and_then(|node| node.meta()),
        Some(&meta)
    );
    let store = store
        .edit(Operation::Delete, "/system/hostname", None)
        .expect("there");
    assert_eq!(
        store.tree.node_at(&system).and_then(|node| node.meta()),
        None
    );
}

#[test]
fn anydata_is_taken_as_a_whole() {
    use crate::any::AnyData;
    let store = Store::new();
    let blob = id(&store.schema, "/system/blob");
    let data = |text: &str| Some(Arc::new(AnyData::Json(text.into())));
    let with = |text| {
        vec![EditNode::new(
            blob,
            Operation::Merge,
            EditContent::Any(data(text)),
        )]
    };
    let one = apply_below(&store, "/system", Operation::Merge, with("1")).expect("new");
    let store = Store { tree: one, ..store };
    let two = apply_below(&store, "/system", Operation::Merge, with("2")).expect("another");
    let system = two
        .node_at(&path(&store.schema, "/system"))
        .expect("stored");
    assert_eq!(system.get(blob), data("2").map(Content::Any).as_ref());
}

#[test]
fn trees_that_were_built_apart_are_equal_and_an_empty_edit_keeps_the_pointer() {
    use crate::testmodel::{Random, random_tree};
    let schema = schema();
    for seed in 1..50 {
        let tree = random_tree(&schema, &mut Random(seed));
        assert_eq!(tree, random_tree(&schema, &mut Random(seed)));
        let edit = Edit {
            schema: schema.clone(),
            root: EditNode::new(
                SchemaId::ROOT,
                Operation::Merge,
                EditContent::Container(Vec::new()),
            ),
        };
        assert!(edit.apply(&tree).is_ok_and(|after| after.ptr_eq(&tree)));
    }
}
