//! A persistent sequence: a counted copy-on-write B+tree.
//!
//! It knows positions and pointers, not what its items mean: who keeps the items sorted searches with a
//! probe. A change copies the branches on one path, O(log n), and shares all others with the tree it came
//! from; a sequence of up to [`MAX`] items is one leaf, that is one slice. No parent pointers, no `unsafe`.

mod iter;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use triomphe::ThinArc;

pub(crate) use iter::Iter;

/// The most items of a leaf and children of an inner branch. All but the root have at least half. More make a
/// change count more references, each in a cache line of its own; fewer make more levels and take more memory.
pub(crate) const MAX: usize = 12;
const MIN: usize = MAX / 2;

/// What stands in a [`BTree`].
pub(crate) trait Item: Clone {
    /// The beginning of what the item is sorted by, as a number: of two items the lesser one never has the greater
    /// head. Heads stand side by side in branches, so that a search reads an item itself only where heads are equal.
    fn head(&self) -> u128;
}

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
    Inner(ThinArc<Inner<T>, Child<T>>),
}

/// What an inner branch knows beside its children.
pub(crate) struct Inner<T> {
    len: usize,
    height: usize,
    /// One for each child. An allocation of its own: a new version of the branch shares it unless a child has
    /// another first item, and so need not touch all these items to count them.
    pub(crate) separators: ThinArc<(), Separator<T>>,
}

/// What a search asks of a subtree without going there.
#[derive(Clone)]
pub(crate) struct Separator<T> {
    /// That of `first`.
    head: u128,
    /// The first item below. Always the current one, so that no old item is kept alive.
    pub(crate) first: T,
}

/// One subtree in its parent.
#[derive(Clone)]
pub(crate) struct Child<T> {
    len: usize,
    pub(crate) branch: Branch<T>,
}

/// A subtree on its way into a parent.
type Part<T> = (Separator<T>, Child<T>);

/// What an insertion or a join left.
enum Grown<T> {
    /// It fits in one branch.
    One(Branch<T>),
    /// The branch was full and became two of at least half size.
    Two(Branch<T>, Branch<T>),
}

impl<T> Grown<T> {
    fn parts(self) -> impl Iterator<Item = Part<T>>
    where
        T: Item,
    {
        let (one, two) = match self {
            Grown::One(branch) => (branch, None),
            Grown::Two(left, right) => (left, Some(right)),
        };
        one.into_part()
            .into_iter()
            .chain(two.and_then(Branch::into_part))
    }
}

impl<T> Branch<T> {
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
            Branch::Inner(inner) => {
                let separators = &inner.header.header.separators.slice;
                separators.first().map(|separator| &separator.first)
            }
        }
    }

    pub(crate) fn ptr_eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Branch::Leaf(a), Branch::Leaf(b)) => a.as_ptr() == b.as_ptr(),
            (Branch::Inner(a), Branch::Inner(b)) => a.as_ptr() == b.as_ptr(),
            _ => false,
        }
    }
}

impl<T: Item> Branch<T> {
    fn leaf(items: impl ExactSizeIterator<Item = T>) -> Self {
        Branch::Leaf(ThinArc::from_header_and_iter((), items))
    }

    fn inner(parts: Vec<Part<T>>) -> Self {
        let (separators, children): (Vec<_>, Vec<Child<T>>) = parts.into_iter().unzip();
        let head = Inner {
            len: children.iter().map(|child| child.len).sum(),
            height: children.first().map_or(0, |child| child.branch.height()) + 1,
            separators: ThinArc::from_header_and_iter((), separators.into_iter()),
        };
        Branch::Inner(ThinArc::from_header_and_iter(head, children.into_iter()))
    }

    /// With its separator; `None` when it is empty.
    fn into_part(self) -> Option<Part<T>> {
        let first = self.first()?.clone();
        let head = first.head();
        let len = self.len();
        Some((Separator { head, first }, Child { len, branch: self }))
    }

    fn replaced(&self, index: usize, item: T) -> Self {
        steps::count();
        match self {
            Branch::Leaf(items) => Branch::leaf(exchanged(&items.slice, index, item)),
            Branch::Inner(inner) => {
                let (at, within) = child_at(&inner.slice, index);
                let branch = inner.slice[at].branch.replaced(within, item);
                renewed(inner, at, within, branch)
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
                match inner.slice[at].branch.inserted(within, item) {
                    Grown::One(branch) => Grown::One(renewed(inner, at, within, branch)),
                    grown => split_parts(spliced(inner, at..at + 1, grown.parts())),
                }
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
                if branch.width() >= MIN {
                    return renewed(inner, at, within, branch);
                }
                if children.len() == 1 {
                    return Branch::inner(branch.into_part().into_iter().collect());
                }
                // Underfull: join it with a neighbour, which splits again if it is too much for one.
                let (from, joined) = if at > 0 {
                    (at - 1, children[at - 1].branch.joined(&branch))
                } else {
                    (at, branch.joined(&children[at + 1].branch))
                };
                Branch::inner(spliced(inner, from..from + 2, joined.parts()))
            }
        }
    }

    /// The two branches, which are neighbours of one height, as one or two.
    fn joined(&self, right: &Self) -> Grown<T> {
        match (self, right) {
            (Branch::Leaf(a), Branch::Leaf(b)) => split_items([&a.slice, &b.slice].concat()),
            (Branch::Inner(a), Branch::Inner(b)) => {
                let mut parts = spliced(a, 0..0, []);
                parts.extend(spliced(b, 0..0, []));
                split_parts(parts)
            }
            // Neighbours have equal height; should that ever fail, the tree stays right, only not joined.
            _ => Grown::Two(self.clone(), right.clone()),
        }
    }
}

