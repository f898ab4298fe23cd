//! What a list entry costs in memory, measured as the growth of the resident set: a process of its own, because
//! other tests would be counted too (a counting allocator would need `unsafe`).

use banyan_data::{Content, List, Node, Slot, Value};
use banyan_yang::schema::{OrderedBy, SchemaId};

/// Resident bytes of this process; `None` where the system does not tell.
fn resident() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

fn entries(count: u64) -> Vec<Node> {
    let leaf = |id, value| Slot {
        id: SchemaId(id),
        content: Content::Leaf(value),
    };
    let entry = |number: u64| {
        let name = Value::string(&format!("eth{number:07}"));
        Node::new(
            SchemaId(1),
            vec![leaf(2, name), leaf(3, Value::Uint(number))],
        )
    };
    (0..count).map(entry).collect()
}

/// DESIGN section 5: at most 130 bytes for an entry with a string key and one leaf.
#[test]
fn an_entry_with_a_string_key_and_one_leaf_takes_at_most_130_bytes() {
    const COUNT: u64 = 1_000_000;
    let Some(before) = resident() else {
        println!("skipped: this system has no /proc/self/statm");
        return;
    };
    let list = List::from_entries(entries(COUNT), 1, OrderedBy::System)
        .unwrap_or_else(|error| panic!("{error}"));
    let Some(after) = resident() else {
        return;
    };
    assert_eq!(list.len() as u64, COUNT);
    // The vector of entries, 8 bytes each, has been given back or is still counted: at worst it is counted.
    let each = (after - before) as f64 / COUNT as f64;
    println!("{each:.1} bytes an entry");
    assert!(each <= 130.0, "{each:.1} bytes an entry");
}
