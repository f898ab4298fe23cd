//! Takes an operation element apart. Pure: an element goes in, a [`Request`] or an error comes out.
//!
//! Parameters that the operation does not have are refused, never ignored: a client that asks for
//! more than it gets must know.

mod faults;
mod nmda;
mod subscription;

use std::sync::Arc;

use banyan_engine::backend::{
    CommitParameters, Confirmed, Datastore, DefaultOperation, DiffFormat, Document, EditRequest,
    Encoding, Expression, Filter, Get, Origin, TestOption, WithDefaults,
};
use banyan_engine::nmda::GetData;
use bytes::Bytes;

use crate::limits::Compat;
use crate::names::{
    BANYAN, BASE, MONITORING, NMDA, NOTIFICATION, PARTIAL_LOCK, SUBSCRIBED, WITH_DEFAULTS,
    YANG_PUSH,
};
use crate::rpc_error::{ErrorInfo, ErrorTag, ErrorType, RpcError};
use crate::xml::Fragment;
use faults::{invalid_value, unknown_attribute, wrong_namespace};

/// The default of `confirm-timeout`, in seconds (RFC 6241 8.4.1).
const CONFIRM_TIMEOUT: u32 = 600;

/// An operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    Get(Get),
    GetData(GetData),
    Edit(EditRequest),
    Copy(Origin, Datastore),
    Delete(Datastore),
    Lock(Datastore),
    Unlock(Datastore),
    Validate(Origin),
    Commit(CommitParameters, CommitReply),
    CancelCommit(Option<Arc<str>>),
    Discard,
    CloseSession,
    KillSession(u32),
    PartialLock(Vec<Expression>),
    PartialUnlock(u32),
    GetSchema {
        name: String,
        revision: Option<String>,
    },
    /// An RPC that starts or changes a subscription: what this brings comes after the reply.
    Subscribe(Document),
    /// Everything else: RPCs of modules, and actions.
    Invoke(Document),
}

/// What the client wants to know of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommitReply {
    /// `<ok/>`, as RFC 6241 has it.
    Ok,
    /// Its numbers and trace (when one of the wishes of the module banyan was given).
    Report,
}

type Read<T> = Result<T, RpcError>;

