use std::sync::Arc;

use banyan_yang::pattern::Pattern;
use banyan_yang::schema::{
    Bit, EnumItem, Identity, IdentityId, IntWidth, Module, ModuleId, PatternRestriction, PrefixMap,
    Range, Restriction, Schema, SchemaParts, Status, Type, TypeKind,
};
use proptest::prelude::*;

use super::*;

fn ty(kind: TypeKind) -> Type {
    Type {
        kind,
        typedef: None,
    }
}

fn range<T>(min: T, max: T) -> Restriction<T> {
    Restriction {
        parts: [Range { min, max }].into(),
        error_message: None,
        error_app_tag: None,
    }
}

fn module(name: &str) -> Module {
    Module {
        name: name.into(),
        revision: None,
        namespace: format!("urn:{name}").into(),
        prefix: "p".into(),
        yang_1_1: true,
        implemented: true,
        features: Default::default(),
        deviated_by: Vec::new(),
        submodules: Vec::new(),
        extensions: Vec::new(),
        text: "".into(),
    }
}

/// Two modules with one prefix; identities: 0 base, 1 derived (in the other module), 2 derived but not usable.
fn schema() -> Arc<Schema> {
    let identity = |name: &str, module, ancestors, usable| Identity {
        name: name.into(),
        module: ModuleId(module),
        ancestors,
        status: Status::Current,
        usable,
    };
    SchemaParts {
        modules: vec![module("a"), module("b")],
        nodes: Vec::new(),
        identities: vec![
            identity("base", 0, vec![], true),
            identity("ethernet", 1, vec![IdentityId(0)], true),
            identity("token-ring", 1, vec![IdentityId(0)], false),
        ],
        ..SchemaParts::default()
    }
    .assemble()
}

fn read(ty: &Type, text: &str) -> Result<Value, String> {
    let names = ModuleNames {
        default: Some(ModuleId(0)),
    };
    parse(&schema(), ty, text, &names).map_err(|error| error.to_string())
}

fn rewritten(ty: &Type, text: &str) -> String {
    let value = read(ty, text).unwrap();
    canonical(&schema(), ty, &value, Style::Json).into_owned()
}

#[test]
fn integers_have_one_canonical_form() {
    let int8 = ty(TypeKind::Int(IntWidth::W8, Restriction::default()));
    assert_eq!(rewritten(&int8, "+007"), "7");
    assert_eq!(rewritten(&int8, "-128"), "-128");
    assert_eq!(
        read(&int8, "128").unwrap_err(),
        "\"128\" is not in the range -128..127"
    );
    for wrong in ["", " 1", "1 ", "0x10", "1.0", "--1", "9e3", "\u{0661}"] {
        assert!(read(&int8, wrong).is_err(), "{wrong:?}");
    }
    let uint64 = ty(TypeKind::Uint(IntWidth::W64, Restriction::default()));
    assert_eq!(
        rewritten(&uint64, "18446744073709551615"),
        "18446744073709551615"
    );
    assert!(read(&uint64, "18446744073709551616").is_err());
    assert!(read(&uint64, "-1").is_err());
    assert_eq!(rewritten(&uint64, "-0"), "0");
}

#[test]
fn a_value_outside_of_its_range_is_told_the_range() {
    let mtu = ty(TypeKind::Uint(IntWidth::W16, range(68, 1518)));
    assert_eq!(
        read(&mtu, "9000").unwrap_err(),
        "\"9000\" is not in the range 68..1518"
    );
}

#[test]
fn the_models_own_error_message_and_tag_come_first() {
    let mut restriction = range(1u64, 4);
    restriction.error_message = Some("one to four".into());
    restriction.error_app_tag = Some("four".into());
    let small = ty(TypeKind::Uint(IntWidth::W8, restriction));
    let error = parse(&schema(), &small, "5", &ModuleNames::default()).unwrap_err();
    assert_eq!(error.message, "one to four");
    assert_eq!(
        error.help.as_deref(),
        Some("\"5\" is not in the range 1..4")
    );
    assert_eq!(error.app_tag.as_deref(), Some("four"));
}

#[test]
fn hexadecimal_and_octal_are_for_defaults_in_the_schema() {
    let int32 = ty(TypeKind::Int(IntWidth::W32, Restriction::default()));
    let defaults = PrefixMap::default();
    assert_eq!(
        parse(&schema(), &int32, "0xff", &defaults),
        Ok(Value::Int(255))
    );
    assert_eq!(
        parse(&schema(), &int32, "-010", &defaults),
        Ok(Value::Int(-8))
    );
}

