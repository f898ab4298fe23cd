//! Settling a change gives what looking through the whole tree gives, and costs what the change affects.

use std::sync::Arc;

use banyan_yang::schema::{Schema, SchemaId};

use super::agreement::{ACROSS, MOUNTS, mixed};
use super::{Indexes, Mounts, Settled, settle, settle_all};
use crate::change::diff;
use crate::node::{Content, Node, Slot, Tree};
use crate::outline::{data, outline};
use crate::testmodel::{Random, random_tree};

const BUDGET: u64 = 100_000;

/// Conditions near and far, on all kinds of node, that depend on each other, on defaults and on cases.
const MODEL: &str = r#"
container sys
  leaf mode type=uint32 default=1
  leaf a when="../mode > 0"
  leaf b type=uint32 default=2 when="../a"
  leaf c when="../b = 2"
  container d when="../c or ../mode = 2"
    leaf e
    leaf-list f when="../../mode != 1"
container list
  list l key=k when="v or /sys/mode = 2"
    leaf k type=uint32
    leaf v type=uint32
    leaf w when="../v = 1"
    container x when="../../l[k = current()/../v]/w"
      leaf y
  leaf-list m type=uint32 when=". > /sys/mode"
  list t key="k j" when="not(/list/l[k = current()/v]/w)"
    leaf k type=uint32
    leaf j type=uint32
    leaf v type=uint32
    leaf z when="/list/l[k = current()/../v]/x/y"
    leaf-list zs type=uint32 when="/list/l[k = current()]/w"
    leaf by type=uint32 default=1 when="/list/t[k = current()/../j][j = '1']/z"
    leaf of when="../by"
  list u key=k user
    leaf k type=uint32
    leaf n when="not(preceding-sibling::u) or ../../m"
container ch
  choice one default-case=p
    case p
      leaf p1 default=1
      leaf p2 when="../p1 = 1"
    case q when-parent="/sys/mode != 3"
      leaf q1 when="/sys/a"
      container q2
        leaf q3
  leaf sees when="../p1"
  leaf not-sees when="not(../p1)"
container self presence when="on or not(off)"
  leaf on
  leaf off
container np when="flag != 3"
  leaf flag type=uint32 default=1
leaf reads-np when="../np"
leaf far when="count(//w) > 1"
leaf-list all type=uint32 when="sum(/list/l/v) >= ."
"#;

fn settled(before: &Tree, after: &Tree) -> Settled {
    let indexes = Indexes::of(before, Mounts::Skip).after(before, after);
    settle(&diff(before, after), after, &indexes, BUDGET)
}

#[test]
fn settling_a_change_and_looking_through_the_whole_tree_agree() {
    let (with_removals, kept) = agree(MODEL, 80);
    assert!(with_removals > 500 && kept > 500, "{with_removals}, {kept}");
}

#[test]
fn they_agree_on_conditions_that_read_into_mounted_trees() {
    let (with_removals, kept) = agree(ACROSS, 12);
    assert!(with_removals > 20 && kept > 50, "{with_removals}, {kept}");
}

#[test]
fn they_agree_in_mounted_trees() {
    let (with_removals, kept) = agree(MOUNTS, 20);
    assert!(with_removals > 50 && kept > 50, "{with_removals}, {kept}");
}

/// Unions whose members are references: among them, with conditions that follow them, and references to them.
const UNIONS: &str = r#"
list l key=k
  leaf k type=uint32
  leaf v type=uint32 default=2
  leaf w type=uint32 when="not(../v = 1)" default=3
  leaf near type=union path=../v
list use key=n
  leaf n type=uint32
  leaf key type=union path=/l/k
  leaf value type=union path=/l/v
  leaf hidden type=union path=/l/w
  leaf pick type=union path="/l[k=current()/../n]/v"
  leaf again type=ref path=/use/key
  leaf read type=uint32 when="deref(../key)/../v"
  leaf more type=uint32 when="not(deref(../read-by)/../v = 2)"
  leaf read-by type=union path=/use/read
leaf one type=union path=/l/k
leaf of-one type=ref path=/one
leaf-list all type=union path=/l/k
"#;

#[test]
fn they_agree_on_unions_that_are_resolved_by_what_is_there() {
    let (with_removals, kept) = agree(UNIONS, 40);
    assert!(with_removals > 50 && kept > 50, "{with_removals}, {kept}");
}

/// Compares the two after random changes: how many took something out, and how many did not.
fn agree(model: &str, seeds: u64) -> (usize, usize) {
    let schema = outline(model);
    let (mut with_removals, mut kept) = (0, 0);
    for seed in 1..=seeds {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (mut base, _) = settle_all(&random_tree(&schema, &mut random), BUDGET);
        for step in 0..40 {
            let other = random_tree(&schema, &mut random);
            let mut root = base.root().clone();
            for _ in 0..=random.below(3) {
                root = mixed(&schema, &root, other.root(), &mut random);
            }
            let after = base.with_root(root);
            let (expected, removed) = settle_all(&after, BUDGET);
            let found = settled(&base, &after);
            assert_eq!(
                found.tree,
                expected,
                "seed {seed}, step {step}\nbefore {:?}\nafter {:?}\n{}",
                base.root(),
                after.root(),
                diff(&base, &after),
            );
            assert_eq!(found.indexes, Indexes::of(&expected, Mounts::Skip));
            assert_eq!(found.removed.is_empty(), removed.is_empty());
            for path in &found.removed {
                assert!(after.get(path).is_some() && expected.get(path).is_none());
            }
            if removed.is_empty() {
                kept += 1;
            } else {
                with_removals += 1;
            }
            base = expected;
        }
    }
    (with_removals, kept)
}