/// Reads an operation. In a lenient session, elements of the protocol may lack their namespace (as
/// in a bare `<config>` within a request that uses a prefix).
pub(super) fn read(operation: &Fragment, compat: Compat) -> Read<Request> {
    match (namespace(operation, compat), operation.local()) {
        (BASE, "get") => {
            let mut p = Parameters::read(
                operation,
                compat,
                &[
                    (BASE, "filter"),
                    (WITH_DEFAULTS, "with-defaults"),
                    (BANYAN, "strict"),
                ],
            )?;
            let get = p.get(Datastore::Running, true)?;
            Ok(Request::GetData(GetData {
                on_missing: nmda::on_missing(&mut p),
                ..get.into()
            }))
        }
        (BASE, "get-config") => {
            let mut p = Parameters::read(
                operation,
                compat,
                &[
                    (BASE, "source"),
                    (BASE, "filter"),
                    (WITH_DEFAULTS, "with-defaults"),
                ],
            )?;
            let source = p.store("source")?;
            Ok(Request::Get(p.get(source, false)?))
        }
        (BASE, "edit-config") => edit_config(operation, compat),
        (BASE, "copy-config") => {
            let mut p = Parameters::read(
                operation,
                compat,
                &[
                    (BASE, "target"),
                    (BASE, "source"),
                    (WITH_DEFAULTS, "with-defaults"),
                ],
            )?;
            let target = p.store("target")?;
            if let Some(mode) = p.text("with-defaults") {
                // RFC 6243 4.5.3: it is about what is printed; between datastores nothing is.
                with_defaults(&mode)?;
            }
            Ok(Request::Copy(p.origin("source")?, target))
        }
        (BASE, "delete-config") => only_target(operation, compat).map(Request::Delete),
        (BASE, "lock") => nmda::lockable(operation, compat).map(Request::Lock),
        (BASE, "unlock") => nmda::lockable(operation, compat).map(Request::Unlock),
        (BASE, "validate") => nmda::validate(operation, compat),
        (BASE, "commit") => commit(operation, compat),
        (BASE, "cancel-commit") => {
            let mut p = Parameters::read(operation, compat, &[(BASE, "persist-id")])?;
            Ok(Request::CancelCommit(p.text("persist-id").map(Arc::from)))
        }
        (BASE, "discard-changes") => {
            Parameters::read(operation, compat, &[])?;
            Ok(Request::Discard)
        }
        (BASE, "close-session") => {
            Parameters::read(operation, compat, &[])?;
            Ok(Request::CloseSession)
        }
        (BASE, "kill-session") => {
            let mut p = Parameters::read(operation, compat, &[(BASE, "session-id")])?;
            let text = p.required("session-id")?.text();
            match text.trim().parse::<u32>() {
                Ok(id) if id > 0 => Ok(Request::KillSession(id)),
                _ => Err(invalid_value("session-id", &text)),
            }
        }
        (NMDA, "get-data") => nmda::get_data(operation, compat),
        (NMDA, "edit-data") => nmda::edit_data(operation, compat),
        (MONITORING, "get-schema") => get_schema(operation, compat),
        (PARTIAL_LOCK, "partial-lock") => partial_lock(operation),
        (PARTIAL_LOCK, "partial-unlock") => {
            let mut p = Parameters::read(operation, compat, &[(PARTIAL_LOCK, "lock-id")])?;
            let text = p.required("lock-id")?.text();
            let id = text.trim().parse();
            id.map(Request::PartialUnlock)
                .map_err(|_| invalid_value("lock-id", &text))
        }
        (NOTIFICATION, "create-subscription") => {
            Ok(Request::Subscribe(subscription::of_clients(operation)))
        }
        (SUBSCRIBED, "establish-subscription" | "modify-subscription")
        | (YANG_PUSH, "resync-subscription") => {
            Ok(Request::Subscribe(Document::xml(operation.document())))
        }
        _ => Ok(Request::Invoke(Document::xml(operation.document()))),
    }
}

/// RFC 6241 7.2.
fn edit_config(operation: &Fragment, compat: Compat) -> Read<Request> {
    let mut p = Parameters::read(
        operation,
        compat,
        &[
            (BASE, "target"),
            (BASE, "default-operation"),
            (BASE, "test-option"),
            (BASE, "error-option"),
            (BASE, "config"),
        ],
    )?;
    let stated = p.text("default-operation");
    let test_option = match p.text("test-option").as_deref() {
        None | Some("test-then-set") => TestOption::TestThenSet,
        Some("set") => TestOption::Set,
        Some("test-only") => TestOption::TestOnly,
        Some(other) => return Err(invalid_value("test-option", other)),
    };
    match p.text("error-option").as_deref() {
        // An edit is done whole or not at all, which keeps the promise of both.
        None | Some("stop-on-error" | "rollback-on-error") => {}
        Some("continue-on-error") => {
            return Err(RpcError::new(
                ErrorType::Protocol,
                ErrorTag::OperationNotSupported,
                "continue-on-error is not supported: an edit is done whole or not at all; \
                 use rollback-on-error",
            ));
        }
        Some(other) => return Err(invalid_value("error-option", other)),
    }
    let target = p.store("target")?;
    let config = p.required("config")?;
    Ok(Request::Edit(EditRequest {
        target,
        default_operation: operation_of(&config, stated.as_deref())?,
        edit: Document::xml(configuration(&config)?),
        test_option,
    }))
}

/// The operation for what `<config>` holds: an attribute of the element itself is about all of the datastore, as
/// `default-operation` is, and wins.
fn operation_of(config: &Fragment, stated: Option<&str>) -> Read<DefaultOperation> {
    let default = default_operation(stated)?;
    let own = config.attribute_in(BASE, "operation");
    match own.as_deref() {
        None => Ok(default),
        Some("merge") => Ok(DefaultOperation::Merge),
        Some("replace") => Ok(DefaultOperation::Replace),
        Some(other) => Err(RpcError::new(
            ErrorType::Protocol,
            ErrorTag::BadAttribute,
            format!(
                "the operation \"{other}\" cannot stand on <config>, only merge and replace; \
                 put it on the elements inside"
            ),
        )
        .with_info(ErrorInfo::BadAttribute("operation".into()))
        .with_info(ErrorInfo::BadElement("config".into()))),
    }
}

