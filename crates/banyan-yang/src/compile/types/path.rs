//! The form of a leafref's `path` (RFC 7950 9.9.2, 14 `path-arg`): far less than XPath allows.

use crate::xpath::{Axis, CompareOp, Expr, Function, NodeTest, Step};

/// What there is to say about the form of a path.
pub(super) enum PathForm {
    /// It is one.
    Standard,
    /// It begins with `deref()`, which is no path of the RFC, but common.
    Deref,
    /// It is none; the clause says why.
    Wrong(&'static str),
}

/// Looks at the form of a path.
pub(super) fn path_form(path: &Expr) -> PathForm {
    let problem = match path {
        Expr::Path(location) if location.absolute => descent(&location.steps),
        Expr::Path(location) => {
            let down = after_parents(&location.steps);
            if down.len() == location.steps.len() {
                Some("it must begin with `/` or `../`")
            } else {
                descent(down)
            }
        }
        Expr::Filter {
            primary,
            predicates,
            path,
        } if predicates.is_empty()
            && matches!(
                **primary,
                Expr::Call {
                    function: Function::Deref,
                    ..
                }
            ) =>
        {
            return match descent(after_parents(path)) {
                None => PathForm::Deref,
                Some(problem) => PathForm::Wrong(problem),
            };
        }
        _ => Some("it must begin with `/` or `../`"),
    };
    problem.map_or(PathForm::Standard, PathForm::Wrong)
}

/// The steps behind the `..` at the beginning.
fn after_parents(steps: &[Step]) -> &[Step] {
    let is_parent = |step: &Step| {
        step.axis == Axis::Parent && step.test == NodeTest::Node && step.predicates.is_empty()
    };
    let down = steps
        .iter()
        .position(|step| !is_parent(step))
        .unwrap_or(steps.len());
    &steps[down..]
}

/// `descendant-path`: names, with predicates.
fn descent(steps: &[Step]) -> Option<&'static str> {
    if steps.is_empty() {
        return Some("it names no leaf");
    }
    steps.iter().find_map(|step| {
        match (&step.axis, &step.test) {
            (Axis::Child, NodeTest::Name { .. }) => {}
            (Axis::Parent, _) => return Some("`..` can only stand at its beginning"),
            (Axis::DescendantOrSelf, _) => return Some("`//` cannot stand in it"),
            _ => return Some("only names and `..` can be its steps"),
        }
        let fits = step.predicates.iter().all(|test| key_test(test).is_some());
        (!fits).then_some("a predicate in it must be of the form [key = current()/../leaf]")
    })
}

/// `path-predicate`: the step that names the key, and the path of the leaf whose value it must have, as it
/// continues behind `current()`.
pub(in crate::compile) fn key_test(predicate: &Expr) -> Option<(&Step, &[Step])> {
    let Expr::Compare(CompareOp::Equal, key, value) = predicate else {
        return None;
    };
    let Expr::Path(key) = &**key else {
        return None;
    };
    let [key_step] = &key.steps[..] else {
        return None;
    };
    let Expr::Filter {
        primary,
        predicates,
        path,
    } = &**value
    else {
        return None;
    };
    let is_name = |step: &Step| {
        step.axis == Axis::Child
            && matches!(step.test, NodeTest::Name { .. })
            && step.predicates.is_empty()
    };
    let current = matches!(
        **primary,
        Expr::Call {
            function: Function::Current,
            ..
        }
    );
    let down = after_parents(path);
    let fits = !key.absolute
        && is_name(key_step)
        && current
        && predicates.is_empty()
        && down.len() < path.len()
        && !down.is_empty()
        && down.iter().all(is_name);
    fits.then_some((key_step, &path[..]))
}
