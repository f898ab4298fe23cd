//! The layers of the architecture hold: each crate depends only on those below it.

use std::collections::BTreeMap;
use std::process::Command;

/// From the bottom up; a crate may depend on any of its row's, and on nothing else of ours.
const ALLOWED: &[(&str, &[&str])] = &[
    ("banyan-yang", &[]),
    ("banyan-data", &["banyan-yang"]),
    ("banyan-engine", &["banyan-data", "banyan-yang"]),
    ("banyan-netconf", &["banyan-engine"]),
    ("banyan-testkit", &["banyan-data", "banyan-yang"]),
    (
        "banyan-kicker",
        &["banyan-engine", "banyan-data", "banyan-yang"],
    ),
    (
        "banyan-controller",
        &[
            "banyan-engine",
            "banyan-data",
            "banyan-yang",
            "banyan-netconf",
        ],
    ),
];

#[test]
fn no_crate_depends_on_one_above_it() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut seen = 0;
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("name");
        // The program wires everything.
        let Some(allowed) = allowed.get(name) else {
            assert_eq!(name, "banyan", "add {name} to the table of layers");
            continue;
        };
        seen += 1;
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let target = dependency["name"].as_str().expect("name");
            if dependency["kind"] == "dev" || !target.starts_with("banyan") {
                continue;
            }
            assert!(
                allowed.contains(&target),
                "{name} must not depend on {target}"
            );
        }
    }
    assert_eq!(
        seen,
        ALLOWED.len(),
        "every layer is a crate of the workspace"
    );
}