/// RFC 6241 7.2 `default-operation`.
fn default_operation(text: Option<&str>) -> Read<DefaultOperation> {
    match text {
        None | Some("merge") => Ok(DefaultOperation::Merge),
        Some("replace") => Ok(DefaultOperation::Replace),
        Some("none") => Ok(DefaultOperation::None),
        Some(other) => Err(invalid_value("default-operation", other)),
    }
}

/// RFC 6243 4.5.
fn with_defaults(text: &str) -> Read<WithDefaults> {
    match text {
        "explicit" => Ok(WithDefaults::Explicit),
        "report-all" => Ok(WithDefaults::ReportAll),
        "report-all-tagged" => Ok(WithDefaults::ReportAllTagged),
        "trim" => Ok(WithDefaults::Trim),
        other => Err(invalid_value("with-defaults", other)),
    }
}

/// RFC 6241 8.3.4.1 and 8.4.5, and Banyan's own parameters.
fn commit(operation: &Fragment, compat: Compat) -> Read<Request> {
    let mut p = Parameters::read(
        operation,
        compat,
        &[
            (BASE, "confirmed"),
            (BASE, "confirm-timeout"),
            (BASE, "persist"),
            (BASE, "persist-id"),
            (BANYAN, "comment"),
            (BANYAN, "label"),
            (BANYAN, "no-networking"),
            (BANYAN, "debug"),
            (BANYAN, "dry-run"),
            (BANYAN, "report"),
        ],
    )?;
    let timeout = p.text("confirm-timeout");
    let persist = p.text("persist");
    let asked = p.take("confirmed");
    if let Some(content) = asked.as_ref().map(Fragment::text)
        && !content.trim().is_empty()
    {
        // RFC 7950 9.11.2: a leaf of type empty.
        return Err(invalid_value("confirmed", content.trim()));
    }
    let confirmed = if asked.is_some() {
        let timeout = match timeout {
            None => CONFIRM_TIMEOUT,
            Some(text) => match text.parse::<u32>() {
                Ok(seconds) if seconds > 0 => seconds,
                _ => return Err(invalid_value("confirm-timeout", &text)),
            },
        };
        Some(Confirmed {
            timeout,
            persist: persist.map(Arc::from),
        })
    } else if timeout.is_some() || persist.is_some() {
        return Err(RpcError::missing_element("confirmed"));
    } else {
        None
    };
    let persist_id = p.text("persist-id").map(Arc::from);
    let debug_kicker = match p.text("debug").as_deref() {
        None => false,
        Some("kicker") => true,
        Some(other) => return Err(invalid_value("debug", other)),
    };
    let dry_run = match p.text("dry-run").as_deref() {
        None => None,
        Some("") => Some(DiffFormat::default()),
        Some(name) => match DiffFormat::named(name) {
            Some(format) => Some(format),
            None => return Err(invalid_value("dry-run", name)),
        },
    };
    let parameters = CommitParameters {
        confirmed,
        persist_id,
        comment: p.text("comment"),
        label: p.text("label"),
        no_networking: p.take("no-networking").is_some(),
        debug_kicker,
        dry_run,
    };
    let report = p.take("report").is_some()
        || parameters.comment.is_some()
        || parameters.label.is_some()
        || parameters.no_networking
        || debug_kicker
        || dry_run.is_some();
    let reply = if report {
        CommitReply::Report
    } else {
        CommitReply::Ok
    };
    Ok(Request::Commit(parameters, reply))
}

