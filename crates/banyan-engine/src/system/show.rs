//! Data, differences and outputs as text.

use banyan_data::document::Layout;
use serde_json::{Value, json};

use super::{Request, commit_named, state_named};
use crate::access::Question;
use crate::backend::{Call, Datastore, DiffFormat, Encoding, Filter, Result, WithDefaults};
use crate::bind;
use crate::blocking::on_pool;
use crate::error::{BackendError, ErrorTag};
use crate::history::{Compared, Wanted, compared};
use crate::nmda::{Data, GetData, OnMissing, ReadFrom};

/// These operations serve people; programs read with `get`.
const FOR_PEOPLE: Layout = Layout::Indented(2);

/// The format that the input asks for.
fn format(request: &Request) -> Encoding {
    match request.text("format") {
        Some("xml") => Encoding::Xml,
        Some("json") => Encoding::Json,
        Some("set") => Encoding::Set,
        _ => Encoding::Text,
    }
}

/// The format of differences that the input asks for.
pub(super) fn diff_format(request: &Request) -> DiffFormat {
    request
        .text("format")
        .and_then(DiffFormat::named)
        .unwrap_or_default()
}

fn text(text: String) -> Value {
    json!({ "banyan:text": text })
}

/// `compare`
pub(super) async fn compare(request: Request) -> Result<Value> {
    let engine = request.engine();
    let session = request.call.call.session;
    let from = request.text("from").unwrap_or("running");
    let to = request.text("to").unwrap_or("candidate");
    let is_commit = |name: &str| name.starts_with("tid:") || name.parse::<u64>().is_ok();
    let compared = if is_commit(from) && is_commit(to) {
        let (from, to) = (
            commit_named(engine, from).await?,
            commit_named(engine, to).await?,
        );
        engine.two_states(from, to).await?
    } else if (from, to) == ("running", "candidate") {
        // What a commit would change: what others have committed since the candidate's changes were made is no part of it.
        let (candidate, running) = engine.candidate_on_running(session).await?;
        Compared::of_one_schema(running.tree, candidate.tree)
    } else {
        let from = state_named(engine, session, from).await?;
        let to = state_named(engine, session, to).await?;
        let core = engine.0.clone();
        on_pool(move || compared(&core, from, to)).await??
    };
    let path = request.text("path").map(str::to_owned);
    if let Some(path) = &path {
        // One of the two must know it.
        let known = [
            Some(&compared.after),
            compared.gone.as_ref().map(|gone| &gone.0),
        ];
        let mut known = known.into_iter().flatten().map(|tree| {
            let mounts = engine.0.epochs.mounts_of(tree.schema());
            bind::parse_place(tree, path, &mounts).map(|_| ())
        });
        if let Some(Err(error)) = known.next()
            && !known.any(|known| known.is_ok())
        {
            return Err(error);
        }
    }
    let wanted = Wanted {
        format: diff_format(&request),
        path,
        reverse: false,
    };
    let call = &request.call.call;
    let differences = compared.text(engine, call, wanted).await?;
    Ok(text(differences))
}

/// `show`
pub(super) async fn show(request: Request) -> Result<Value> {
    let engine = request.engine();
    let store = request.text("store").unwrap_or("running");
    let state = request.flag("state");
    let from = match store {
        "operational" => ReadFrom::Operational,
        "intended" => ReadFrom::Intended,
        "running" if state => ReadFrom::RunningAndState,
        // The tree is at hand, whatever it is called.
        _ => ReadFrom::Store(Datastore::Running),
    };
    if state && !from.has_state() {
        return Err(BackendError::new(
            ErrorTag::InvalidValue,
            format!("{store} has no state; ask for state of running, or for operational"),
        ));
    }
    let shown = match store {
        "candidate" => engine.tree_of(request.call.call.session, Datastore::Candidate),
        "operational" | "intended" => engine.running().tree,
        name => engine.stores().get(name).await?,
    };
    let filter = match request.text("path") {
        None => None,
        Some(path) => {
            // Which schema is mounted where is seen in what the caller may read.
            let tree = engine.readable(&request.call.call, shown.clone()).await?;
            let mounts = engine.mounts().clone();
            let path = path.to_owned();
            let select = on_pool(move || {
                let path = bind::parse_path(&tree, &path, &mounts)?;
                bind::path_xpath(&tree, &path, &mounts)
            })
            .await??;
            Some(Filter::XPath {
                select,
                namespaces: Vec::new(),
            })
        }
    };
    let operational = from == ReadFrom::Operational;
    let get = GetData {
        filter,
        with_origin: request.flag("origin"),
        with_defaults: match (request.flag("defaults"), operational) {
            (true, _) => Some(WithDefaults::ReportAll),
            (false, true) => None,
            (false, false) => Some(WithDefaults::Explicit),
        },
        on_missing: match request.flag("strict") {
            true => OnMissing::Fail,
            false => OnMissing::Tell,
        },
        encoding: format(&request),
        ..GetData::of(from)
    };
    let call = &request.call.call;
    let Data { body, missing } = engine.read_data(call, shown, get, FOR_PEOPLE).await?;
    let body = body.collect().await?;
    let mut shown = text(String::from_utf8_lossy(&body).into_owned());
    if !missing.is_empty() {
        let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
        shown["banyan:missing"] = json!(missing);
    }
    Ok(shown)
}

/// `resolve-path`
pub(super) async fn resolve_path(request: Request) -> Result<Value> {
    let engine = request.engine();
    let running = engine
        .readable(&request.call.call, engine.running().tree)
        .await?;
    let mounts = engine.mounts().clone();
    let path = request.text("path").unwrap_or_default().to_owned();
    let resolved = on_pool(move || bind::resolve_path(&running, &path, &mounts)).await??;
    Ok(json!({ "banyan:xpath": resolved.xpath, "banyan:config": resolved.config }))
}

/// `call`
pub(super) async fn call(request: Request) -> Result<Value> {
    let engine = request.engine().clone();
    let name = request.text("operation").unwrap_or_default().to_owned();
    let input = request.text("input").unwrap_or("{}").to_owned();
    let encoding = format(&request);
    let running = engine
        .readable(&request.call.call, engine.running().tree)
        .await?;
    let mounts = engine.mounts().clone();
    let bound =
        on_pool(move || bind::operation_by_name(&running, &name, &input, &mounts)).await??;
    let call: &Call = &request.call.call;
    let output = engine
        .run(call, bound.node, bound.target, bound.input)
        .await?;
    let printed = on_pool(move || bind::print_output(&output, encoding, FOR_PEOPLE)).await??;
    Ok(text(String::from_utf8_lossy(&printed).into_owned()))
}

/// `access-explain`
pub(super) async fn access_explain(request: Request) -> Result<Value> {
    let text = |name: &str| request.text(name).unwrap_or_default();
    let groups = request.leaf("group").and_then(Value::as_array);
    let groups = groups.into_iter().flatten().filter_map(Value::as_str);
    let question = Question {
        user: match request.text("user") {
            Some(user) => user.into(),
            None => request.call.call.principal.effective().clone(),
        },
        groups: groups.map(Into::into).collect(),
        operation: text("operation").to_owned(),
        path: text("path").to_owned(),
    };
    let engine = request.engine().clone();
    let call = request.call.call.clone();
    let answer = on_pool(move || engine.explain(&call, &question)).await??;
    let members = answer.as_object().cloned().unwrap_or_default();
    let qualified = members
        .into_iter()
        .map(|(name, value)| (format!("banyan:{name}"), value));
    Ok(Value::Object(qualified.collect()))
}
