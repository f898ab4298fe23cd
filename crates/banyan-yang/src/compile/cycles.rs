//! Cycles of definitions, and orders in which each stands after what it depends on, for graphs whose nodes are
//! numbers. No recursion: chains may be as long as texts are.

/// One cycle for each back edge of a depth-first walk: what is left when the last arrow of each is cut has no
/// cycle. Each begins at the node that the walk met first. Linear in nodes and edges.
pub(super) fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Colour {
        White,
        Grey,
        Black,
    }
    let mut colours = vec![Colour::White; edges.len()];
    let mut cycles = Vec::new();
    for start in 0..edges.len() {
        if colours[start] != Colour::White {
            continue;
        }
        let mut path = vec![(start, 0)];
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
                    path.push((target, 0));
                }
                Colour::Grey => {
                    let from = path
                        .iter()
                        .position(|(node, _)| *node == target)
                        .unwrap_or(0);
                    cycles.push(path[from..].iter().map(|(node, _)| *node).collect());
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
