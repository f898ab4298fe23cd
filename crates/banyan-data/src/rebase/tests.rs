//! What is joined and what is a conflict.

use proptest::prelude::*;

use super::*;
use crate::change::diff;
use crate::edit::{Edit, Operation};
use crate::list::At;
use crate::testmodel::{Random, annotated, path, random_tree, schema};

fn edit(
    tree: &Tree,
    operation: Operation,
    at: &str,
    value: Option<u64>,
    place: Option<At>,
) -> Tree {
    let at = path(tree.schema(), at);
    Edit::at_path(tree, &at, operation, value.map(Value::Uint), place, tree)
        .and_then(|edit| edit.apply(tree))
        .unwrap_or_else(|error| panic!("{error}"))
}

fn set(tree: &Tree, at: &str, value: u64) -> Tree {
    edit(tree, Operation::Merge, at, Some(value), None)
}

fn base() -> Tree {
    let tree = Tree::empty(schema());
    let tree = set(&tree, "/interfaces/interface{a}/mtu", 1);
    let tree = set(&tree, "/interfaces/interface{b}/mtu", 1);
    ["x", "y", "z"].iter().fold(tree, |tree, rule| {
        edit(
            &tree,
            Operation::Merge,
            &format!("/acl/rule{{{rule}}}"),
            None,
            None,
        )
    })
}

fn shown(result: Result<Tree, Vec<Conflict>>) -> String {
    match result {
        Ok(_) => "no conflict".to_owned(),
        Err(conflicts) => {
            let lines: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
            lines.join("\n")
        }
    }
}

#[test]
fn an_entry_that_both_create_at_different_places_is_a_conflict() {
    let base = base();
    let create = |place| {
        let at = "/acl/rule{new}";
        edit(&base, Operation::Merge, at, None, Some(place))
    };
    let (front, end) = (create(At::First), create(At::Last));
    assert_eq!(
        shown(rebase(&base, &front, &end)),
        "/acme:acl/rule[name='new']: created at the front here, created after z meanwhile"
    );
    assert_eq!(
        shown(rebase(&base, &front, &create(At::First))),
        "no conflict"
    );
}

#[test]
fn changes_of_different_leaves_are_joined() {
    let base = base();
    let mine = set(&base, "/interfaces/interface{a}/mtu", 2);
    let theirs = set(&base, "/interfaces/interface{b}/mtu", 3);
    let both = set(&mine, "/interfaces/interface{b}/mtu", 3);
    assert_eq!(rebase(&base, &mine, &theirs), Ok(both));
}

#[test]
fn changes_in_a_container_that_neither_had_are_joined() {
    let base = base();
    let mine = set(&base, "/server/port", 2);
    let theirs = edit(&base, Operation::Merge, "/server/allowed{q}", None, None);
    let both = edit(&mine, Operation::Merge, "/server/allowed{q}", None, None);
    assert_eq!(rebase(&base, &mine, &theirs), Ok(both));
}

#[test]
fn a_container_that_they_have_emptied_comes_back_with_what_i_add() {
    let base = set(&base(), "/server/port", 1);
    let mine = edit(&base, Operation::Merge, "/server/allowed{q}", None, None);
    let theirs = edit(&base, Operation::Delete, "/server/port", None, None);
    let both = edit(&theirs, Operation::Merge, "/server/allowed{q}", None, None);
    assert_eq!(rebase(&base, &mine, &theirs), Ok(both.clone()));
    assert_eq!(rebase(&base, &theirs, &mine), Ok(both));
}

#[test]
fn the_same_change_of_both_sides_is_no_conflict() {
    let base = base();
    let mine = set(&base, "/interfaces/interface{a}/mtu", 2);
    let theirs = set(&base, "/interfaces/interface{a}/mtu", 2);
    assert_eq!(rebase(&base, &mine, &theirs), Ok(mine));
}

