//! Examples that `--help` ends with, for each command. A test parses all of them.

use clap::Command;

/// What an exit status means.
const STATUS: &str = "Exit status:
  0  done, also when there was nothing to do
  1  refused: by the model, by access control, by a lock, by a device
  2  the command cannot be meant, or a file cannot be read
  3  no daemon answers, or the connection broke
`lock` ends as its command does; commands without a daemon say in their help what 1 means.

Where client commands look for the daemon: --socket, BANYAN_SOCKET, --config, ./banyan.toml,
$XDG_RUNTIME_DIR/banyan.sock, /run/banyan/banyan.sock.";

/// Examples by command.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "serve",
        &[
            "banyan serve",
            "banyan serve -f /usr/local/etc/clicon.xml -l s",
            "banyan serve -q -o yang.load=acme-net",
        ],
    ),
    (
        "upgrade",
        &["banyan upgrade --dry-run", "banyan upgrade -f banyan.toml"],
    ),
    (
        "backup",
        &["banyan backup site.tar", "banyan backup /backups"],
    ),
    (
        "restore",
        &[
            "banyan restore site.tar --check",
            "banyan restore site.tar -f banyan.toml --replace",
            "banyan restore site.tar --into /var/lib/banyan",
        ],
    ),
    (
        "netconf",
        &["banyan netconf --socket /var/lib/banyan/banyan.sock"],
    ),
    (
        "sim",
        &["banyan sim --model yang --count 4 --base-port 12022 --fail commit"],
    ),
    (
        "get",
        &[
            "banyan get",
            "banyan get /interfaces/interface{eth0} --format json",
            "banyan get --store candidate --format set",
            "banyan get /interfaces --store operational --origin --format xml",
        ],
    ),
    (
        "set",
        &[
            "banyan set \"/interfaces/interface[name='eth0']/mtu\" 1500",
            "banyan set /interfaces/interface{eth0}/enabled false",
            "banyan set /interfaces/interface=eth1",
        ],
    ),
    (
        "delete",
        &[
            "banyan delete /interfaces/interface{eth0}/mtu",
            "banyan delete --if-exists /interfaces/interface{eth9}",
        ],
    ),
    (
        "edit",
        &[
            "banyan edit change.xml",
            "banyan edit lines.set",
            "banyan edit --default-operation replace whole.json",
            "banyan edit -",
        ],
    ),
    ("diff", &["banyan diff", "banyan diff --format set"]),
    (
        "commit",
        &[
            "banyan commit -m 'mtu of eth0' --label ticket-17",
            "banyan commit --dry-run --format set",
            "banyan commit --confirmed 60",
            "banyan commit --persist-id cli-4711",
            "banyan commit --quiet",
            "banyan commit --format json",
        ],
    ),
    ("discard", &["banyan discard"]),
    (
        "update",
        &["banyan update", "banyan update --prefer candidate"],
    ),
    (
        "lock",
        &[
            "banyan lock -- ./change-everything.sh",
            "banyan lock --path /interfaces/interface{eth0} --wait 30 -- ./change-eth0.sh",
            "banyan lock --store running -- tar czf backup.tgz store",
        ],
    ),
    ("kill-session", &["banyan kill-session 17"]),
    (
        "rpc",
        &[
            "banyan rpc acme-net:restart",
            "banyan rpc banyan-controller:config-pull '{\"device\": \"www*\"}'",
            "banyan rpc /interfaces/interface{eth0}/reset '{\"delay\": 5}'",
        ],
    ),
    (
        "watch",
        &[
            "banyan watch",
            "banyan watch --since 10m --filter '/ietf-netconf-notifications:netconf-config-change'",
            "banyan watch --stream NETCONF --format json --count 1 --timeout 60",
            "banyan watch /interfaces/interface{eth0}",
            "banyan watch /interfaces --datastore operational --every 10",
            "banyan watch --datastore running --filter '//acme-net:mtu' --changes-only",
        ],
    ),
    (
        "notify",
        &[
            "banyan notify '{\"acme-net:link-down\": {\"name\": \"eth0\"}}'",
            "banyan notify link-down.xml --stream LINKS --time 2026-11-28T08:00:00Z",
            "banyan notify -",
        ],
    ),
    (
        "history",
        &[
            "banyan history",
            "banyan history --since 2h --user alice --changes",
            "banyan history show 17",
        ],
    ),
    (
        "history list",
        &[
            "banyan history list --path /interfaces --limit 5",
            "banyan history list --format json",
        ],
    ),
    (
        "history show",
        &[
            "banyan history show 17",
            "banyan history show tid:42 --format json",
            "banyan history show 17 --reverse --format set",
        ],
    ),
    (
        "history diff",
        &[
            "banyan history diff 12",
            "banyan history diff 0 17 --format set",
            "banyan history diff tid:42 candidate",
        ],
    ),
    (
        "history blame",
        &["banyan history blame /interfaces/interface{eth0}/mtu"],
    ),
    (
        "history export",
        &[
            "banyan history export history.jsonl",
            "banyan history export - --from 100",
        ],
    ),
    ("history import", &["banyan history import history.jsonl"]),
    (
        "history trim",
        &["banyan history trim --dry-run", "banyan history trim"],
    ),
    (
        "rollback",
        &[
            "banyan rollback 1",
            "banyan rollback --to 42 --commit --comment 'back to Friday'",
            "banyan rollback --only seq:17",
            "banyan rollback 3 --subtree /interfaces",
        ],
    ),
    (
        "nacm explain",
        &[
            "banyan nacm explain alice update /interfaces",
            "banyan nacm explain bob exec acme-net:restart",
        ],
    ),
    ("nacm show", &["banyan nacm show --format json"]),
    (
        "show",
        &[
            "banyan show sessions",
            "banyan show locks",
            "banyan show devices --format json",
        ],
    ),
    (
        "config check",
        &[
            "banyan config check",
            "banyan config check /usr/local/etc/clicon.xml --format json",
        ],
    ),
    (
        "config show",
        &[
            "banyan config show --origin",
            "banyan config show -o log.level=debug --format json",
        ],
    ),
    (
        "config explain",
        &[
            "banyan config explain store.directory",
            "banyan config explain CLICON_XMLDB_DIR",
            "banyan config explain -s",
            "banyan config explain --all",
        ],
    ),
    (
        "config convert",
        &["banyan config convert /usr/local/etc/clicon.xml"],
    ),
    (
        "store list",
        &["banyan store list", "banyan store list --format json"],
    ),
    (
        "store show",
        &[
            "banyan store show startup",
            "banyan store show before --format set",
        ],
    ),
    (
        "store copy",
        &[
            "banyan store copy running before",
            "banyan store copy before running",
        ],
    ),
    ("store delete", &["banyan store delete before"]),
    (
        "store load",
        &[
            "banyan store load candidate saved.xml",
            "banyan store load lab -",
        ],
    ),
    (
        "store save",
        &[
            "banyan store save running saved.xml",
            "banyan store save running - --format json",
        ],
    ),
    (
        "store compact",
        &[
            "banyan store compact",
            "banyan store compact -f /etc/banyan.toml",
        ],
    ),
    (
        "yang check",
        &[
            "banyan yang check acme-net.yang",
            "banyan yang check --lenient --hello hello.xml",
            "banyan yang check yang --format json",
        ],
    ),
    ("yang dump", &["banyan yang dump -p models acme-net"]),
    (
        "yang diff",
        &["banyan yang diff old/acme-net.yang new/acme-net.yang"],
    ),
    (
        "yang find",
        &[
            "banyan yang find -p models mtu",
            "banyan yang find -m acme-net 'if*' --names",
        ],
    ),
    (
        "yang tree",
        &[
            "banyan yang tree acme-net.yang",
            "banyan yang tree openconfig-interfaces -p models --depth 3",
        ],
    ),
    (
        "xpath explain",
        &[
            "banyan xpath explain -p models '/ietf-interfaces:interfaces/interface[name=\"eth0\"]/mtu'",
            "banyan xpath explain -m acme-net --at /acme-net:links/link/mtu",
        ],
    ),
    (
        "data validate",
        &[
            "banyan data validate -m acme-net.yang --type config running.xml",
            "banyan data validate -m acme-net.yang --merge base.json site.json",
        ],
    ),
    (
        "data convert",
        &["banyan data convert -m acme-net.yang running.xml --to set"],
    ),
    (
        "data diff",
        &["banyan data diff -m acme-net.yang old.xml new.json --to patch"],
    ),
    (
        "data merge",
        &["banyan data merge -m acme-net.yang base.xml site.json"],
    ),
    (
        "data edit",
        &["banyan data edit -m acme-net.yang old.xml change.xml --reverse undo.xml"],
    ),
    (
        "data rebase",
        &["banyan data rebase -m acme-net.yang base.xml mine.xml theirs.xml"],
    ),
    (
        "data query",
        &["banyan data query -m acme-net.yang running.xml '//interface[mtu > 1500]/name'"],
    ),
];

