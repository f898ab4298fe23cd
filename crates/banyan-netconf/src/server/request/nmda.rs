//! The operations of RFC 8526, taken apart.

use banyan_engine::backend::{
    Datastore, Document, EditRequest, Filter, Origin, TestOption, WithDefaults,
};
use banyan_engine::nmda::{GetData, IdentityName, OnMissing, OriginFilter, ReadFrom};

use super::{
    Parameters, Read, Request, configuration, content, invalid_value, namespace, operation_of,
    store, with_defaults,
};
use crate::limits::Compat;
use crate::names::{BANYAN, BASE, DATASTORES, NMDA};
use crate::rpc_error::RpcError;
use crate::xml::Fragment;

/// RFC 8526 3.1.1.
pub(super) fn get_data(operation: &Fragment, compat: Compat) -> Read<Request> {
    let mut p = Parameters::read_repeating(
        operation,
        compat,
        &[
            (NMDA, "datastore"),
            (NMDA, "subtree-filter"),
            (NMDA, "xpath-filter"),
            (NMDA, "config-filter"),
            (NMDA, "origin-filter"),
            (NMDA, "negated-origin-filter"),
            (NMDA, "max-depth"),
            (NMDA, "with-origin"),
            (NMDA, "with-defaults"),
            (BANYAN, "strict"),
        ],
        &["origin-filter", "negated-origin-filter"],
    )?;
    let datastore = p.required("datastore")?;
    let from = match (
        conventional(&datastore, compat)?,
        store_name(&datastore, compat)?.as_str(),
    ) {
        (Some(store), _) => ReadFrom::Store(store),
        (None, "intended") => ReadFrom::Intended,
        (None, "operational") => ReadFrom::Operational,
        // RFC 8526 3.1.1: a datastore that is not supported.
        (None, _) => return Err(invalid_value("datastore", datastore.text().trim())),
    };
    let filter = match (p.take("subtree-filter"), p.take("xpath-filter")) {
        (None, None) => None,
        (Some(element), None) => Some(Filter::Subtree(Document::xml(content(&element)))),
        (None, Some(element)) => Some(Filter::XPath {
            select: element.text().trim().to_owned(),
            namespaces: element.declarations(),
        }),
        (Some(_), Some(_)) => return Err(one_of("xpath-filter", "subtree-filter")),
    };
    let config = match p.text("config-filter").as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(other) => return Err(invalid_value("config-filter", other)),
    };
    let only = identities(&mut p, "origin-filter")?;
    let without = identities(&mut p, "negated-origin-filter")?;
    let origins = match (only.is_empty(), without.is_empty()) {
        (true, true) => OriginFilter::Any,
        (false, true) => OriginFilter::Only(only),
        (true, false) => OriginFilter::Without(without),
        (false, false) => return Err(one_of("negated-origin-filter", "origin-filter")),
    };
    let max_depth = match p.text("max-depth").as_deref() {
        None | Some("unbounded") => None,
        Some(text) => match text.parse::<u16>() {
            Ok(depth) if depth > 0 => Some(depth),
            _ => return Err(invalid_value("max-depth", text)),
        },
    };
    let with_defaults: Option<WithDefaults> = match p.text("with-defaults") {
        None => None,
        Some(text) => Some(with_defaults(&text)?),
    };
    Ok(Request::GetData(GetData {
        filter,
        config,
        origins,
        max_depth,
        with_origin: p.take("with-origin").is_some(),
        with_defaults,
        on_missing: on_missing(&mut p),
        ..GetData::of(from)
    }))
}

/// RFC 8526 3.1.2, for the candidate.
pub(super) fn edit_data(operation: &Fragment, compat: Compat) -> Read<Request> {
    let mut p = Parameters::read(
        operation,
        compat,
        &[
            (NMDA, "datastore"),
            (NMDA, "default-operation"),
            (NMDA, "config"),
        ],
    )?;
    let datastore = p.required("datastore")?;
    if store_name(&datastore, compat)? != "candidate" {
        // RFC 8526 3.1.2: a datastore that cannot be written, or is not supported.
        return Err(not_for(
            &datastore,
            "cannot be written: edit ds:candidate, and commit",
        ));
    }
    let stated = p.text("default-operation");
    let config = p.required("config")?;
    Ok(Request::Edit(EditRequest {
        target: Datastore::Candidate,
        default_operation: operation_of(&config, stated.as_deref())?,
        edit: Document::xml(configuration(&config)?),
        test_option: TestOption::TestThenSet,
    }))
}