/// `items` with another one at `index`.
fn exchanged<T: Clone>(items: &[T], index: usize, item: T) -> impl ExactSizeIterator<Item = T> {
    let mut item = Some(item);
    items.iter().enumerate().map(move |(at, old)| {
        let new = if at == index { item.take() } else { None };
        new.unwrap_or_else(|| old.clone())
    })
}

/// A branch whose child at `at` has become `branch` by a change at position `within` of it. Only where that was the
/// first is the separator another.
fn renewed<T: Item>(
    inner: &ThinArc<Inner<T>, Child<T>>,
    at: usize,
    within: usize,
    branch: Branch<T>,
) -> Branch<T> {
    if within == 0 {
        return Branch::inner(spliced(inner, at..at + 1, branch.into_part()));
    }
    let child = Child {
        len: branch.len(),
        branch,
    };
    let before = &inner.header.header;
    let head = Inner {
        len: before.len - inner.slice[at].len + child.len,
        height: before.height,
        separators: before.separators.clone(),
    };
    let children = exchanged(&inner.slice, at, child);
    Branch::Inner(ThinArc::from_header_and_iter(head, children))
}

fn split_items<T: Item>(mut items: Vec<T>) -> Grown<T> {
    if items.len() <= MAX {
        return Grown::One(Branch::leaf(items.into_iter()));
    }
    let right = items.split_off(items.len() / 2);
    Grown::Two(
        Branch::leaf(items.into_iter()),
        Branch::leaf(right.into_iter()),
    )
}

fn split_parts<T: Item>(mut parts: Vec<Part<T>>) -> Grown<T> {
    if parts.len() <= MAX {
        return Grown::One(Branch::inner(parts));
    }
    let right = parts.split_off(parts.len() / 2);
    Grown::Two(Branch::inner(parts), Branch::inner(right))
}

/// The children of a branch with `range` replaced.
fn spliced<T: Item>(
    inner: &ThinArc<Inner<T>, Child<T>>,
    range: std::ops::Range<usize>,
    new: impl IntoIterator<Item = Part<T>>,
) -> Vec<Part<T>> {
    let (separators, children) = (&inner.header.header.separators.slice, &inner.slice);
    let old = |range: std::ops::Range<usize>| {
        let separators = separators[range.clone()].iter().cloned();
        separators.zip(children[range].iter().cloned())
    };
    let mut copy = Vec::with_capacity(children.len() + 1);
    copy.extend(old(0..range.start));
    copy.extend(new);
    copy.extend(old(range.end..children.len()));
    copy
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

impl<T> BTree<T> {
    /// Number of items. O(1).
    pub(crate) fn len(&self) -> usize {
        self.root.len()
    }

    /// Whether the two are the same root, and so equal. O(1).
    pub(crate) fn ptr_eq(&self, other: &Self) -> bool {
        self.root.ptr_eq(&other.root)
    }
}

impl<T: Item> BTree<T> {
    /// All of `items`, in their order, in full leaves. O(n).
    pub(crate) fn packed(items: Vec<T>) -> Self {
        let sizes = chunk_sizes(items.len());
        let mut items = items.into_iter();
        let mut level: Vec<Branch<T>> = sizes
            .map(|size| Branch::leaf(items.by_ref().take(size)))
            .collect();
        while level.len() > 1 {
            let sizes = chunk_sizes(level.len());
            let mut parts = level.into_iter().filter_map(Branch::into_part);
            level = sizes
                .map(|size| Branch::inner(parts.by_ref().take(size).collect()))
                .collect();
        }
        BTree {
            root: level
                .pop()
                .unwrap_or_else(|| Branch::leaf(Vec::new().into_iter())),
        }
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
    /// compares with what is sought, and the items are sorted by it; `head` is that of what is sought, where it is
    /// known. O(log n).
    pub(crate) fn locate(
        &self,
        head: Option<u128>,
        probe: impl Fn(&T) -> Ordering,
    ) -> Result<usize, usize> {
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
                    let next = child_for(inner, head, &probe);
                    before += inner.slice[..next]
                        .iter()
                        .map(|child| child.len)
                        .sum::<usize>();
                    branch = &inner.slice[next].branch;
                }
            }
        }
    }

    /// The item for which `probe` says `Equal`; `head` as for [`BTree::locate`]. O(log n).
    pub(crate) fn find(&self, head: Option<u128>, probe: impl Fn(&T) -> Ordering) -> Option<&T> {
        let mut branch = &self.root;
        loop {
            steps::count();
            match branch {
                Branch::Leaf(items) => {
                    let index = items.slice.binary_search_by(&probe).ok()?;
                    return items.slice.get(index);
                }
                Branch::Inner(inner) => {
                    branch = &inner.slice[child_for(inner, head, &probe)].branch;
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
            grown => Branch::inner(grown.parts().collect()),
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
}

/// The child in which an item for which `probe` says `Equal` must be.
fn child_for<T>(
    inner: &ThinArc<Inner<T>, Child<T>>,
    head: Option<u128>,
    probe: impl Fn(&T) -> Ordering,
) -> usize {
    let separators = &inner.header.header.separators.slice;
    let is_after = |separator: &Separator<T>| match head {
        Some(head) if separator.head != head => separator.head > head,
        _ => probe(&separator.first) == Ordering::Greater,
    };
    separators
        .partition_point(|separator| !is_after(separator))
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
