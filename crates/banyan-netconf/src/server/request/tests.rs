//! Operations as clients write them, and as they should not.

use super::*;
use crate::names::DATASTORES;
use crate::operations;
use banyan_engine::nmda::{IdentityName, OnMissing, OriginFilter, ReadFrom};

fn read_text(operation: &str) -> Read<Request> {
    let rpc = format!("<rpc xmlns=\"{BASE}\" xmlns:q=\"urn:q\">{operation}</rpc>");
    let root = Fragment::parse(Bytes::from(rpc), 64, None).unwrap();
    read(&root.children().next().unwrap(), Compat::Strict)
}

#[test]
fn what_the_client_writes_the_server_reads() {
    let filter = Filter::Subtree(Document::xml("<a xmlns=\"urn:a\" xmlns:q=\"urn:q\"/>"));
    let get = |store, state, filter, with_defaults| {
        let get = Get {
            store,
            state,
            filter,
            with_defaults,
            encoding: Encoding::Xml,
        };
        match state {
            true => Request::GetData(get.into()),
            false => Request::Get(get),
        }
    };
    assert_eq!(
        read_text(&operations::get(Some(&filter), WithDefaults::Trim)).unwrap(),
        get(
            Datastore::Running,
            true,
            Some(filter.clone()),
            WithDefaults::Trim
        )
    );
    let store = Datastore::Candidate;
    assert_eq!(
        read_text(&operations::get_config(store, None, WithDefaults::Explicit)).unwrap(),
        get(store, false, None, WithDefaults::Explicit)
    );
    let inline = Origin::Inline(Document::xml(
        "<a xmlns=\"urn:a\" xmlns:q=\"urn:q\">1</a><b xmlns=\"urn:b\" xmlns:q=\"urn:q\"/>",
    ));
    assert_eq!(
        read_text(&operations::copy_config(&inline, Datastore::Running)).unwrap(),
        Request::Copy(inline.clone(), Datastore::Running)
    );
    assert_eq!(
        read_text(&operations::validate(&inline)).unwrap(),
        Request::Validate(inline)
    );
    let edit = EditRequest {
        target: Datastore::Candidate,
        edit: Document::xml("<a xmlns=\"urn:a\" xmlns:q=\"urn:q\"><b>q:x</b></a>"),
        default_operation: DefaultOperation::None,
        test_option: TestOption::TestOnly,
    };
    for on_error in [operations::OnError::Unstated, operations::OnError::Rollback] {
        assert_eq!(
            read_text(&operations::edit_config(&edit, on_error)).unwrap(),
            Request::Edit(edit.clone())
        );
    }
    for parameters in [
        CommitParameters::default(),
        CommitParameters {
            confirmed: Some(Confirmed {
                timeout: 30,
                persist: Some("p<1".into()),
            }),
            persist_id: Some("p0".into()),
            comment: Some("a & b".into()),
            label: Some("l".into()),
            no_networking: true,
            debug_kicker: false,
            dry_run: Some(banyan_engine::backend::DiffFormat::Set),
        },
    ] {
        assert_eq!(
            read_text(&operations::commit(&parameters)).unwrap(),
            Request::Commit(
                parameters.clone(),
                match parameters.comment {
                    None => CommitReply::Ok,
                    Some(_) => CommitReply::Report,
                }
            )
        );
        assert_eq!(
            read_text(&operations::commit_with_report(&parameters)).unwrap(),
            Request::Commit(parameters, CommitReply::Report)
        );
    }
    assert_eq!(
        read_text(&operations::get_schema("m", Some("2020-01-01"))).unwrap(),
        Request::GetSchema {
            name: "m".into(),
            revision: Some("2020-01-01".into())
        }
    );
    assert_eq!(
        read_text(&operations::kill_session(4)).unwrap(),
        Request::KillSession(4)
    );
    let running = Datastore::Running;
    for (text, request) in [
        (operations::lock(running), Request::Lock(running)),
        (operations::unlock(running), Request::Unlock(running)),
        (operations::delete_config(running), Request::Delete(running)),
        (
            operations::cancel_commit(Some("p")),
            Request::CancelCommit(Some("p".into())),
        ),
        (operations::cancel_commit(None), Request::CancelCommit(None)),
        ("<discard-changes/>".to_owned(), Request::Discard),
        ("<close-session/>".to_owned(), Request::CloseSession),
    ] {
        assert_eq!(read_text(&text).unwrap(), request);
    }
}