/// RFC 5717 2.4.1: one expression or more, each with the namespaces that are in scope where it stands.
fn partial_lock(operation: &Fragment) -> Read<Request> {
    let mut select = Vec::new();
    for child in operation.children() {
        if !child.is(PARTIAL_LOCK, "select") {
            return Err(RpcError::unknown_element(
                child.local(),
                format!("<partial-lock> has no parameter <{}>", child.local()),
            ));
        }
        select.push(Expression {
            select: child.text().trim().to_owned(),
            namespaces: child.declarations(),
        });
    }
    if select.is_empty() {
        return Err(RpcError::missing_element("select"));
    }
    Ok(Request::PartialLock(select))
}

/// RFC 6022 3.1.
fn get_schema(operation: &Fragment, compat: Compat) -> Read<Request> {
    let mut p = Parameters::read(
        operation,
        compat,
        &[
            (MONITORING, "identifier"),
            (MONITORING, "version"),
            (MONITORING, "format"),
        ],
    )?;
    if let Some(format) = p.text("format") {
        // An identity: its prefix, if any, stands for the monitoring module.
        if format.rsplit(':').next() != Some("yang") {
            return Err(invalid_value("format", &format));
        }
    }
    Ok(Request::GetSchema {
        name: p.required("identifier")?.text().trim().to_owned(),
        revision: p.text("version").filter(|v| !v.is_empty()),
    })
}

fn only_target(operation: &Fragment, compat: Compat) -> Read<Datastore> {
    Parameters::read(operation, compat, &[(BASE, "target")])?.store("target")
}

/// The parameters of an operation, each at most once.
struct Parameters {
    compat: Compat,
    found: Vec<Fragment>,
}

impl Parameters {
    fn read(operation: &Fragment, compat: Compat, known: &[(&str, &str)]) -> Read<Self> {
        Self::read_repeating(operation, compat, known, &[])
    }

    /// As [`Parameters::read`]; those that are named last may stand there more than once.
    fn read_repeating(
        operation: &Fragment,
        compat: Compat,
        known: &[(&str, &str)],
        repeating: &[&str],
    ) -> Read<Self> {
        if compat == Compat::Strict
            && let Some(name) = operation.plain_attribute()
        {
            return Err(unknown_attribute(operation, &name));
        }
        let mut found: Vec<Fragment> = Vec::new();
        for child in operation.children() {
            let (namespace, name) = (namespace(&child, compat), child.local());
            if !known.contains(&(namespace, name)) {
                let error = match known.iter().find(|(_, known)| *known == name) {
                    Some((expected, _)) => wrong_namespace(&child, compat, expected),
                    None => RpcError::unknown_element(
                        name,
                        format!("<{}> has no parameter <{name}>", operation.local()),
                    ),
                };
                return Err(error);
            }
            if !repeating.contains(&name) && found.iter().any(|f| f.local() == name) {
                return Err(RpcError::bad_element(
                    name,
                    format!("<{name}> stands twice in <{}>", operation.local()),
                ));
            }
            found.push(child);
        }
        Ok(Parameters { compat, found })
    }

    fn take(&mut self, name: &str) -> Option<Fragment> {
        let at = self.found.iter().position(|f| f.local() == name)?;
        Some(self.found.swap_remove(at))
    }

    fn required(&mut self, name: &str) -> Read<Fragment> {
        self.take(name)
            .ok_or_else(|| RpcError::missing_element(name))
    }

    fn text(&mut self, name: &str) -> Option<String> {
        Some(self.take(name)?.text().trim().to_owned())
    }

    /// The datastore named in `<source>` or `<target>`.
    fn store(&mut self, name: &str) -> Read<Datastore> {
        store(&self.one(name)?, self.compat)
    }

    /// What stands in `<source>` or `<target>`.
    fn one(&mut self, name: &str) -> Read<Fragment> {
        the_one_child(&self.required(name)?)
    }

    /// The datastore or inline configuration in `<source>`.
    fn origin(&mut self, name: &str) -> Read<Origin> {
        let child = self.one(name)?;
        if (namespace(&child, self.compat), child.local()) == (BASE, "config") {
            return Ok(Origin::Inline(Document::xml(configuration(&child)?)));
        }
        store(&child, self.compat).map(Origin::Store)
    }