#[test]
fn decimals_are_exact() {
    let decimal = |digits| {
        ty(TypeKind::Decimal64 {
            fraction_digits: digits,
            range: Restriction::default(),
        })
    };
    assert_eq!(rewritten(&decimal(2), "+03.10"), "3.1");
    assert_eq!(rewritten(&decimal(2), "3"), "3.0");
    assert_eq!(rewritten(&decimal(2), "-0.00"), "0.0");
    assert_eq!(rewritten(&decimal(1), "1.500"), "1.5");
    assert_eq!(
        rewritten(&decimal(18), "-9.223372036854775808"),
        "-9.223372036854775808"
    );
    for wrong in ["3.", ".5", "", ".", "1e3", "1,5", "+-1", "9.3"] {
        assert!(read(&decimal(18), wrong).is_err(), "{wrong:?}");
    }
    assert_eq!(
        read(&decimal(1), "1.55").unwrap_err(),
        "\"1.55\" has more than 1 fraction digits"
    );
}

#[test]
fn strings_are_measured_in_characters_and_matched_by_all_patterns() {
    let pattern = |text: &str, invert_match| PatternRestriction {
        pattern: Arc::new(Pattern::new(text).unwrap()),
        invert_match,
        error_message: None,
        error_app_tag: None,
    };
    let name = ty(TypeKind::String {
        length: range(1, 3),
        patterns: vec![pattern("[a-zø]*", false), pattern("x.*", true)].into(),
    });
    assert!(read(&name, "øøø").is_ok());
    assert_eq!(
        read(&name, "øøøø").unwrap_err(),
        "the length 4 of \"øøøø\" is not in the range 1..3"
    );
    assert_eq!(
        read(&name, "A").unwrap_err(),
        "\"A\" does not match the pattern \"[a-zø]*\""
    );
    assert_eq!(
        read(&name, "xa").unwrap_err(),
        "\"xa\" matches the excluded pattern \"x.*\""
    );
    let any = ty(TypeKind::String {
        length: Restriction::default(),
        patterns: Default::default(),
    });
    assert!(read(&any, "tab\tand\nline").is_ok());
    assert!(read(&any, "bell\u{7}").unwrap_err().contains("U+0007"));
    assert!(read(&any, "\u{FFFE}").is_err());
}

#[test]
fn names_say_what_is_allowed() {
    let item = |name: &str, value| EnumItem {
        name: name.into(),
        value,
    };
    let state = ty(TypeKind::Enumeration(
        [item("up", 1), item("down", -2)].into(),
    ));
    assert_eq!(read(&state, "down"), Ok(Value::Enum(-2)));
    assert_eq!(rewritten(&state, "down"), "down");
    let error = parse(&schema(), &state, "Up", &ModuleNames::default()).unwrap_err();
    assert_eq!(error.message, "\"Up\" is not a name of the enumeration");
    assert_eq!(error.help.as_deref(), Some("allowed: up, down"));

    let bit = |name: &str, position| Bit {
        name: name.into(),
        position,
    };
    let flags = ty(TypeKind::Bits([bit("syn", 1), bit("ack", 4)].into()));
    assert_eq!(rewritten(&flags, " ack  syn "), "syn ack");
    assert_eq!(rewritten(&flags, ""), "");
    assert!(read(&flags, "ack ack").unwrap_err().contains("twice"));
    assert!(read(&flags, "fin").is_err());

    let boolean = ty(TypeKind::Boolean);
    assert_eq!(read(&boolean, "true"), Ok(Value::Bool(true)));
    assert!(read(&boolean, "TRUE").is_err() && read(&boolean, "1").is_err());
}

#[test]
fn identities_are_derived_from_their_base_and_named_by_module() {
    let kind = ty(TypeKind::IdentityRef([IdentityId(0)].into()));
    assert_eq!(
        read(&kind, "b:ethernet"),
        Ok(Value::Identity(IdentityId(1)))
    );
    assert_eq!(rewritten(&kind, "b:ethernet"), "b:ethernet");
    // Both modules want the prefix p: the second goes by its name.
    let value = read(&kind, "b:ethernet").unwrap();
    assert_eq!(
        canonical(&schema(), &kind, &value, Style::Xml),
        "b:ethernet"
    );
    assert_eq!(
        read(&kind, "a:base").unwrap_err(),
        "\"a:base\" is not derived from the identity a:base"
    );
    assert!(
        read(&kind, "ethernet")
            .unwrap_err()
            .contains("defines none")
    );
    assert!(
        read(&kind, "b:token-ring")
            .unwrap_err()
            .contains("cannot be used")
    );
    assert!(read(&kind, "c:x").unwrap_err().contains("names no module"));
}

#[test]
fn binary_is_canonical_base64() {
    let binary = ty(TypeKind::Binary(range(2, 3)));
    assert_eq!(rewritten(&binary, "aGV\n5"), "aGV5");
    assert!(read(&binary, "aGV5aGV5").unwrap_err().contains("6 octets"));
    assert!(read(&binary, "aG*5").is_err() && read(&binary, "aGV").is_err());
}

fn number_or_word() -> Type {
    let seven = EnumItem {
        name: "7".into(),
        value: 0,
    };
    ty(TypeKind::Union(
        [
            TypeKind::Uint(IntWidth::W8, Restriction::default()),
            TypeKind::Enumeration([seven].into()),
            TypeKind::Boolean,
        ]
        .map(|kind| Arc::new(ty(kind)))
        .into(),
    ))
}

