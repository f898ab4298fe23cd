//! A persistent sequence: a counted copy-on-write B+tree.
//!
//! It knows positions and pointers, not what its items mean: who keeps the items sorted searches with a
//! probe. A change copies the branches on one path, O(log n), and shares all others with the tree it came
//! from; a sequence of up to [`MAX`] items is one leaf, that is one slice. No parent pointers, no `unsafe`.

use std::cmp::Ordering;

use triomphe::ThinArc;

/// The most items of a leaf and children of an inner branch. All but the root have at least half.
pub(crate) const MAX: usize = 16;
const MIN: usize = MAX / 2;

/// A persistent sequence of `T`; a clone costs a reference count.
#[derive(Clone)]
pub(crate) struct BTree<T> {
    pub(crate) root: Branch<T>,
}

/// A subtree.
#[derive(Clone)]
pub(crate) enum Branch<T> {
    /// The items themselves.
    Leaf(ThinArc<(), T>),
    /// At least two subtrees of equal height (one, in passing, while an underfull one is joined).
    Inner(ThinArc<Inner, Child<T>>),
}

/// What an inner branch knows beside its children.
pub(crate) struct Inner {
    len: usize,
    height: usize,
}

/// One subtree in its parent, with what a search asks of it without going there.
#[derive(Clone)]
pub(crate) struct Child<T> {
    /// The first item below: the separator. Always the current one, so that no old item is kept alive.
    pub(crate) first: T,
    len: usize,
    pub(crate) branch: Branch<T>,
}

/// What an insertion or a join left.
enum Grown<T> {
    /// It fits in one branch.
    One(Branch<T>),
    /// The branch was full and became two of at least half size.
    Two(Branch<T>, Branch<T>),
}

impl<T: Clone> Branch<T> {
    fn leaf(items: impl ExactSizeIterator<Item = T>) -> Self {
        Branch::Leaf(ThinArc::from_header_and_iter((), items))
    }

    fn inner(children: Vec<Child<T>>) -> Self {
        let head = Inner {
            len: children.iter().map(|child| child.len).sum(),
            height: children.first().map_or(0, |child| child.branch.height()) + 1,
        };
        Branch::Inner(ThinArc::from_header_and_iter(head, children.into_iter()))
    }

    /// Number of items below. O(1).
    fn len(&self) -> usize {
        match self {
            Branch::Leaf(items) => items.slice.len(),
            Branch::Inner(inner) => inner.header.header.len,
        }
    }

    /// Levels of inner branches down to the leaves: 0 for a leaf.
    pub(crate) fn height(&self) -> usize {
        match self {
            Branch::Leaf(_) => 0,
            Branch::Inner(inner) => inner.header.header.height,
        }
    }

    /// Direct items or children.
    fn width(&self) -> usize {
        match self {
            Branch::Leaf(items) => items.slice.len(),
            Branch::Inner(inner) => inner.slice.len(),
        }
    }

    fn first(&self) -> Option<&T> {
        match self {
            Branch::Leaf(items) => items.slice.first(),
            Branch::Inner(inner) => inner.slice.first().map(|child| &child.first),
        }
    }

    /// As a child of a parent; `None` when it is empty.
    fn into_child(self) -> Option<Child<T>> {
        Some(Child {
            first: self.first()?.clone(),
            len: self.len(),
            branch: self,
        })
    }

