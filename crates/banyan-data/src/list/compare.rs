//! Comparing two sequences by walking both at once and skipping the subtrees that they share.

use std::cmp::Ordering;

use crate::btree::{BTree, Branch, Child, Separator, steps};

/// Walks two trees in order and yields what stands in one of them only, or in both but not the same.
///
/// Subtrees with equal pointers are skipped wherever they stand at the same place of the order, even when
/// the trees differ in shape, so the walk costs O(d · log n) for d differences between a tree and one that
/// was made from it.
pub(super) struct Compare<'a, T, O, S> {
    left: Cursor<'a, T>,
    right: Cursor<'a, T>,
    order: O,
    same: S,
}

/// The rest of one tree, unfolded only as far as needed.
struct Cursor<'a, T> {
    frames: Vec<Frame<'a, T>>,
}

enum Frame<'a, T> {
    Items(&'a [T]),
    Children(&'a [Separator<T>], &'a [Child<T>]),
}

/// What comes next in a cursor.
enum Next<'a, T> {
    Item(&'a T),
    Subtree(&'a Separator<T>, &'a Branch<T>),
}

impl<'a, T> Next<'a, T> {
    fn first(&self) -> &'a T {
        match self {
            Next::Item(item) => item,
            Next::Subtree(separator, _) => &separator.first,
        }
    }
}

impl<'a, T: Clone> Cursor<'a, T> {
    fn new(tree: &'a BTree<T>) -> Self {
        let mut cursor = Cursor { frames: Vec::new() };
        cursor.enter(&tree.root);
        cursor
    }

    fn enter(&mut self, branch: &'a Branch<T>) {
        steps::count();
        self.frames.push(match branch {
            Branch::Leaf(items) => Frame::Items(&items.slice),
            Branch::Inner(inner) => {
                Frame::Children(&inner.header.header.separators.slice, &inner.slice)
            }
        });
    }

    fn peek(&mut self) -> Option<Next<'a, T>> {
        loop {
            match self.frames.last()? {
                Frame::Items([item, ..]) => return Some(Next::Item(item)),
                Frame::Children([separator, ..], [child, ..]) => {
                    return Some(Next::Subtree(separator, &child.branch));
                }
                _ => {
                    self.frames.pop();
                }
            }
        }
    }

    fn skip(&mut self) {
        match self.frames.last_mut() {
            Some(Frame::Items(items)) => *items = items.get(1..).unwrap_or(&[]),
            Some(Frame::Children(separators, children)) => {
                *separators = separators.get(1..).unwrap_or(&[]);
                *children = children.get(1..).unwrap_or(&[]);
            }
            None => {}
        }
    }

    fn unfold(&mut self, branch: &'a Branch<T>) {
        self.skip();
        self.enter(branch);
    }
}

impl<'a, T, O, S> Compare<'a, T, O, S>
where
    T: Clone,
    O: Fn(&T, &T) -> Ordering,
    S: Fn(&T, &T) -> bool,
{
    /// `order` sorts the items of both trees; `same` says that two items of equal order do not differ.
    pub(super) fn new(left: &'a BTree<T>, right: &'a BTree<T>, order: O, same: S) -> Self {
        let (left, right) = if left.ptr_eq(right) {
            (Cursor { frames: Vec::new() }, Cursor { frames: Vec::new() })
        } else {
            (Cursor::new(left), Cursor::new(right))
        };
        Compare {
            left,
            right,
            order,
            same,
        }
    }
}