#[test]
fn a_union_takes_the_first_member_that_accepts() {
    let union = number_or_word();
    let Ok(Value::Union(seven)) = read(&union, "7") else {
        panic!("not a union");
    };
    assert_eq!((seven.member, &seven.value), (0, &Value::Uint(7)));
    let error = parse(&schema(), &union, "x", &ModuleNames::default()).unwrap_err();
    assert_eq!(error.message, "\"x\" is of none of the types of the union");
    assert!(
        error
            .help
            .unwrap()
            .starts_with("the types and why each refuses it: uint8: ")
    );
}

#[test]
fn in_json_the_text_alone_chooses_the_member_as_in_xml() {
    let union = number_or_word();
    let read = |scalar| {
        parse_json(
            &schema(),
            &union,
            scalar,
            &ModuleNames::default(),
            JsonTypes::Strict,
        )
    };
    let member = |value| match value {
        Ok(Value::Union(union)) => union.member,
        other => panic!("{other:?}"),
    };
    assert_eq!(member(read(JsonScalar::Unsigned(7))), 0);
    assert_eq!(member(read(JsonScalar::String("7"))), 0);
    assert_eq!(member(read(JsonScalar::Bool(true))), 2);
    assert_eq!(member(read(JsonScalar::String("true"))), 2);
    assert!(read(JsonScalar::EmptyArray).is_err());
    assert!(read(JsonScalar::Float(1e300)).is_err());
}

#[test]
fn in_json_64_bits_are_strings() {
    let wide = ty(TypeKind::Uint(IntWidth::W64, Restriction::default()));
    let narrow = ty(TypeKind::Uint(IntWidth::W32, Restriction::default()));
    let read = |ty: &Type, scalar, types| {
        parse_json(&schema(), ty, scalar, &ModuleNames::default(), types)
    };
    let (strict, lenient) = (JsonTypes::Strict, JsonTypes::Lenient);
    assert_eq!(
        read(&wide, JsonScalar::String("1"), strict),
        Ok(Value::Uint(1))
    );
    assert_eq!(
        read(&narrow, JsonScalar::Unsigned(1), strict),
        Ok(Value::Uint(1))
    );
    assert_eq!(
        read(&wide, JsonScalar::Unsigned(1), strict)
            .unwrap_err()
            .message,
        "the number 1 stands where type uint64 needs a string of digits"
    );
    assert!(read(&narrow, JsonScalar::String("1"), strict).is_err());
    assert_eq!(
        read(&wide, JsonScalar::Unsigned(1), lenient),
        Ok(Value::Uint(1))
    );
    assert_eq!(
        read(&narrow, JsonScalar::String("1"), lenient),
        Ok(Value::Uint(1))
    );
    assert!(read(&narrow, JsonScalar::Float(1.5), lenient).is_err());
    assert_eq!(json_form(&wide, &Value::Uint(1)), JsonForm::String);
    assert_eq!(json_form(&narrow, &Value::Uint(1)), JsonForm::Bare);
}

#[test]
fn empty_takes_no_value() {
    let empty = ty(TypeKind::Empty);
    assert_eq!(read(&empty, ""), Ok(Value::Empty));
    assert!(read(&empty, " ").is_err());
    assert_eq!(json_form(&empty, &Value::Empty), JsonForm::EmptyArray);
}

/// A type and a text that it accepts.
fn typed_text() -> impl Strategy<Value = (Type, String)> {
    prop_oneof![
        any::<i64>().prop_map(|number| (
            ty(TypeKind::Int(IntWidth::W64, Restriction::default())),
            number.to_string()
        )),
        any::<u16>().prop_map(|number| (
            ty(TypeKind::Uint(IntWidth::W16, Restriction::default())),
            format!("+00{number}")
        )),
        (any::<i64>(), 1u8..=18).prop_map(|(scaled, fraction_digits)| (
            ty(TypeKind::Decimal64 {
                fraction_digits,
                range: Restriction::default()
            }),
            number::decimal_text(scaled, fraction_digits)
        )),
        "[ -~øü\u{10000}]{0,40}".prop_map(|text| (
            ty(TypeKind::String {
                length: Restriction::default(),
                patterns: Default::default()
            }),
            text
        )),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|octets| (
            ty(TypeKind::Binary(Restriction::default())),
            text::binary_text(&octets)
        )),
        (0u8..10).prop_map(|number| (number_or_word(), number.to_string())),
    ]
}

proptest! {
    #[test]
    fn canonical_text_reads_back_as_the_same_value((ty, text) in typed_text()) {
        let value = read(&ty, &text).unwrap();
        let schema = schema();
        for style in [Style::Json, Style::Xml] {
            let canonical = canonical(&schema, &ty, &value, style).into_owned();
            let again = read(&ty, &canonical).unwrap();
            prop_assert_eq!(&again, &value);
        }
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>(), (ty, _) in typed_text()) {
        let _ = read(&ty, &text);
    }
}