    pub(crate) fn ptr_eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Branch::Leaf(a), Branch::Leaf(b)) => a.as_ptr() == b.as_ptr(),
            (Branch::Inner(a), Branch::Inner(b)) => a.as_ptr() == b.as_ptr(),
            _ => false,
        }
    }

    fn replaced(&self, index: usize, item: T) -> Self {
        steps::count();
        match self {
            Branch::Leaf(items) => {
                let mut copy = items.slice.to_vec();
                if let Some(place) = copy.get_mut(index) {
                    *place = item;
                }
                Branch::leaf(copy.into_iter())
            }
            Branch::Inner(inner) => {
                let (at, within) = child_at(&inner.slice, index);
                let branch = inner.slice[at].branch.replaced(within, item);
                splice(&inner.slice, at..at + 1, branch.into_child())
            }
        }
    }

    fn inserted(&self, index: usize, item: T) -> Grown<T> {
        steps::count();
        match self {
            Branch::Leaf(items) => {
                let mut copy = Vec::with_capacity(items.slice.len() + 1);
                copy.extend_from_slice(&items.slice[..index]);
                copy.push(item);
                copy.extend_from_slice(&items.slice[index..]);
                split_items(copy)
            }
            Branch::Inner(inner) => {
                let (at, within) = child_at(&inner.slice, index);
                let (one, two) = match inner.slice[at].branch.inserted(within, item) {
                    Grown::One(branch) => (branch, None),
                    Grown::Two(left, right) => (left, Some(right)),
                };
                let grown = one.into_child().into_iter();
                let grown = grown.chain(two.and_then(Branch::into_child));
                split_children(spliced(&inner.slice, at..at + 1, grown))
            }
        }
    }

    /// Without the item at `index`; the result may be underfull, which the parent mends.
    fn removed(&self, index: usize) -> Self {
        steps::count();
        match self {
            Branch::Leaf(items) => {
                let mut copy = items.slice.to_vec();
                if index < copy.len() {
                    copy.remove(index);
                }
                Branch::leaf(copy.into_iter())
            }
            Branch::Inner(inner) => {
                let children = &inner.slice;
                let (at, within) = child_at(children, index);
                let branch = children[at].branch.removed(within);
                if branch.width() >= MIN || children.len() == 1 {
                    return splice(children, at..at + 1, branch.into_child());
                }
                // Underfull: join it with a neighbour, which splits again if it is too much for one.
                let (from, joined) = if at > 0 {
                    (at - 1, children[at - 1].branch.joined(&branch))
                } else {
                    (at, branch.joined(&children[at + 1].branch))
                };
                let (one, two) = match joined {
                    Grown::One(branch) => (branch, None),
                    Grown::Two(left, right) => (left, Some(right)),
                };
                let joined = one.into_child().into_iter();
                let joined = joined.chain(two.and_then(Branch::into_child));
                splice(children, from..from + 2, joined)
            }
        }
    }

    /// The two branches, which are neighbours of one height, as one or two.
    fn joined(&self, right: &Self) -> Grown<T> {
        match (self, right) {
            (Branch::Leaf(a), Branch::Leaf(b)) => split_items([&a.slice, &b.slice].concat()),
            (Branch::Inner(a), Branch::Inner(b)) => split_children([&a.slice, &b.slice].concat()),
            // Neighbours have equal height; should that ever fail, the tree stays right, only not joined.
            _ => Grown::Two(self.clone(), right.clone()),
        }
    }
}

fn split_items<T: Clone>(mut items: Vec<T>) -> Grown<T> {
    if items.len() <= MAX {
        return Grown::One(Branch::leaf(items.into_iter()));
    }
    let right = items.split_off(items.len() / 2);
    Grown::Two(
        Branch::leaf(items.into_iter()),
        Branch::leaf(right.into_iter()),
    )
}

fn split_children<T: Clone>(mut children: Vec<Child<T>>) -> Grown<T> {
    if children.len() <= MAX {
        return Grown::One(Branch::inner(children));
    }
    let right = children.split_off(children.len() / 2);
    Grown::Two(Branch::inner(children), Branch::inner(right))
}

/// `children` with `range` replaced.
fn spliced<T: Clone>(
    children: &[Child<T>],
    range: std::ops::Range<usize>,
    new: impl IntoIterator<Item = Child<T>>,
) -> Vec<Child<T>> {
    let mut copy = Vec::with_capacity(children.len() + 1);
    copy.extend_from_slice(&children[..range.start]);
    copy.extend(new);
    copy.extend_from_slice(&children[range.end..]);
    copy
}

fn splice<T: Clone>(
    children: &[Child<T>],
    range: std::ops::Range<usize>,
    new: impl IntoIterator<Item = Child<T>>,
) -> Branch<T> {
    Branch::inner(spliced(children, range, new))
}

/// The child that holds position `index`, and the position in it. The end of a child belongs to it, so
/// that an insertion between two children goes to the left one, where a search for its key will look.
fn child_at<T>(children: &[Child<T>], index: usize) -> (usize, usize) {
    let mut within = index;
    let last = children.len() - 1;
    for (at, child) in children.iter().enumerate() {
        if within < child.len || at == last {
            return (at, within);
        }
        within -= child.len;
    }
    (last, within)
}

