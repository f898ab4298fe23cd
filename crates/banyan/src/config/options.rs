//! The options of Clixon 7.9 that no key stands for, and why.
//!
//! Together with the options that [`super::table::KEYS`] names, these are all that Clixon knows; a test counts them.

/// An option of Clixon without a key.
#[derive(Debug)]
pub struct ClixonOption {
    /// Its name.
    pub name: &'static str,
    /// What becomes of it.
    pub fate: Fate,
    /// Why, and what there is instead.
    pub reason: &'static str,
}

/// What becomes of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Accepted; Banyan has no need of it.
    NoEffect,
    /// Banyan always behaves as if it had this value; another value is a warning.
    Always(&'static str),
    /// A value other than this cannot be honoured, and is an error.
    Only(&'static str),
    /// Not supported yet: a warning.
    Later,
    /// Clixon itself has given it up: a warning.
    Obsolete,
}

const RESTCONF: &str = "the RESTCONF server comes later";
const CLI: &str = "the interactive CLI comes later";
const PLUGINS: &str = "Banyan loads no C plugins: programs are bound with [[operation]]";

macro_rules! options {
    ($($name:literal $fate:expr, $reason:expr;)*) => {
        &[$(ClixonOption { name: $name, fate: $fate, reason: $reason }),*]
    };
}

/// All of them, by theme.
pub static OPTIONS: &[ClixonOption] = options! {
    "CLICON_CONFIGFILE" Fate::NoEffect, "the file is the one given with -f; a name inside of it comes too late";
    "CLICON_CONFIG_EXTEND" Fate::NoEffect, "Banyan needs no YANG module for its own configuration; options that such a module adds are unknown here, which is a warning";
    "CLICON_YANG_DOMAIN_DIR" Fate::NoEffect, "modules of mounted devices come from the devices, and are kept apart by module set";
    "CLICON_YANG_REGEXP" Fate::NoEffect, "there is one engine for patterns: XSD regular expressions in linear time";
    "CLICON_YANG_UNKNOWN_ANYDATA" Fate::Always("false"), "unknown data are reported, never kept unchecked";
    "CLICON_YANG_SCHEMA_MOUNT" Fate::Always("true"), "schema mount (RFC 8528) is always on";
    "CLICON_YANG_SCHEMA_MOUNT_SHARE" Fate::Always("true"), "equal module sets always share one schema (deprecated in Clixon 7.3)";
    "CLICON_YANG_LIBRARY" Fate::Always("true"), "the YANG library (RFC 8525) is always served";
    "CLICON_YANG_USE_ORIGINAL" Fate::NoEffect, "schema nodes always share what one statement says, without the risk";
    "CLICON_BACKEND_DIR" Fate::NoEffect, PLUGINS;
    "CLICON_BACKEND_REGEXP" Fate::NoEffect, PLUGINS;
    "CLICON_BACKEND_RESTCONF_PROCESS" Fate::Later, RESTCONF;
    "CLICON_PLUGIN_CALLBACK_CHECK" Fate::NoEffect, PLUGINS;
    "CLICON_PLUGIN_DLOPEN_GLOBAL" Fate::NoEffect, PLUGINS;
    "CLICON_NETCONF_DIR" Fate::NoEffect, PLUGINS;
    "CLICON_NETCONF_BASE_CAPABILITY" Fate::Always("1"), "base:1.0 and base:1.1 are both offered, and the client chooses";
    "CLICON_NETCONF_MONITORING" Fate::Always("true"), "NETCONF monitoring (RFC 6022) is always served";
    "CLICON_NETCONF_MONITORING_LOCATION" Fate::NoEffect, "schemas are handed out over NETCONF alone";
    "CLICON_NETCONF_MONITORING_GETSCHEMA_CDATA" Fate::Always("false"), "XML readers see no difference between CDATA and escaped text";
    "CLICON_NETCONF_DUPLICATE_ALLOW" Fate::Always("false"), "a list entry that is given twice is an error";
    "CLICON_RESTCONF_API_ROOT" Fate::Later, RESTCONF;
    "CLICON_RESTCONF_DIR" Fate::NoEffect, PLUGINS;
    "CLICON_RESTCONF_INSTALLDIR" Fate::NoEffect, "there is one program, banyan: no other needs to be found";
    "CLICON_RESTCONF_STARTUP_DONTUPDATE" Fate::Later, RESTCONF;
    "CLICON_RESTCONF_PRIVILEGES" Fate::Later, RESTCONF;
    "CLICON_RESTCONF_HTTP2_PLAIN" Fate::Later, RESTCONF;
    "CLICON_NOALPN_DEFAULT" Fate::Later, RESTCONF;
    "CLICON_HTTP_DATA_PATH" Fate::Later, RESTCONF;
    "CLICON_HTTP_DATA_ROOT" Fate::Later, RESTCONF;
    "CLICON_ANONYMOUS_USER" Fate::Later, RESTCONF;
    "CLICON_CLI_DIR" Fate::NoEffect, PLUGINS;
    "CLICON_CLISPEC_DIR" Fate::Later, CLI;
    "CLICON_CLISPEC_FILE" Fate::Later, CLI;
    "CLICON_AUTOCLI_CACHE_DIR" Fate::Later, CLI;
    "CLICON_CLI_MODE" Fate::Later, CLI;
    "CLICON_CLI_VARONLY" Fate::NoEffect, "it concerns callbacks of C plugins";
    "CLICON_CLI_LINESCROLLING" Fate::Later, CLI;
    "CLICON_CLI_LINES_DEFAULT" Fate::Later, CLI;
    "CLICON_CLI_TAB_MODE" Fate::Later, CLI;
    "CLICON_CLI_UTF8" Fate::NoEffect, "text is UTF-8 everywhere";
    "CLICON_CLI_HIST_FILE" Fate::Later, CLI;
    "CLICON_CLI_HIST_SIZE" Fate::Later, CLI;
    "CLICON_CLI_BUF_START" Fate::NoEffect, "buffers need no tuning";
    "CLICON_CLI_BUF_THRESHOLD" Fate::NoEffect, "buffers need no tuning";
    "CLICON_CLI_HELPSTRING_TRUNCATE" Fate::Later, CLI;
    "CLICON_CLI_HELPSTRING_LINES" Fate::Later, CLI;
    "CLICON_CLI_OUTPUT_FORMAT" Fate::Later, CLI;
    "CLICON_CLI_PIPE_DIR" Fate::Later, CLI;
    "CLICON_CLI_EXPAND_LEAFREF" Fate::Later, CLI;
    "CLICON_NACM_AUTOCLI" Fate::Later, CLI;
    "CLICON_SOCK_FAMILY" Fate::Only("UNIX"), "an IP socket cannot tell who its peer is; offer netconf.ssh instead";
    "CLICON_SOCK_PORT" Fate::NoEffect, "it belongs to sockets of family IPv4, which Banyan does not have";
    "CLICON_SOCK_PRIO" Fate::NoEffect, "sessions do not wait for each other";
    "CLICON_XMLDB_UPGRADE_CHECKOLD" Fate::NoEffect, "the modules that data were written under are kept with them";
    "CLICON_XMLDB_SYSTEM_ONLY_CONFIG" Fate::Always("false"), "it needs C plugins that keep such data";
    "CLICON_XML_CHANGELOG" Fate::Always("false"), "migration rules have a form of their own: upgrade.rules";
    "CLICON_XML_CHANGELOG_FILE" Fate::Later, "write its steps as migration rules: upgrade.rules";
    "CLICON_VALIDATE_TARGET_STATE" Fate::NoEffect, "constraints of configuration do not see state (RFC 7950 6.4.1), so that leaving it out costs nothing";
    "CLICON_STREAM_DISCOVERY_RFC5277" Fate::Always("true"), "the streams are always in the state of the server (RFC 5277 3.2.5, RFC 8639)";
    "CLICON_STREAM_DISCOVERY_RFC8040" Fate::Later, RESTCONF;
    "CLICON_STREAM_PATH" Fate::Later, RESTCONF;
    "CLICON_STREAM_URL" Fate::Obsolete, "since Clixon 7.5; the location follows from CLICON_STREAM_PATH";
    "CLICON_STREAM_PUB" Fate::Obsolete, "publishing through nchan is gone";
    "CLICON_LOG_STRING_LIMIT" Fate::NoEffect, "log lines hold no packets, and need no limit";
    "CLICON_EVENT_SELECT" Fate::NoEffect, "the number of open files has no such limit";
    "CLICON_SNMP_MIB" Fate::NoEffect, "Banyan has no SNMP agent";
    "CLICON_SNMP_AGENT_SOCK" Fate::NoEffect, "Banyan has no SNMP agent";
    "CLICON_NETCONF_CREATOR_ATTR" Fate::Obsolete, "since Clixon 7.0; creators are configuration now";
    "CLICON_DATASTORE_CACHE" Fate::Obsolete, "since Clixon 7.0; datastores are always in memory here, and reading one copies nothing";
    "CLICON_CLI_GENMODEL" Fate::Obsolete, "since Clixon 5.6; its place took <autocli>";
    "CLICON_CLI_GENMODEL_TYPE" Fate::Obsolete, "since Clixon 5.6; its place took <autocli>";
    "CLICON_CLI_GENMODEL_COMPLETION" Fate::Obsolete, "since Clixon 5.6; its place took <autocli>";
    "CLICON_CLI_AUTOCLI_EXCLUDE" Fate::Obsolete, "since Clixon 5.6; its place took <autocli>";
    "CLICON_CLI_MODEL_TREENAME" Fate::Obsolete, "since Clixon 5.6";
    "CLICON_MODULE_LIBRARY_RFC7895" Fate::Obsolete, "since Clixon 6.1; the YANG library is that of RFC 8525";
    "CLICON_RESTCONF_PATH" Fate::Obsolete, "since Clixon 5.6; its place took <restconf>";
    "CLICON_RESTCONF_PRETTY" Fate::Obsolete, "since Clixon 5.6; its place took <restconf>";
    "CLICON_RESTCONF_IPV4_ADDR" Fate::Obsolete, "its place took <restconf>";
    "CLICON_RESTCONF_IPV6_ADDR" Fate::Obsolete, "its place took <restconf>";
    "CLICON_RESTCONF_HTTP_PORT" Fate::Obsolete, "its place took <restconf>";
    "CLICON_RESTCONF_HTTPS_PORT" Fate::Obsolete, "its place took <restconf>";
    "CLICON_SSL_SERVER_CERT" Fate::Obsolete, "its place took <restconf>";
    "CLICON_SSL_SERVER_KEY" Fate::Obsolete, "its place took <restconf>";
    "CLICON_SSL_CA_CERT" Fate::Obsolete, "its place took <restconf>";
    "CLICON_TRANSACTION_MOD" Fate::Obsolete, "transactions always have the changes of both sides";
    "CLICON_YANG_LIST_CHECK" Fate::Obsolete, "since Clixon 5.5; keys are always checked";
    "CLICON_XMLDB_PLUGIN" Fate::Obsolete, "the datastore is part of the program";
    "CLICON_XMLDB_CACHE" Fate::Obsolete, "datastores are always in memory here";
    "CLICON_USE_STARTUP_CONFIG" Fate::Obsolete, "its place took CLICON_STARTUP_MODE";
};

/// The option of that name.
pub fn option(name: &str) -> Option<&'static ClixonOption> {
    OPTIONS.iter().find(|option| option.name == name)
}