#[test]
fn conflicts_are_listed_by_path_with_what_each_side_did() {
    let base = base();
    let mine = set(&base, "/interfaces/interface{a}/mtu", 2);
    let mine = edit(
        &mine,
        Operation::Delete,
        "/interfaces/interface{b}",
        None,
        None,
    );
    let mine = set(&mine, "/server/port", 1);
    let theirs = set(&base, "/interfaces/interface{a}/mtu", 3);
    let theirs = set(&theirs, "/interfaces/interface{b}/mtu", 3);
    let theirs = set(&theirs, "/server/udp-port", 1);
    insta::assert_snapshot!(shown(rebase(&base, &mine, &theirs)), @r"
    /acme:interfaces/interface[name='a']/mtu: set to 2 here, set to 3 meanwhile
    /acme:interfaces/interface[name='b']: deleted here, changed meanwhile
    /acme:server/port: set to 1 here, /acme:server/udp-port set to 1 meanwhile
    ");
}

#[test]
fn an_entry_that_both_create_is_in_conflict_where_its_values_differ() {
    let base = base();
    let mine = set(&base, "/interfaces/interface{new}/mtu", 2);
    let theirs = set(&base, "/interfaces/interface{new}/mtu", 3);
    insta::assert_snapshot!(
        shown(rebase(&base, &mine, &theirs)),
        @"/acme:interfaces/interface[name='new']/mtu: set to 2 here, set to 3 meanwhile"
    );
    let bare = edit(
        &base,
        Operation::Merge,
        "/interfaces/interface{new}",
        None,
        None,
    );
    insta::assert_snapshot!(
        shown(rebase(&base, &bare, &theirs)),
        @"/acme:interfaces/interface[name='new']: created here, created meanwhile"
    );
}

#[test]
fn places_in_a_users_order_conflict_only_when_their_outcome_depends_on_who_was_first() {
    let base = base();
    let key = |name: &str| vec![Value::string(name)];
    let put = |tree: &Tree, name: &str, at| {
        edit(
            tree,
            Operation::Merge,
            &format!("/acl/rule{{{name}}}"),
            None,
            Some(at),
        )
    };
    let mine = put(&base, "m", At::After(key("x")));
    let theirs = put(&base, "t", At::After(key("z")));
    let both = put(&mine, "t", At::After(key("z")));
    assert_eq!(rebase(&base, &mine, &theirs), Ok(both));
    let theirs = put(&base, "t", At::After(key("x")));
    assert!(rebase(&base, &mine, &theirs).is_err(), "both after x");
    let theirs = put(&base, "x", At::Last);
    assert!(rebase(&base, &mine, &theirs).is_err(), "x has moved away");
    let theirs = edit(&base, Operation::Delete, "/acl/rule{x}", None, None);
    assert!(rebase(&base, &mine, &theirs).is_err(), "x is gone");
    assert!(
        rebase(&base, &theirs, &mine).is_err(),
        "and the other way round"
    );
}

#[test]
fn where_a_side_is_preferred_only_what_is_in_conflict_is_decided() {
    let base = base();
    let mine = set(&base, "/interfaces/interface{a}/mtu", 2);
    let mine = set(&mine, "/interfaces/interface{m}/mtu", 2);
    let mine = set(&mine, "/server/port", 1);
    let theirs = set(&base, "/interfaces/interface{a}/mtu", 3);
    let theirs = set(&theirs, "/interfaces/interface{t}/mtu", 3);
    let theirs = set(&theirs, "/server/udp-port", 1);
    let both = |a: u64, case: &str| {
        let tree = set(&base, "/interfaces/interface{a}/mtu", a);
        let tree = set(&tree, "/interfaces/interface{m}/mtu", 2);
        let tree = set(&tree, "/interfaces/interface{t}/mtu", 3);
        set(&tree, case, 1)
    };
    let joined = |prefer| rebase_preferring(&base, &mine, &theirs, prefer);
    assert_eq!(joined(Prefer::Mine), Ok(both(2, "/server/port")));
    assert_eq!(joined(Prefer::Theirs), Ok(both(3, "/server/udp-port")));
    // One deletes what the other changes.
    let gone = edit(
        &base,
        Operation::Delete,
        "/interfaces/interface{a}",
        None,
        None,
    );
    let joined = |mine, theirs, prefer| rebase_preferring(&base, mine, theirs, prefer);
    assert_eq!(joined(&gone, &theirs, Prefer::Theirs), Ok(theirs.clone()));
    let kept = joined(&theirs, &gone, Prefer::Mine).unwrap();
    assert_eq!(kept, theirs);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Without conflicts a preference decides nothing.
    #[test]
    fn a_preference_decides_conflicts_alone(seed in 1u64..) {
        let schema = schema();
        let mut random = Random(seed);
        let base = random_tree(&schema, &mut random);
        let part = |random: &mut Random| {
            let other = random_tree(&schema, random);
            let mut changes = diff(&base, &other);
            changes.changes.retain(|_| random.chance(30));
            changes.apply(&base).unwrap_or(other)
        };
        let (mine, theirs) = (part(&mut random), part(&mut random));
        let preferring = |prefer| rebase_preferring(&base, &mine, &theirs, prefer);
        if let Ok(joined) = rebase(&base, &mine, &theirs) {
            prop_assert_eq!(preferring(Prefer::Mine), Ok(joined.clone()));
            prop_assert_eq!(preferring(Prefer::Theirs), Ok(joined));
        }
    }

    /// Whichever side comes first: the same outcome, or a conflict both ways.
    #[test]
    fn rebasing_commutes(seed in 1u64..) {
        let schema = schema();
        let mut random = Random(seed);
        let mut base = random_tree(&schema, &mut random);
        if random.chance(30) {
            base = annotated(&base, &mut random);
        }
        let part = |random: &mut Random| {
            let mut other = random_tree(&schema, random);
            if random.chance(30) {
                other = annotated(&other, random);
            }
            let mut changes = diff(&base, &other);
            changes.changes.retain(|_| random.chance(20));
            changes.apply(&base).unwrap_or(other)
        };
        let (mine, theirs) = (part(&mut random), part(&mut random));
        match (rebase(&base, &mine, &theirs), rebase(&base, &theirs, &mine)) {
            (Ok(one), Ok(other)) => prop_assert_eq!(one, other),
            (Err(_), Err(_)) => {}
            (one, other) => prop_assert!(false, "{} but {}", shown(one), shown(other)),
        }
    }

    #[test]
    fn a_rebase_onto_an_unchanged_base_is_the_change_itself(seed in 1u64..) {
        let schema = schema();
        let mut random = Random(seed);
        let base = random_tree(&schema, &mut random);
        let mine = random_tree(&schema, &mut random);
        let same = random_tree(&schema, &mut Random(seed));
        prop_assert_eq!(rebase(&base, &mine, &same), Ok(mine.clone()));
        prop_assert_eq!(rebase(&base, &same, &mine), Ok(mine.clone()));
        prop_assert_eq!(rebase(&base, &mine, &mine), Ok(mine));
    }
}