impl<T: Clone> BTree<T> {
    /// All of `items`, in their order, in full leaves. O(n).
    pub(crate) fn packed(items: Vec<T>) -> Self {
        let sizes = chunk_sizes(items.len());
        let mut items = items.into_iter();
        let mut level: Vec<Branch<T>> = sizes
            .map(|size| Branch::leaf(items.by_ref().take(size)))
            .collect();
        while level.len() > 1 {
            let sizes = chunk_sizes(level.len());
            let mut children = level.into_iter().filter_map(Branch::into_child);
            level = sizes
                .map(|size| Branch::inner(children.by_ref().take(size).collect()))
                .collect();
        }
        BTree {
            root: level
                .pop()
                .unwrap_or_else(|| Branch::leaf(Vec::new().into_iter())),
        }
    }

    /// Number of items. O(1).
    pub(crate) fn len(&self) -> usize {
        self.root.len()
    }

    /// Whether the two are the same root, and so equal. O(1).
    pub(crate) fn ptr_eq(&self, other: &Self) -> bool {
        self.root.ptr_eq(&other.root)
    }

    /// The item at `index`. O(log n).
    pub(crate) fn nth(&self, mut index: usize) -> Option<&T> {
        if index >= self.len() {
            return None;
        }
        let mut branch = &self.root;
        loop {
            steps::count();
            match branch {
                Branch::Leaf(items) => return items.slice.get(index),
                Branch::Inner(inner) => {
                    let (at, within) = child_at(&inner.slice, index);
                    index = within;
                    branch = &inner.slice[at].branch;
                }
            }
        }
    }

    /// Where the item is for which `probe` says `Equal`, or where it would go; `probe` tells how an item
    /// compares with what is sought, and the items are sorted by it. O(log n).
    pub(crate) fn locate(&self, probe: impl Fn(&T) -> Ordering) -> Result<usize, usize> {
        let mut before = 0;
        let mut branch = &self.root;
        loop {
            steps::count();
            match branch {
                Branch::Leaf(items) => {
                    return match items.slice.binary_search_by(&probe) {
                        Ok(index) => Ok(before + index),
                        Err(index) => Err(before + index),
                    };
                }
                Branch::Inner(inner) => {
                    let next = child_for(&inner.slice, &probe);
                    before += inner.slice[..next]
                        .iter()
                        .map(|child| child.len)
                        .sum::<usize>();
                    branch = &inner.slice[next].branch;
                }
            }
        }
    }

    /// The item for which `probe` says `Equal`. O(log n).
    pub(crate) fn find(&self, probe: impl Fn(&T) -> Ordering) -> Option<&T> {
        let mut branch = &self.root;
        loop {
            steps::count();
            match branch {
                Branch::Leaf(items) => {
                    let index = items.slice.binary_search_by(&probe).ok()?;
                    return items.slice.get(index);
                }
                Branch::Inner(inner) => {
                    branch = &inner.slice[child_for(&inner.slice, &probe)].branch;
                }
            }
        }
    }

    /// With another item at `index`, which must exist. O(log n).
    pub(crate) fn replaced(&self, index: usize, item: T) -> Self {
        debug_assert!(index < self.len());
        BTree {
            root: self.root.replaced(index, item),
        }
    }

    /// With one more item, at `index` (at most the length). O(log n).
    pub(crate) fn inserted(&self, index: usize, item: T) -> Self {
        debug_assert!(index <= self.len());
        let root = match self.root.inserted(index, item) {
            Grown::One(root) => root,
            Grown::Two(left, right) => Branch::inner(
                left.into_child()
                    .into_iter()
                    .chain(right.into_child())
                    .collect(),
            ),
        };
        BTree { root }
    }

    /// Without the item at `index`, which must exist. O(log n).
    pub(crate) fn removed(&self, index: usize) -> Self {
        debug_assert!(index < self.len());
        let mut root = self.root.removed(index);
        // A root with a single child is no use.
        while let Branch::Inner(inner) = &root {
            let [only] = &inner.slice else { break };
            root = only.branch.clone();
        }
        BTree { root }
    }

    /// The items in order, from position `start` on. O(log n) to begin, O(1) each.
    pub(crate) fn iter_from(&self, start: usize) -> Iter<'_, T> {
        let mut iter = Iter {
            inner: Vec::new(),
            leaf: [].iter(),
            remaining: self.len().saturating_sub(start),
        };
        if iter.remaining > 0 {
            let mut branch = &self.root;
            let mut index = start;
            while let Branch::Inner(inner) = branch {
                let (at, within) = child_at(&inner.slice, index);
                iter.inner.push(inner.slice[at + 1..].iter());
                index = within;
                branch = &inner.slice[at].branch;
            }
            if let Branch::Leaf(items) = branch {
                iter.leaf = items.slice[index..].iter();
            }
        }
        iter
    }

    /// The items in order. O(1) each.
    pub(crate) fn iter(&self) -> Iter<'_, T> {
        self.iter_from(0)
    }
}

