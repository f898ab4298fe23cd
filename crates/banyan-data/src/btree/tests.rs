use proptest::prelude::*;

use super::*;

impl Item for u32 {
    fn head(&self) -> u128 {
        // Coarser than the items, so that searches meet equal heads.
        u128::from(*self / 100)
    }
}

/// Panics unless every branch but the root is at least half full and all counts and separators are right.
fn check(tree: &BTree<u32>) {
    fn branch(at: &Branch<u32>, root: bool) {
        assert!(at.width() <= MAX);
        assert!(root || at.width() >= MIN, "underfull: {}", at.width());
        if let Branch::Inner(inner) = at {
            assert!(inner.slice.len() >= 2);
            let lens: usize = inner.slice.iter().map(|child| child.branch.len()).sum();
            assert_eq!(at.len(), lens);
            let separators = &inner.header.header.separators.slice;
            assert_eq!(separators.len(), inner.slice.len());
            for (separator, child) in separators.iter().zip(&inner.slice) {
                assert_eq!(child.len, child.branch.len());
                assert_eq!(Some(&separator.first), child.branch.first());
                assert_eq!(separator.head, separator.first.head());
                assert_eq!(child.branch.height() + 1, at.height());
                branch(&child.branch, false);
            }
        }
    }
    branch(&tree.root, true);
}

#[derive(Clone, Debug)]
enum Step {
    Insert(usize, u32),
    Remove(usize),
    Replace(usize, u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (any::<usize>(), any::<u32>()).prop_map(|(at, item)| Step::Insert(at, item)),
        2 => any::<usize>().prop_map(Step::Remove),
        1 => (any::<usize>(), any::<u32>()).prop_map(|(at, item)| Step::Replace(at, item)),
    ];
    proptest::collection::vec(step, 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn behaves_as_a_vector_and_stays_balanced(start in 0usize..3000, steps in steps()) {
        let mut model: Vec<u32> = (0..start as u32).collect();
        let mut tree = BTree::packed(model.clone());
        check(&tree);
        for step in steps {
            let old = tree.clone();
            let before = model.clone();
            match step {
                Step::Insert(at, item) => {
                    let at = at % (model.len() + 1);
                    model.insert(at, item);
                    tree = tree.inserted(at, item);
                }
                Step::Remove(at) if !model.is_empty() => {
                    let at = at % model.len();
                    model.remove(at);
                    tree = tree.removed(at);
                }
                Step::Replace(at, item) if !model.is_empty() => {
                    let at = at % model.len();
                    model[at] = item;
                    tree = tree.replaced(at, item);
                }
                _ => {}
            }
            prop_assert_eq!(old.len(), before.len());
        }
        check(&tree);
        prop_assert!(tree.iter().eq(model.iter()));
        let from = model.len() / 3;
        prop_assert!(tree.iter_from(from).eq(model[from..].iter()));
        for (index, item) in model.iter().enumerate() {
            prop_assert_eq!(tree.nth(index), Some(item));
        }
    }
}

#[test]
fn shrinking_from_either_end_keeps_the_shape_and_ends_in_an_empty_leaf() {
    let mut front = BTree::packed((0..5000).collect());
    let mut back = front.clone();
    while front.len() > 0 {
        front = front.removed(0);
        back = back.removed(back.len() - 1);
        if front.len() % 97 == 0 {
            check(&front);
            check(&back);
        }
    }
    assert_eq!(back.len(), 0);
    assert_eq!(back.root.height(), 0);
}

#[test]
fn bulk_building_fills_the_leaves() {
    for len in [
        0,
        1,
        MAX - 1,
        MAX,
        MAX + 1,
        MAX + MIN - 1,
        MAX + MIN,
        2 * MAX + 1,
        MAX * MAX,
        MAX * MAX + 1,
        100_000,
    ] {
        let len = len as u32;
        let tree = BTree::packed((0..len).collect());
        check(&tree);
        assert!(tree.iter().copied().eq(0..len));
    }
    let tree = BTree::packed((0..MAX.pow(3) as u32).collect());
    assert_eq!(tree.root.height(), 2);
}

#[test]
fn every_access_and_change_visits_one_branch_a_level() {
    let tree = BTree::packed((0..1_000_000u32).collect());
    let levels = tree.root.height() + 1;
    assert_eq!(levels, 6);
    assert_eq!(
        steps::of(|| tree.find(Some(777_777.head()), |item| item.cmp(&777_777))),
        (Some(&777_777), levels)
    );
    assert_eq!(
        steps::of(|| tree.locate(Some(777_777.head()), |item| item.cmp(&777_777))),
        (Ok(777_777), levels)
    );
    assert_eq!(steps::of(|| tree.nth(999_999)), (Some(&999_999), levels));
    assert_eq!(steps::of(|| tree.replaced(500_000, 0)).1, levels);
    assert_eq!(steps::of(|| tree.inserted(500_000, 0)).1, levels);
    assert_eq!(steps::of(|| tree.removed(500_000)).1, levels);
}

#[test]
fn an_old_version_is_unchanged_by_what_follows() {
    let old = BTree::packed((0..2000u32).collect());
    let mut new = old.clone();
    for item in 0..500 {
        new = new
            .removed(item as usize)
            .inserted(0, item)
            .replaced(7, item);
    }
    assert!(old.iter().copied().eq(0..2000));
}

/// The separators of the root, as an address.
fn separators(tree: &BTree<u32>) -> *const std::ffi::c_void {
    match &tree.root {
        Branch::Inner(inner) => inner.header.header.separators.as_ptr(),
        Branch::Leaf(_) => panic!("one leaf"),
    }
}

#[test]
fn separators_are_shared_until_a_child_has_another_first_item() {
    let tree = BTree::packed((0..1000).collect());
    let same = tree.replaced(7, 7).removed(7).inserted(7, 7);
    assert_eq!(separators(&same), separators(&tree));
    let first = tree.replaced(0, 0);
    assert_ne!(separators(&first), separators(&tree));
    check(&first);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Heads only make a search shorter; those of `u32` here are often equal.
    #[test]
    fn a_search_by_head_finds_what_a_search_without_finds(
        items in proptest::collection::btree_set(0u32..3000, 0..600),
        wanted in proptest::collection::vec(0u32..3100, 1..50),
    ) {
        let tree = BTree::packed(items.iter().copied().collect());
        for wanted in wanted {
            let head = Some(wanted.head());
            let place = tree.locate(head, |item| item.cmp(&wanted));
            prop_assert_eq!(place, tree.locate(None, |item| item.cmp(&wanted)));
            prop_assert_eq!(place.is_ok(), items.contains(&wanted));
            let found = tree.find(head, |item| item.cmp(&wanted));
            prop_assert_eq!(found.copied(), items.get(&wanted).copied());
        }
    }
}