#[test]
fn an_xpath_filter_brings_the_prefixes_in_scope() {
    let request = read_text(
        "<get-config><source><running/></source><filter xmlns:p=\"urn:p\" type=\"xpath\" select=\"/p:a[q:b='&lt;']\"/></get-config>",
    )
    .unwrap();
    let Request::Get(Get {
        filter: Some(Filter::XPath { select, namespaces }),
        ..
    }) = request
    else {
        panic!("{request:?}")
    };
    assert_eq!(select, "/p:a[q:b='<']");
    assert!(namespaces.contains(&("p".into(), "urn:p".into())));
    assert!(namespaces.contains(&("q".into(), "urn:q".into())));
}

#[test]
fn a_partial_lock_brings_the_prefixes_in_scope_of_each_expression() {
    let lock = format!(
        "<partial-lock xmlns=\"{PARTIAL_LOCK}\"><select xmlns:a=\"urn:a\"> /a:x </select><select>/q:y</select></partial-lock>"
    );
    let Request::PartialLock(select) = read_text(&lock).unwrap() else {
        panic!("no partial lock");
    };
    assert_eq!(select[0].select, "/a:x");
    let knows = |index: usize, prefix: &str| {
        let namespaces: &Vec<(String, String)> = &select[index].namespaces;
        namespaces.iter().any(|(known, _)| known == prefix)
    };
    assert!(knows(0, "a") && knows(0, "q") && knows(1, "q") && !knows(1, "a"));
    let none = format!("<partial-lock xmlns=\"{PARTIAL_LOCK}\"/>");
    assert_eq!(read_text(&none).unwrap_err().tag, ErrorTag::MissingElement);
    let unlock =
        format!("<partial-unlock xmlns=\"{PARTIAL_LOCK}\"><lock-id> 7 </lock-id></partial-unlock>");
    assert_eq!(read_text(&unlock).unwrap(), Request::PartialUnlock(7));
    let wrong = unlock.replace('7', "seven");
    assert_eq!(read_text(&wrong).unwrap_err().tag, ErrorTag::InvalidValue);
}

#[test]
fn other_operations_pass_through_with_all_their_declarations() {
    assert_eq!(
        read_text("<reboot xmlns=\"urn:r\"><who>q:me</who></reboot>").unwrap(),
        Request::Invoke(Document::xml(
            "<reboot xmlns:q=\"urn:q\" xmlns=\"urn:r\"><who>q:me</who></reboot>"
        ))
    );
    assert!(matches!(
        read_text(&operations::action(b"<a xmlns=\"urn:a\"><do/></a>")),
        Ok(Request::Invoke(_))
    ));
}