/// `<lock>` and `<unlock>` (RFC 6241 7.5, 7.6), whose target may be named as RFC 8526 3.2 does.
pub(super) fn lockable(operation: &Fragment, compat: Compat) -> Read<Datastore> {
    let target = Parameters::read(operation, compat, &[(BASE, "target")])?.one("target")?;
    if !is_datastore(&target, compat) {
        return store(&target, compat);
    }
    conventional(&target, compat)?.ok_or_else(|| {
        not_for(
            &target,
            "cannot be locked; there are running, candidate and startup",
        )
    })
}

/// `<validate>` (RFC 6241 8.6.4.1), whose source may be named as RFC 8526 3.2 does.
pub(super) fn validate(operation: &Fragment, compat: Compat) -> Read<Request> {
    let mut p = Parameters::read(operation, compat, &[(BASE, "source")])?;
    let source = p.required("source")?;
    let named = source.children().find(|child| is_datastore(child, compat));
    let Some(datastore) = named else {
        p.found.push(source);
        return Ok(Request::Validate(p.origin("source")?));
    };
    super::the_one_child(&source)?;
    let store = match (
        conventional(&datastore, compat)?,
        store_name(&datastore, compat)?.as_str(),
    ) {
        (Some(store), _) => store,
        // Nothing is expanded on the way from running to it.
        (None, "intended") => Datastore::Running,
        (None, _) => return Err(not_for(&datastore, "is no configuration to validate")),
    };
    Ok(Request::Validate(Origin::Store(store)))
}

fn is_datastore(element: &Fragment, compat: Compat) -> bool {
    let here = namespace(element, compat);
    let bare = element.namespace().is_empty() && compat == Compat::Lenient;
    (here == NMDA || bare) && element.local() == "datastore"
}

/// A conventional datastore that can be changed or copied (RFC 8342 5.1).
fn conventional(element: &Fragment, compat: Compat) -> Read<Option<Datastore>> {
    Ok(match store_name(element, compat)?.as_str() {
        "running" => Some(Datastore::Running),
        "candidate" => Some(Datastore::Candidate),
        "startup" => Some(Datastore::Startup),
        _ => None,
    })
}

fn not_for(element: &Fragment, why: &str) -> RpcError {
    let text = element.text();
    let mut error = invalid_value("datastore", text.trim());
    error.message = Some(format!("{} {why}", text.trim()));
    error
}

/// Banyan's wish that a read fails when state is missing.
pub(super) fn on_missing(p: &mut Parameters) -> OnMissing {
    match p.take("strict") {
        Some(_) => OnMissing::Fail,
        None => OnMissing::Tell,
    }
}

/// The name of a datastore of ietf-datastores; empty when it is of another module.
fn store_name(element: &Fragment, compat: Compat) -> Read<String> {
    let text = element.text();
    let text = text.trim();
    if compat == Compat::Lenient && !text.contains(':') {
        return Ok(text.to_owned());
    }
    let identity = identity(element, "datastore")?;
    Ok(match identity.namespace == DATASTORES {
        true => identity.name,
        false => String::new(),
    })
}

fn identities(p: &mut Parameters, name: &str) -> Read<Vec<IdentityName>> {
    let mut found = Vec::new();
    while let Some(element) = p.take(name) {
        found.push(identity(&element, name)?);
    }
    Ok(found)
}

/// RFC 7950 9.10.3: the prefix is one that is declared around the element, none is its default namespace.
fn identity(element: &Fragment, name: &str) -> Read<IdentityName> {
    let text = element.text();
    let (prefix, local) = text.trim().split_once(':').unwrap_or(("", text.trim()));
    let declarations = element.declarations();
    let declared = declarations.iter().find(|(known, _)| known == prefix);
    match declared {
        Some((_, namespace)) => Ok(IdentityName {
            namespace: namespace.clone(),
            name: local.to_owned(),
        }),
        None => Err(invalid_value(name, text.trim())),
    }
}

fn one_of(one: &str, other: &str) -> RpcError {
    RpcError::bad_element(
        one,
        format!("<{one}> and <{other}> are alternatives: give one of them"),
    )
}