/// The child in which an item for which `probe` says `Equal` must be.
fn child_for<T>(children: &[Child<T>], probe: impl Fn(&T) -> Ordering) -> usize {
    children
        .partition_point(|child| probe(&child.first) != Ordering::Greater)
        .saturating_sub(1)
}

/// Cuts `len` into pieces of [`MAX`], the last two evened out where the last would be underfull.
fn chunk_sizes(len: usize) -> impl Iterator<Item = usize> {
    let (full, rest) = (len / MAX, len % MAX);
    let (full, tail) = match rest {
        0 => (full, [0, 0]),
        rest if full > 0 && rest < MIN => {
            let both = MAX + rest;
            (full - 1, [both - both / 2, both / 2])
        }
        rest => (full, [rest, 0]),
    };
    std::iter::repeat_n(MAX, full).chain(tail.into_iter().filter(|size| *size > 0))
}

/// Iterates over the items of a [`BTree`].
pub(crate) struct Iter<'a, T> {
    /// What comes after the current leaf, one level each, the lowest last.
    inner: Vec<std::slice::Iter<'a, Child<T>>>,
    leaf: std::slice::Iter<'a, T>,
    remaining: usize,
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Iter {
            inner: self.inner.clone(),
            leaf: self.leaf.clone(),
            remaining: self.remaining,
        }
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        loop {
            if let Some(item) = self.leaf.next() {
                self.remaining -= 1;
                return Some(item);
            }
            let mut branch = loop {
                match self.inner.last_mut()?.next() {
                    Some(child) => break &child.branch,
                    None => {
                        self.inner.pop();
                    }
                }
            };
            while let Branch::Inner(inner) = branch {
                let mut children = inner.slice.iter();
                let Some(first) = children.next() else { break };
                self.inner.push(children);
                branch = &first.branch;
            }
            if let Branch::Leaf(items) = branch {
                self.leaf = items.slice.iter();
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

/// Counts visited branches in tests, so that they can hold the promised costs; nothing elsewhere.
pub(crate) mod steps {
    #[cfg(test)]
    thread_local! {
        static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    /// A branch is visited.
    #[inline(always)]
    pub(crate) fn count() {
        #[cfg(test)]
        STEPS.with(|steps| steps.set(steps.get() + 1));
    }

    /// The branches that `work` visits.
    #[cfg(test)]
    pub(crate) fn of<R>(work: impl FnOnce() -> R) -> (R, usize) {
        let before = STEPS.with(std::cell::Cell::get);
        let result = work();
        (result, STEPS.with(std::cell::Cell::get) - before)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Panics unless every branch but the root is at least half full and all counts and separators are right.
    fn check(tree: &BTree<u32>) {
        fn branch(at: &Branch<u32>, root: bool) {
            assert!(at.width() <= MAX);
            assert!(root || at.width() >= MIN, "underfull: {}", at.width());
            if let Branch::Inner(inner) = at {
                assert!(inner.slice.len() >= 2);
                let lens: usize = inner.slice.iter().map(|child| child.branch.len()).sum();
                assert_eq!(at.len(), lens);
                for child in &inner.slice {
                    assert_eq!(child.len, child.branch.len());
                    assert_eq!(Some(&child.first), child.branch.first());
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
        for len in [0, 1, 15, 16, 17, 23, 24, 25, 256, 257, 100_000] {
            let tree = BTree::packed((0..len).collect());
            check(&tree);
            assert!(tree.iter().copied().eq(0..len));
        }
        let tree = BTree::packed((0..MAX.pow(3)).collect());
        assert_eq!(tree.root.height(), 2);
    }

    #[test]
    fn every_access_and_change_visits_one_branch_a_level() {
        let tree = BTree::packed((0..1_000_000u32).collect());
        let levels = tree.root.height() + 1;
        assert_eq!(levels, 5);
        assert_eq!(
            steps::of(|| tree.find(|item| item.cmp(&777_777))),
            (Some(&777_777), levels)
        );
        assert_eq!(
            steps::of(|| tree.locate(|item| item.cmp(&777_777))),
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
}