/// What goes from a device's tree because of a change elsewhere in it is part of the change, and counted.
#[test]
fn what_goes_inside_of_a_mount_is_in_the_change() {
    let (device, container) = (
        outline("leaf on\nleaf w when=\"../on\"\nleaf x"),
        outline("container config mount"),
    );
    let mount = container.data_children(SchemaId::ROOT)[0];
    let mounted = |xml: &str| {
        let tree = data(&device, xml);
        let slot = Slot {
            id: mount,
            content: Content::Mount(Arc::new(tree)),
        };
        Tree::new(container.clone(), Node::new(SchemaId::ROOT, vec![slot]))
    };
    let before = mounted("<on>1</on><w>1</w><x>1</x>");
    let settled = settled(&before, &mounted("<w>1</w><x>1</x>"));
    assert_eq!(settled.removed.len(), 1);
    let changes = diff(&before, &settled.tree);
    assert_eq!(changes.count(), 2, "{changes}");
    assert!(changes.to_string().contains("-  w 1;"), "{changes}");
}

fn many(schema: &Arc<Schema>, count: u32, kind: &str) -> Tree {
    let entries = (0..count).map(|n| format!("<if><name>{n}</name>{kind}<mac>x</mac></if>"));
    data(
        schema,
        &format!("<ifs>{}</ifs>", entries.collect::<String>()),
    )
}

const INTERFACES: &str = "
leaf mode
container ifs
  list if key=name
    leaf name
    leaf type
    leaf mac when=\"../type = 'eth'\"
    container more when=\"../mac\"
      leaf x
  leaf global when=\"../../mode\"
";

/// What the settling of a change visits in lists of these lengths.
fn visits(change: impl Fn(&Arc<Schema>, &Tree) -> Tree) -> Vec<u64> {
    let schema = outline(INTERFACES);
    let visits = [100, 1000, 4000].map(|count| {
        let base = many(&schema, count, "<type>eth</type>");
        let after = change(&schema, &base);
        let found = settled(&base, &after);
        assert_eq!(found.tree, settle_all(&after, BUDGET).0);
        found.visited
    });
    visits.to_vec()
}

/// The tree with the type of the interface 7 changed.
fn retyped(schema: &Arc<Schema>, tree: &Tree) -> Tree {
    let other = many(schema, 8, "<type>atm</type>");
    let id = schema.data_children(banyan_yang::schema::SchemaId::ROOT)[1];
    let (Some(Content::Container(mine)), Some(Content::Container(theirs))) =
        (tree.root().get(id), other.root().get(id))
    else {
        panic!("both have interfaces");
    };
    let list = schema.data_children(id)[0];
    let (Some(Content::List(all)), Some(Content::List(few))) = (mine.get(list), theirs.get(list))
    else {
        panic!("both have interfaces");
    };
    let entry = few.get(&[crate::Value::string("7")]).cloned().unwrap();
    let ifs = mine.with_child(list, Some(Content::List(all.with_entry(entry))));
    tree.with_root(tree.root().with_child(id, Some(Content::Container(ifs))))
}

#[test]
fn a_leaf_that_switches_its_neighbours_off_costs_the_same_in_a_list_of_any_length() {
    let visits = visits(retyped);
    assert!(visits.iter().all(|visited| *visited < 60), "{visits:?}");
    assert_eq!(visits[0], visits[2]);
}

#[test]
fn a_leaf_elsewhere_does_not_make_conditions_be_looked_through() {
    let visits = visits(|schema, base| {
        let mode = data(schema, "<mode>x</mode>");
        let id = schema.data_children(banyan_yang::schema::SchemaId::ROOT)[0];
        base.with_root(base.root().with_child(id, mode.root().get(id).cloned()))
    });
    assert!(visits.iter().all(|visited| *visited < 20), "{visits:?}");
}

#[test]
fn what_comes_without_its_condition_goes_and_is_named() {
    let schema = outline(INTERFACES);
    let base = many(&schema, 2, "<type>eth</type>");
    let after = many(&schema, 3, "<type>eth</type>");
    assert!(settled(&base, &after).removed.is_empty());
    let wrong = data(
        &schema,
        "<ifs><if><name>0</name><mac>x</mac><more><x>1</x></more></if><global>1</global></ifs>",
    );
    let found = settled(&data(&schema, ""), &wrong);
    assert_eq!(
        found.tree,
        data(&schema, "<ifs><if><name>0</name></if></ifs>")
    );
    assert_eq!(found.removed.len(), 3);
}