#[test]
fn wrong_operations_get_the_right_error() {
    for (operation, tag, message) in [
        ("<lock/>", "missing-element", "<target> is missing"),
        (
            "<lock><target/></lock>",
            "bad-element",
            "<target> names no datastore",
        ),
        (
            "<lock><target><url>x</url></target></lock>",
            "unknown-element",
            "<url> is no datastore",
        ),
        (
            "<lock><target><running/><candidate/></target></lock>",
            "bad-element",
            "more than one",
        ),
        (
            "<lock><target><running/></target><x/></lock>",
            "unknown-element",
            "<lock> has no parameter <x>",
        ),
        (
            "<lock><target xmlns=\"urn:x\"><running/></target></lock>",
            "unknown-namespace",
            "<target> must be in the namespace \"urn:ietf:params:xml:ns:netconf:base:1.0\", but it is in \"urn:x\"",
        ),
        (
            "<lock><target><running xmlns=\"\"/></target></lock>",
            "unknown-namespace",
            "<running> must be in the namespace \"urn:ietf:params:xml:ns:netconf:base:1.0\", but it has none",
        ),
        (
            "<lock><target><running/></target><target/></lock>",
            "bad-element",
            "<target> stands twice",
        ),
        (
            "<edit-config><target><running/></target></edit-config>",
            "missing-element",
            "<config> is missing",
        ),
        (
            "<edit-config><target><running/></target><default-operation>x</default-operation><config/></edit-config>",
            "invalid-value",
            "\"x\" is not a value of <default-operation>; write merge, replace or none",
        ),
        (
            "<edit-config><target><running/></target><error-option>continue-on-error</error-option><config/></edit-config>",
            "operation-not-supported",
            "continue-on-error",
        ),
        (
            "<get><filter type=\"xpath\"/></get>",
            "missing-attribute",
            "needs the attribute select",
        ),
        (
            "<get><filter type=\"x\"/></get>",
            "bad-attribute",
            "no filter of type \"x\"",
        ),
        (
            "<commit><confirmed>true</confirmed></commit>",
            "invalid-value",
            "\"true\" is not a value of <confirmed>",
        ),
        (
            "<get content=\"config\"/>",
            "unknown-attribute",
            "<get> has no attribute \"content\"; use <get-config>",
        ),
        (
            "<edit-config><target><candidate/></target><config xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" nc:operation=\"delete\"/></edit-config>",
            "bad-attribute",
            "cannot stand on <config>",
        ),
        (
            "<commit><persist>x</persist></commit>",
            "missing-element",
            "<confirmed> is missing",
        ),
        (
            "<commit><confirmed/><confirm-timeout>0</confirm-timeout></commit>",
            "invalid-value",
            "<confirm-timeout>",
        ),
        ("<kill-session/>", "missing-element", "<session-id>"),
        (
            "<kill-session><session-id>x</session-id></kill-session>",
            "invalid-value",
            "<session-id>",
        ),
        (
            "<get-schema xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring\"/>",
            "missing-element",
            "<identifier>",
        ),
    ] {
        let error = read_text(operation).unwrap_err();
        assert_eq!(error.tag.as_str(), tag, "{operation}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn a_lenient_session_takes_a_bare_config() {
    let rpc = format!(
        "<nc:rpc xmlns:nc=\"{BASE}\"><nc:edit-config><nc:target><candidate/></nc:target><config><a xmlns=\"urn:a\"/></config></nc:edit-config></nc:rpc>"
    );
    let root = Fragment::parse(Bytes::from(rpc), 64, None).unwrap();
    let operation = root.children().next().unwrap();
    let error = read(&operation, Compat::Strict).unwrap_err();
    assert_eq!(error.tag, ErrorTag::UnknownNamespace);
    let message = error.message.unwrap();
    for part in [
        "<config> must be",
        &format!("\"{BASE}\""),
        "it has none",
        "compat.lenient",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let request = read(&operation, Compat::Lenient).unwrap();
    assert!(matches!(request, Request::Edit(_)), "{request:?}");
}

#[test]
fn locks_and_validation_name_datastores_as_rfc_8526_does() {
    let nmda = |operation: &str, around: &str, store: &str| {
        read_text(&format!(
            "<{operation}><{around}><datastore xmlns=\"{NMDA}\" xmlns:ds=\"{DATASTORES}\">{store}</datastore>\
             </{around}></{operation}>"
        ))
    };
    for (name, store) in [
        ("ds:running", Datastore::Running),
        ("ds:candidate", Datastore::Candidate),
        ("ds:startup", Datastore::Startup),
    ] {
        assert_eq!(nmda("lock", "target", name).unwrap(), Request::Lock(store));
        assert_eq!(
            nmda("unlock", "target", name).unwrap(),
            Request::Unlock(store)
        );
        assert_eq!(
            nmda("validate", "source", name).unwrap(),
            Request::Validate(Origin::Store(store))
        );
    }
    assert_eq!(
        nmda("validate", "source", "ds:intended").unwrap(),
        Request::Validate(Origin::Store(Datastore::Running))
    );
    for (operation, around, store) in [
        ("lock", "target", "ds:operational"),
        ("lock", "target", "ds:intended"),
        ("unlock", "target", "running"),
        ("validate", "source", "ds:operational"),
        ("validate", "source", "x:running"),
    ] {
        let error = nmda(operation, around, store).unwrap_err();
        assert_eq!(error.tag, ErrorTag::InvalidValue, "{operation} {store}");
        assert_eq!(error.info, [ErrorInfo::BadElement("datastore".into())]);
    }
    let twice = format!(
        "<validate><source><running/><datastore xmlns=\"{NMDA}\" xmlns:ds=\"{DATASTORES}\">ds:running</datastore></source></validate>"
    );
    assert_eq!(read_text(&twice).unwrap_err().tag, ErrorTag::BadElement);
    // RFC 8526 gives it to these three alone.
    let copy = format!(
        "<delete-config><target><datastore xmlns=\"{NMDA}\" xmlns:ds=\"{DATASTORES}\">ds:startup</datastore></target></delete-config>"
    );
    assert_eq!(read_text(&copy).unwrap_err().tag, ErrorTag::UnknownElement);
}

fn get_data(parameters: &str) -> Result<Request, RpcError> {
    read_text(&format!(
        "<get-data xmlns=\"{NMDA}\" xmlns:ds=\"{DATASTORES}\" \
         xmlns:or=\"urn:ietf:params:xml:ns:yang:ietf-origin\">{parameters}</get-data>"
    ))
}

#[test]
fn get_data_has_the_parameters_of_rfc_8526() {
    let request = get_data(
        "<datastore>ds:operational</datastore><xpath-filter xmlns:p='urn:p'>/p:a</xpath-filter>\
         <config-filter>false</config-filter><negated-origin-filter>or:system</negated-origin-filter>\
         <negated-origin-filter>or:learned</negated-origin-filter><max-depth>3</max-depth><with-origin/>\
         <with-defaults>trim</with-defaults><strict xmlns='urn:banyan:system'/>",
    );
    let Request::GetData(get) = request.unwrap() else {
        panic!("another request");
    };
    let Some(Filter::XPath { select, namespaces }) = &get.filter else {
        panic!("{get:?}");
    };
    assert_eq!(select, "/p:a");
    assert!(namespaces.contains(&("p".into(), "urn:p".into())));
    let origin = |name: &str| IdentityName {
        namespace: "urn:ietf:params:xml:ns:yang:ietf-origin".into(),
        name: name.into(),
    };
    let OriginFilter::Without(mut origins) = get.origins.clone() else {
        panic!("{get:?}");
    };
    origins.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(origins, [origin("learned"), origin("system")]);
    assert_eq!(
        GetData {
            filter: None,
            origins: OriginFilter::Any,
            ..get
        },
        GetData {
            config: Some(false),
            max_depth: Some(3),
            with_origin: true,
            with_defaults: Some(WithDefaults::Trim),
            on_missing: OnMissing::Fail,
            ..GetData::of(ReadFrom::Operational)
        }
    );
    for (store, from) in [
        ("running", ReadFrom::Store(Datastore::Running)),
        ("candidate", ReadFrom::Store(Datastore::Candidate)),
        ("startup", ReadFrom::Store(Datastore::Startup)),
        ("intended", ReadFrom::Intended),
    ] {
        let request = get_data(&format!("<datastore>ds:{store}</datastore>")).unwrap();
        assert_eq!(request, Request::GetData(GetData::of(from)));
    }
}

#[test]
fn what_get_data_does_not_take_is_told() {
    let operational = "<datastore>ds:operational</datastore>";
    for (parameters, tag) in [
        (
            "<datastore>ds:dynamic</datastore>".to_owned(),
            ErrorTag::InvalidValue,
        ),
        (
            "<datastore>or:operational</datastore>".to_owned(),
            ErrorTag::InvalidValue,
        ),
        (
            "<datastore>zz:operational</datastore>".to_owned(),
            ErrorTag::InvalidValue,
        ),
        (String::new(), ErrorTag::MissingElement),
        (
            format!("{operational}<max-depth>0</max-depth>"),
            ErrorTag::InvalidValue,
        ),
        (
            format!("{operational}<config-filter>yes</config-filter>"),
            ErrorTag::InvalidValue,
        ),
        (
            format!("{operational}<subtree-filter/><xpath-filter>/</xpath-filter>"),
            ErrorTag::BadElement,
        ),
        (
            format!(
                "{operational}<origin-filter>or:system</origin-filter><negated-origin-filter>or:system</negated-origin-filter>"
            ),
            ErrorTag::BadElement,
        ),
        (format!("{operational}{operational}"), ErrorTag::BadElement),
        (format!("{operational}<depth/>"), ErrorTag::UnknownElement),
    ] {
        assert_eq!(get_data(&parameters).unwrap_err().tag, tag, "{parameters}");
    }
}

#[test]
fn edit_data_edits_the_candidate_alone() {
    let edit = |store: &str| {
        read_text(&format!(
            "<edit-data xmlns=\"{NMDA}\" xmlns:ds=\"{DATASTORES}\"><datastore>ds:{store}</datastore>\
             <default-operation>none</default-operation><config><a xmlns=\"urn:a\"/></config></edit-data>"
        ))
    };
    let Request::Edit(edited) = edit("candidate").unwrap() else {
        panic!("another request");
    };
    assert_eq!(edited.target, Datastore::Candidate);
    assert_eq!(edited.default_operation, DefaultOperation::None);
    for store in ["running", "intended", "operational"] {
        assert_eq!(edit(store).unwrap_err().tag, ErrorTag::InvalidValue);
    }
}

#[test]
fn a_filter_of_ncclient_is_that_of_rfc_5277() {
    for (filter, expected) in [
        (
            "<nc:filter xmlns:nc='urn:ietf:params:xml:ns:netconf:base:1.0' type='subtree'><a xmlns='urn:a'/></nc:filter>",
            "type='subtree'><a xmlns='urn:a'/></banyan-filter:filter>",
        ),
        (
            "<filter xmlns='urn:ietf:params:xml:ns:netconf:base:1.0' type='xpath' select='/a'/>",
            "type='xpath' select='/a'/>",
        ),
    ] {
        let operation = format!(
            "<create-subscription xmlns='{NOTIFICATION}'><stream>s</stream>{filter}</create-subscription>"
        );
        let Request::Subscribe(document) = read_text(&operation).unwrap() else {
            panic!("{operation}");
        };
        let text = String::from_utf8(document.bytes.to_vec()).unwrap();
        let of_5277 = format!("<banyan-filter:filter xmlns:banyan-filter=\"{NOTIFICATION}\"");
        assert!(text.contains(&of_5277), "{text}");
        assert!(text.contains(expected), "{text}");
        assert!(text.contains(">s</stream>"), "{text}");
    }
}
