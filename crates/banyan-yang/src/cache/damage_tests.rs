//! Files that a checksum lets through, though nobody wrote them: whatever they hold, reading ends in a result.

use super::bytes::checksum;
use super::*;
use crate::compile::MemorySource;
use crate::dump::dump;

const MODULE: &str = r#"module m {
  yang-version 1.1; namespace urn:m; prefix m;
  feature f;
  identity base; identity one { base base; }
  typedef name { type string { length "1..8"; pattern "[a-z]+" { error-message "letters"; } } units u; }
  grouping g { leaf kind { type enumeration { enum a; enum b { value 7; } } default b; } }
  list entry {
    key name; unique "other kind"; max-elements 9;
    must "count(value) < 3" { error-app-tag few; }
    leaf name { type name; }
    leaf other { type union { type int8 { range "1..5"; } type bits { bit x; bit y; } type identityref { base base; } } }
    leaf value { type leafref { path "../../entry/name"; require-instance false; } }
    uses g { when "name = 'x'"; }
    choice c { default d; case d { leaf d { type decimal64 { fraction-digits 2; } } } leaf e { type empty; } }
  }
  rpc act { input { leaf i { type instance-identifier; } } }
  notification n { anydata what; }
}"#;

fn file() -> (MemorySource, String, Vec<u8>) {
    let mut source = MemorySource::new();
    source.add(MODULE);
    let compiler = Compiler::new(&source).implement("m", None);
    let key = compiler.cache_key();
    let (compiled, lookups) = compiler.compile_recorded().unwrap();
    let bytes = encode(&compiled, &key, &lookups).unwrap();
    let again = decode(&bytes, &key, &source).unwrap();
    assert_eq!(dump(&again.schema), dump(&compiled.schema));
    (source, key, bytes)
}

/// Where the body begins.
const BODY: usize = 32;

/// Where its checksum is.
const SUM: std::ops::Range<usize> = 16..24;

#[test]
fn a_file_of_other_sources_is_of_another_version() {
    let (source, key, mut bytes) = file();
    bytes[8] ^= 1;
    assert_eq!(decode(&bytes, &key, &source).err(), Some(Miss::Version));
}

#[test]
fn a_body_with_a_checksum_of_its_own_never_makes_a_panic() {
    let (source, key, bytes) = file();
    let length = bytes.len() - MODULE.len();
    let mut read = 0;
    for at in BODY..length {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            let sum = checksum(&changed[BODY..length]);
            changed[SUM].copy_from_slice(&sum.to_le_bytes());
            read += usize::from(decode(&changed, &key, &source).is_ok());
        }
    }
    // Columns of spans, say, mean nothing to the reader: the checksum is what guards them.
    assert!(read > 0);
}

#[test]
fn numbers_beyond_all_bounds_make_no_panic_and_reserve_nothing() {
    let (source, key, bytes) = file();
    let length = bytes.len() - MODULE.len();
    for at in BODY..length - 4 {
        for number in [u32::MAX, u32::MAX - 1, 0x7fff_ffff, 0] {
            let mut changed = bytes.clone();
            changed[at..at + 4].copy_from_slice(&number.to_le_bytes());
            let sum = checksum(&changed[BODY..length]);
            changed[SUM].copy_from_slice(&sum.to_le_bytes());
            // Only that it ends.
            let _ = decode(&changed, &key, &source);
        }
    }
}