/// The command line with examples at the end of each command's help.
pub fn with_examples(command: Command) -> Command {
    EXAMPLES
        .iter()
        .fold(command.after_help(STATUS), |command, (path, examples)| {
            let text = format!("Examples:\n  {}", examples.join("\n  "));
            match path.split_once(' ') {
                None => command.mut_subcommand(path, |command| command.after_help(text)),
                Some((group, name)) => command.mut_subcommand(group, |group| {
                    group.mut_subcommand(name, |command| command.after_help(text))
                }),
            }
        })
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;
    use crate::args::Arguments;

    /// The words of a line of a shell: blanks between them, quotes around some.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        for letter in line.chars() {
            match (quote, letter) {
                (Some(open), close) if open == close => quote = None,
                (None, '\'' | '"') => {
                    quote = Some(letter);
                    word.get_or_insert_default();
                }
                (None, ' ') => words.extend(word.take()),
                (_, letter) => word.get_or_insert_default().push(letter),
            }
        }
        words.extend(word);
        words
    }

    fn leaves(command: &Command, path: &str, found: &mut Vec<String>) {
        for sub in command
            .get_subcommands()
            .filter(|sub| sub.get_name() != "help")
        {
            let path = format!("{path}{}", sub.get_name());
            if !sub.has_subcommands() || !sub.is_subcommand_required_set() {
                found.push(path.clone());
            }
            leaves(sub, &format!("{path} "), found);
        }
    }

    #[test]
    fn every_command_has_examples_and_they_are_of_that_command() {
        let mut commands = Vec::new();
        leaves(&Arguments::command(), "", &mut commands);
        for path in &commands {
            let examples = EXAMPLES.iter().find(|(command, _)| command == path);
            let (_, examples) = examples.unwrap_or_else(|| panic!("{path} has no examples"));
            for example in *examples {
                let of_it = example.starts_with(&format!("banyan {path}"));
                assert!(of_it, "{example} is no example of {path}");
                let parsed = Arguments::try_parse_from(words(example));
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            }
        }
        assert_eq!(commands.len(), EXAMPLES.len(), "{commands:?}");
    }

    #[test]
    fn every_command_and_option_says_what_it_is() {
        fn check(command: &Command, path: &str) {
            assert!(command.get_about().is_some(), "{path} says nothing");
            for argument in command.get_arguments() {
                let said = argument.get_help().is_some();
                assert!(said, "{path}: {} says nothing", argument.get_id());
            }
            for sub in command.get_subcommands() {
                check(sub, &format!("{path} {}", sub.get_name()));
            }
        }
        let mut command = with_examples(Arguments::command());
        command.build();
        check(&command, "banyan");
        let help = command.render_long_help().to_string();
        assert!(help.contains("Exit status:"), "{help}");
    }

    #[test]
    fn a_slip_in_the_name_of_a_command_is_answered_with_the_name() {
        for (line, meant) in [
            ("banyan comit", "commit"),
            ("banyan histroy", "history"),
            ("banyan config chek", "check"),
            ("banyan commit --coment x", "--comment"),
        ] {
            let said = Arguments::try_parse_from(words(line)).unwrap_err();
            let said = said.to_string();
            assert!(said.contains(&format!("'{meant}'")), "{line}: {said}");
        }
    }
}
