//! Values of unions go to the member that accepts them as things stand, in changes and in what is loaded.

use std::sync::Arc;

use banyan_yang::schema::Schema;

use super::{Indexes, Mounts, Options, Settled, changed, full, resolve_unions, settle};
use crate::change::diff;
use crate::document::PrintOptions;
use crate::json;
use crate::node::Tree;
use crate::outline::{data, outline};

const BUDGET: u64 = 100_000;

fn settled(before: &Tree, after: &Tree) -> Settled {
    let indexes = Indexes::of(before, Mounts::Skip).after(before, after);
    settle(&diff(before, after), after, &indexes, BUDGET)
}

fn json_of(tree: &Tree) -> String {
    let mut out = Vec::new();
    json::print(tree, &PrintOptions::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap().split_whitespace().collect()
}

fn loaded(schema: &Arc<Schema>, text: &str) -> Tree {
    resolve_unions(&data(schema, text), BUDGET).0
}

const MODEL: &str = "
list l key=k
  leaf k type=uint32
leaf u type=union path=/l/k
leaf same type=ref path=/u
";

#[test]
fn what_is_loaded_is_of_the_member_that_accepts_it() {
    let schema = outline(MODEL);
    let there = loaded(&schema, "<l><k>7</k></l><u>7</u><same>7</same>");
    assert!(
        json_of(&there).ends_with(r#""t:u":7,"t:same":7}"#),
        "{}",
        json_of(&there)
    );
    let not_there = loaded(&schema, "<l><k>8</k></l><u>7</u><same>7</same>");
    assert!(
        json_of(&not_there).ends_with(r#""t:u":"7","t:same":"7"}"#),
        "{}",
        json_of(&not_there)
    );
    assert!(full(&not_there, &Options::default()).is_valid());
}

#[test]
fn a_target_that_goes_or_comes_takes_the_values_along() {
    let schema = outline(MODEL);
    let there = loaded(&schema, "<l><k>7</k></l><u>7</u><same>7</same>");
    let gone = settled(&there, &data(&schema, "<u>7</u><same>7</same>"));
    assert_eq!(json_of(&gone.tree), r#"{"t:u":"7","t:same":"7"}"#);
    assert_eq!(gone.resolved.len(), 2);
    // The new member is part of the change, and what is valid stays so.
    let changes = diff(&there, &gone.tree);
    assert_eq!(changes.count(), 3, "{changes}");
    let report = changed(&changes, &gone.tree, &gone.indexes, &Options::default());
    assert!(report.is_valid(), "{report:?}");

    let back = gone.tree.with_root(gone.tree.root().with_child(
        there.root().slots()[0].id,
        Some(there.root().slots()[0].content.clone()),
    ));
    let back = settled(&gone.tree, &back);
    assert_eq!(back.tree, there);
}

#[test]
fn a_target_that_a_condition_hides_is_not_there() {
    let model = "
leaf on
leaf t type=uint32 when=\"../on\" default=7
leaf u type=union path=/t
";
    let schema = outline(model);
    let on = loaded(&schema, "<on/><u>7</u>");
    assert!(json_of(&on).contains(r#""t:u":7"#), "{}", json_of(&on));
    let off = settled(&on, &data(&schema, "<u>7</u>"));
    assert_eq!(json_of(&off.tree), r#"{"t:u":"7"}"#);
}

#[test]
fn nothing_but_the_values_that_name_the_target_is_looked_at() {
    let schema = outline(
        "list l key=k\n  leaf k type=uint32\nlist use key=n\n  leaf n type=uint32\n  leaf u type=union path=/l/k",
    );
    let with = |count: u32, last: &str| {
        let entries: String = (0..count)
            .map(|n| format!("<l><k>{n}</k></l><use><n>{n}</n><u>{n}</u></use>"))
            .collect();
        data(
            &schema,
            &format!("{entries}<use><n>{count}</n><u>x</u></use>{last}"),
        )
    };
    let costs = [100, 2000].map(|count| {
        let (before, _) = resolve_unions(
            &with(count, "<l><k>5000</k></l><use><n>5000</n><u>5000</u></use>"),
            BUDGET,
        );
        let after = with(count, "<use><n>5000</n><u>5000</u></use>").reshared(&before);
        let settled = settled(&before, &after);
        assert_eq!(settled.resolved.len(), 1);
        settled.visited
    });
    assert!(costs[1] < 40 && costs[1] <= costs[0] + 5, "{costs:?}");
}