impl<'a, T, O, S> Iterator for Compare<'a, T, O, S>
where
    T: Clone,
    O: Fn(&T, &T) -> Ordering,
    S: Fn(&T, &T) -> bool,
{
    type Item = (Option<&'a T>, Option<&'a T>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (left, right) = (self.left.peek(), self.right.peek());
            let order = match (&left, &right) {
                (None, None) => return None,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(Next::Subtree(_, a)), Some(Next::Subtree(_, b))) if a.ptr_eq(b) => {
                    self.left.skip();
                    self.right.skip();
                    continue;
                }
                (Some(a), Some(b)) => (self.order)(a.first(), b.first()),
            };
            match (order, left, right) {
                (Ordering::Less, Some(Next::Item(item)), _) => {
                    self.left.skip();
                    return Some((Some(item), None));
                }
                (Ordering::Greater, _, Some(Next::Item(item))) => {
                    self.right.skip();
                    return Some((None, Some(item)));
                }
                (Ordering::Equal, Some(Next::Item(a)), Some(Next::Item(b))) => {
                    self.left.skip();
                    self.right.skip();
                    if !(self.same)(a, b) {
                        return Some((Some(a), Some(b)));
                    }
                }
                (Ordering::Equal, Some(Next::Subtree(_, a)), Some(Next::Subtree(_, b))) => {
                    // The taller one first: the other may be shared with one of its subtrees.
                    let (high, low) = (a.height(), b.height());
                    if high >= low {
                        self.left.unfold(a);
                    }
                    if low >= high {
                        self.right.unfold(b);
                    }
                }
                (Ordering::Less | Ordering::Equal, Some(Next::Subtree(_, a)), _) => {
                    self.left.unfold(a);
                }
                (_, _, Some(Next::Subtree(_, b))) => self.right.unfold(b),
                // Excluded: `Less` has a left side, `Greater` a right one, `Equal` both.
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn differences(a: &BTree<u32>, b: &BTree<u32>) -> (Vec<u32>, Vec<u32>) {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (x, y) in Compare::new(a, b, |x, y| x.cmp(y), |_, _| true) {
            left.extend(x.filter(|_| y.is_none()).copied());
            right.extend(y.filter(|_| x.is_none()).copied());
        }
        (left, right)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn finds_exactly_what_one_has_and_the_other_has_not(
            len in 0u32..4000,
            out in proptest::collection::btree_set(0u32..8000, 0..60),
            into in proptest::collection::btree_set(0u32..8000, 0..60),
        ) {
            let old: BTreeSet<u32> = (0..len).map(|item| item * 2).collect();
            let a = BTree::packed(old.iter().copied().collect());
            let mut b = a.clone();
            let mut new = old.clone();
            for item in &out {
                if new.remove(item) {
                    b = b.removed(b.locate(None, |other| other.cmp(item)).unwrap());
                }
            }
            for item in &into {
                if new.insert(*item) {
                    b = b.inserted(b.locate(None, |other| other.cmp(item)).unwrap_err(), *item);
                }
            }
            let (left, right) = differences(&a, &b);
            prop_assert!(left.iter().eq(old.difference(&new)));
            prop_assert!(right.iter().eq(new.difference(&old)));
        }
    }

    #[test]
    fn shared_subtrees_are_not_entered_whatever_the_shape() {
        let a = BTree::packed((0..100_000u32).map(|item| item * 2).collect());
        let levels = a.root.height() + 1;
        // One replaced item: one path on either side.
        let b = a.replaced(50_000, 100_000);
        let (found, steps) =
            steps::of(|| Compare::new(&a, &b, |x, y| x.cmp(y), |_, _| false).count());
        assert!(found <= crate::btree::MAX);
        assert_eq!(steps, 2 * levels);
    }

    #[test]
    fn splits_and_growth_do_not_make_the_walk_longer() {
        let a = BTree::packed((0..100_000u32).map(|item| item * 100).collect());
        let levels = a.root.height() + 1;
        // Fifty items in one place split leaves and inner branches.
        let mut b = a.clone();
        for item in 1..=50 {
            let at = b
                .locate(None, |other| other.cmp(&(5_000_000 + item)))
                .unwrap_err();
            b = b.inserted(at, 5_000_000 + item);
        }
        let ((left, right), steps) = steps::of(|| differences(&a, &b));
        assert_eq!((left.len(), right.len()), (0, 50));
        assert!(steps <= 5 * levels, "{steps}");
        // Back again: joins of leaves.
        let (found, steps) = steps::of(|| differences(&b, &a).0.len());
        assert_eq!(found, 50);
        assert!(steps <= 5 * levels, "{steps}");
        // A new greatest item.
        let c = a.inserted(a.len(), u32::MAX);
        let ((_, right), steps) = steps::of(|| differences(&a, &c));
        assert_eq!(right, [u32::MAX]);
        assert!(steps <= 3 * levels, "{steps}");
    }
}
