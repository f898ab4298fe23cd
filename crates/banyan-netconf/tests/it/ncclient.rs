//! ncclient, the usual Python client, against our SSH server. It needs a Python that has it: name one
//! in BANYAN_PYTHON.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::ssh::running;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ncclient_drives_the_server() {
    let Ok(python) = std::env::var("BANYAN_PYTHON") else {
        println!("skipped: BANYAN_PYTHON names no Python that has ncclient");
        return;
    };
    let server = running().await;
    server.fake.megabytes.store(51, Ordering::Relaxed);
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/drive_with_ncclient.py"
    );
    let port = server.address.port().to_string();
    let run = tokio::process::Command::new(python)
        .args([script, &port, "sesame"])
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(180), run)
        .await
        .unwrap()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}
