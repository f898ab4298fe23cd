//! The commands that messages recommend, spelled as the program takes them.

/// Opens a device.
pub fn open(device: &str) -> String {
    call("connection-change", device)
}

/// Takes a device's configuration over.
pub fn pull(device: &str) -> String {
    call("config-pull", device)
}

/// Pushes what a device lacks.
pub fn push(device: &str) -> String {
    call("controller-commit", device)
}

/// What a device's message says while the controller holds more than the device has.
pub fn not_pushed(device: &str) -> String {
    format!(
        "the controller holds changes that were not pushed; push them with {}",
        push(device)
    )
}

fn call(rpc: &str, device: &str) -> String {
    // The name stands inside of JSON, inside of single quotes of a shell.
    let device = serde_json::Value::from(device)
        .to_string()
        .replace('\'', r"'\''");
    format!(
        "banyan rpc {}:{rpc} '{{\"device\": {device}}}'",
        crate::model::MODULE
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        assert_eq!(
            super::open("www0"),
            r#"banyan rpc banyan-controller:connection-change '{"device": "www0"}'"#
        );
        assert!(super::pull("o'x").contains(r#""o'\''x""#));
    }
}