    fn get(&mut self, store: Datastore, state: bool) -> Read<Get> {
        let filter = match self.take("filter") {
            None => None,
            Some(element) => Some(filter(&element)?),
        };
        let with_defaults = match self.text("with-defaults") {
            None => WithDefaults::Explicit,
            Some(text) => with_defaults(&text)?,
        };
        Ok(Get {
            store,
            state,
            filter,
            with_defaults,
            encoding: Encoding::Xml,
        })
    }
}

/// The namespace of an element of the protocol.
fn namespace(element: &Fragment, compat: Compat) -> &str {
    match (element.namespace(), compat) {
        ("", Compat::Lenient) => BASE,
        (namespace, _) => namespace,
    }
}

fn the_one_child(element: &Fragment) -> Read<Fragment> {
    let mut children = element.children();
    match (children.next(), children.next()) {
        (Some(child), None) => Ok(child),
        (None, _) => Err(RpcError::bad_element(
            element.local(),
            format!("<{}> names no datastore", element.local()),
        )),
        (Some(_), Some(_)) => Err(RpcError::bad_element(
            element.local(),
            format!("<{}> names more than one datastore", element.local()),
        )),
    }
}

fn store(element: &Fragment, compat: Compat) -> Read<Datastore> {
    match (namespace(element, compat), element.local()) {
        (BASE, "running") => Ok(Datastore::Running),
        (BASE, "candidate") => Ok(Datastore::Candidate),
        (BASE, "startup") => Ok(Datastore::Startup),
        (_, "running" | "candidate" | "startup" | "config") => {
            Err(wrong_namespace(element, compat, BASE))
        }
        (_, name) => Err(RpcError::unknown_element(
            name,
            format!("<{name}> is no datastore here; there are running, candidate and startup"),
        )),
    }
}

/// RFC 6241 6 and 8.9.5.2.
fn filter(element: &Fragment) -> Read<Filter> {
    // Its schema has them without a namespace; some clients put them into that of the element.
    let attribute = |name: &str| {
        let qualified = || element.attribute_in(BASE, name);
        element.attribute(name).or_else(qualified)
    };
    match attribute("type").as_deref() {
        None | Some("subtree") => Ok(Filter::Subtree(Document::xml(content(element)))),
        Some("xpath") => match attribute("select") {
            Some(select) => Ok(Filter::XPath {
                select,
                namespaces: element.declarations(),
            }),
            None => Err(RpcError::new(
                ErrorType::Protocol,
                ErrorTag::MissingAttribute,
                "a filter of type xpath needs the attribute select (RFC 6241 8.9.5.2)",
            )
            .with_info(ErrorInfo::BadAttribute("select".into()))
            .with_info(ErrorInfo::BadElement("filter".into()))),
        },
        Some(other) => Err(RpcError::new(
            ErrorType::Protocol,
            ErrorTag::BadAttribute,
            format!("there is no filter of type \"{other}\"; use subtree or xpath"),
        )
        .with_info(ErrorInfo::BadAttribute("type".into()))
        .with_info(ErrorInfo::BadElement("filter".into()))),
    }
}

/// What `<config>` holds. Text in it is no configuration, and must not pass for an empty one.
fn configuration(element: &Fragment) -> Read<Bytes> {
    if element.children().next().is_none() && !element.text().trim().is_empty() {
        return Err(RpcError::bad_element(
            element.local(),
            format!(
                "<{}> holds text where elements of data are expected (NETCONF carries XML)",
                element.local()
            ),
        ));
    }
    Ok(content(element))
}

/// The child elements, each self-contained, one after the other. One child costs no copy unless
/// declarations have to be added.
fn content(element: &Fragment) -> Bytes {
    let mut children = element.children();
    let (Some(first), second) = (children.next(), children.next()) else {
        return Bytes::new();
    };
    let Some(second) = second else {
        return first.document();
    };
    let mut all = first.document().to_vec();
    for child in std::iter::once(second).chain(children) {
        all.extend_from_slice(&child.document());
    }
    Bytes::from(all)
}

#[cfg(test)]
mod tests;
