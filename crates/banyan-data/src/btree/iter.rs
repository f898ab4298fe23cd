//! Walking over the items of a [`BTree`] in order.

use super::{BTree, Branch, Child, child_at};

impl<T> BTree<T> {
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