/// Flags of `clixon_backend`, and what `banyan serve` has for them.
pub static FLAGS: &[(&str, &str)] = &[
    ("-h", "as there"),
    ("-V", "banyan --version"),
    ("-f", "as there: the configuration file; also --config"),
    ("-E", "as there: the directory of more configuration files"),
    ("-o", "as there: KEY=VALUE, in either spelling"),
    (
        "-l",
        "as there: s, e, o or f<file>; n is not offered, as a daemon without a word cannot be helped",
    ),
    (
        "-D",
        "a log level (error, warn, info, debug, trace), or debug bits as in CLICON_DEBUG",
    ),
    ("-s", "as there: the startup mode"),
    (
        "-U",
        "as there: run as this user, and drop privileges for good",
    ),
    ("-z", "as there: stop the daemon that the pid file names"),
    ("-1", "as there: start, then end at once"),
    ("-u", "-o netconf.socket=PATH"),
    ("-P", "-o process.pid-file=FILE"),
    ("-g", "-o netconf.socket-group=GROUP"),
    ("-y", "-o yang.main-file=FILE"),
    ("-p", "-o yang.path=DIR"),
    ("-b", "-o store.directory=DIR"),
    (
        "-F",
        "always so: the daemon stays in the foreground, and systemd or a shell puts it into the background",
    ),
    ("-C", "banyan config show"),
    ("-a", "not offered: there is one family of sockets, Unix"),
    ("-d", "not offered: there are no C plugins"),
    (
        "-c",
        "as there: merges a file into running after a good start; XML or JSON, may be repeated",
    ),
    (
        "-q",
        "as there: does all of a start but writing, prints what running would be (--format), and ends",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::table::KEYS;
    use super::*;

    #[test]
    fn flags_that_are_said_to_be_there_are() {
        use clap::CommandFactory;
        let program = crate::args::Arguments::command();
        let serve = program.find_subcommand("serve").unwrap();
        for (flag, here) in FLAGS {
            let letter = flag.chars().nth(1);
            let there = matches!(letter, Some('h'))
                || serve.get_arguments().any(|it| it.get_short() == letter);
            let said = match here.split_once(": ").map_or(*here, |(word, _)| word) {
                "as there" => true,
                "not offered" => false,
                _ => continue,
            };
            assert_eq!(there, said, "{flag}: {here}");
        }
    }

    /// The names that Clixon 7.9 has.
    const CLIXON_7_9: &str = include_str!("clixon-7.9-options.txt");

    #[test]
    fn every_option_of_clixon_is_classified_once() {
        let known: HashSet<&str> = CLIXON_7_9.split_whitespace().collect();
        assert_eq!(known.len(), 107);
        let mapped: Vec<&str> = KEYS.iter().flat_map(|key| key.clixon.names()).collect();
        let mut seen = HashSet::new();
        for name in mapped
            .iter()
            .copied()
            .chain(OPTIONS.iter().map(|it| it.name))
        {
            assert!(seen.insert(name), "{name} is classified twice");
        }
        let missing: Vec<&&str> = known.iter().filter(|name| !seen.contains(**name)).collect();
        assert!(missing.is_empty(), "not classified: {missing:?}");
        for name in seen.iter().filter(|name| !known.contains(**name)) {
            assert_eq!(
                option(name).map(|it| it.fate),
                Some(Fate::Obsolete),
                "{name}"
            );
        }
    }
}
