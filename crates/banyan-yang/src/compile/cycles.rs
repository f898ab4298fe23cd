//! Cycles of definitions, and orders in which each stands after what it depends on, for graphs whose nodes are
//! numbers. No recursion: chains may be as long as texts are.

/// How many nodes of cycles are noted in all: a chain of which each leads back to the first has as many as its square.
const KEPT: usize = if cfg!(test) { 10_000 } else { 1 << 20 };

/// One cycle for each back edge of a depth-first walk: what is left when the last arrow of each is cut has no
/// cycle. Each begins at the node that the walk met first and ends at the one whose arrow leads back to it. Linear in
/// nodes and edges: when [`KEPT`] nodes of cycles are noted, the others are given by these two alone.
pub(super) fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Colour {
        White,
        Grey,
        Black,
    }
    let mut colours = vec![Colour::White; edges.len()];
    // Where on the path a grey node is.
    let mut depths = vec![0; edges.len()];
    let (mut cycles, mut kept) = (Vec::new(), 0);
    for start in 0..edges.len() {
        if colours[start] != Colour::White {
            continue;
        }
        let mut path = vec![(start, 0)];
        depths[start] = 0;
        colours[start] = Colour::Grey;
        while let Some((node, next)) = path.last_mut() {
            let Some(target) = edges[*node].get(*next).copied() else {
                colours[*node] = Colour::Black;
                path.pop();
                continue;
            };
            *next += 1;
            match colours[target] {
                Colour::White => {
                    colours[target] = Colour::Grey;
                    depths[target] = path.len();
                    path.push((target, 0));
                }
                Colour::Grey => {
                    let nodes = &path[depths[target]..];
                    let cycle: Vec<usize> = match nodes {
                        [first, .., last] if kept + nodes.len() > KEPT => vec![first.0, last.0],
                        _ => nodes.iter().map(|(node, _)| *node).collect(),
                    };
                    kept += cycle.len();
                    cycles.push(cycle);
                }
                Colour::Black => {}
            }
        }
    }
    cycles
}

/// An order in which each stands after all that its edges lead to; arrows that close a cycle do not count. Linear.
pub(super) fn dependencies_first(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(edges.len());
    let mut seen = vec![false; edges.len()];
    for start in 0..edges.len() {
        let mut path = vec![(start, 0)];
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        while let Some((node, next)) = path.last_mut() {
            match edges[*node].get(*next).copied() {
                Some(target) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[target], true) {
                        path.push((target, 0));
                    }
                }
                None => {
                    order.push(*node);
                    path.pop();
                }
            }
        }
    }
    order
}

/// The chain of a cycle for a message, `a -> b -> a`; the middle of a long one is left out.
pub(super) fn chain(cycle: &[usize], name: impl Fn(usize) -> String) -> String {
    const SHOWN: usize = 12;
    let mut names: Vec<String> = cycle.iter().take(SHOWN).map(|node| name(*node)).collect();
    if cycle.len() > SHOWN {
        names.push(format!("({} more)", cycle.len() - SHOWN));
    }
    names.extend(cycle.first().map(|first| name(*first)));
    names.join(" -> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_back_edge_gives_a_cycle() {
        assert_eq!(
            cycles(&[vec![1], vec![2], vec![0, 1]]),
            [vec![0, 1, 2], vec![1, 2]]
        );
        assert_eq!(cycles(&[vec![1], vec![1]]), [vec![1]]);
        assert!(cycles(&[vec![1, 2], vec![2], vec![]]).is_empty());
    }

    #[test]
    fn many_long_cycles_are_given_by_their_ends() {
        // Each leads to the next and back to the first.
        let edges: Vec<_> = (0..20_000).map(|node| vec![0, node + 1]).collect();
        let edges: Vec<_> = edges.into_iter().chain([vec![]]).collect();
        let cycles = cycles(&edges);
        assert_eq!(cycles.len(), 20_000);
        assert_eq!(cycles[99], (0..100).collect::<Vec<_>>());
        assert_eq!(cycles[19_999], [0, 19_999]);
        let noted: usize = cycles.iter().map(Vec::len).sum();
        assert!(noted < KEPT + 2 * 20_000, "{noted}");
    }

    #[test]
    fn what_is_depended_on_comes_first() {
        assert_eq!(dependencies_first(&[vec![1], vec![2], vec![]]), [2, 1, 0]);
        assert_eq!(dependencies_first(&[vec![1], vec![0]]), [1, 0]);
    }

    #[test]
    fn a_long_chain_is_shown_by_its_ends() {
        assert_eq!(chain(&[0, 1], |node| node.to_string()), "0 -> 1 -> 0");
        let long: Vec<usize> = (0..10_000).collect();
        let shown = chain(&long, |node| node.to_string());
        assert!(
            shown.contains("(9988 more) -> 0") && shown.len() < 100,
            "{shown}"
        );
    }
}
