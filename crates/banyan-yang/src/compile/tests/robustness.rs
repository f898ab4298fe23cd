//! Whatever the text, the compiler ends with a result or with diagnostics, and never panics.

use proptest::prelude::*;

use super::*;

/// A module with something of everything; tests cut it to pieces.
const RICH: &str = "module m { yang-version 1.1; namespace urn:m; prefix m; import g { prefix g; }
  feature f; feature h { if-feature 'f or not g:x'; } identity a; identity b { base a; base g:i; }
  typedef t { type u { range 1..5; } default 3; } typedef u { type int8 { range '0..9 | 20'; } }
  typedef e { type enumeration { enum x; enum y { value 7; } } } extension ext { argument a; }
  grouping top { container c { leaf l { type t; } list li { key 'k j'; unique 'v w/z'; leaf k { type e; }
    leaf j { type string { length 1..4; pattern '[a-z]*'; } } leaf v { type leafref { path '../k'; } }
    container w { leaf z { type union { type int8; type leafref { path '../../j'; } } } } } uses inner; } }
  grouping inner { choice ch { default one; case one { leaf o { type empty; } } leaf two { type bits { bit p; } }
    container three { presence p; must '../o' { error-message no; } } } }
  uses top { refine c/l { default 4; mandatory false; } augment c/ch { case four { anydata d; } } when 'true()'; }
  augment /m:c/m:li { when 'm:k'; leaf aug { type identityref { base a; } default b; } }
  augment /g:gc { leaf ref { type leafref { path '/m:c/m:li[m:k=current()/../g:gl]/m:v'; } } }
  rpc r { input { leaf i { type g:gt; } } output { uses inner; } } notification n { leaf x { type instance-identifier; } }
  deviation /g:gc/g:gl { deviate replace { type int16; } deviate add { units u; } }
  leaf dec { type decimal64 { fraction-digits 3; range '-1.5..2'; } default 1.125; } m:ext here; }";

const OTHER: &str = "module g { namespace urn:g; prefix g; feature x; identity i; typedef gt { type string; } container gc { leaf gl { type string; } } }";

fn survives(text: &str) {
    let mut source = source(&[OTHER]);
    let text = crate::compile::ModuleText {
        origin: "m.yang".into(),
        text: text.into(),
    };
    source.insert("m", "", text);
    for mode in [Mode::Strict, Mode::Lenient] {
        let result = Compiler::new(&source)
            .implement("g", None)
            .implement("m", None)
            .mode(mode)
            .compile();
        match result {
            Ok(compiled) => {
                for diagnostic in &compiled.diagnostics {
                    diagnostic.render(compiled.schema.sources());
                }
                for (id, _) in compiled.schema.nodes() {
                    compiled.schema.path(id);
                }
            }
            Err(error) => drop(error.to_string()),
        }
    }
}

#[test]
fn the_rich_module_compiles() {
    schema(&[RICH, OTHER]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_module_with_words_taken_out_never_panics(gone in prop::collection::vec(0usize..400, 1..6)) {
        let words: Vec<_> = RICH.split(' ').collect();
        let kept: Vec<_> = words.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, word)| *word).collect();
        survives(&kept.join(" "));
    }

    #[test]
    fn a_module_with_words_exchanged_never_panics(swaps in prop::collection::vec((0usize..400, 0usize..400), 1..6)) {
        let mut words: Vec<_> = RICH.split(' ').collect();
        for (one, other) in swaps {
            let (one, other) = (one % words.len(), other % words.len());
            words.swap(one, other);
        }
        survives(&words.join(" "));
    }

    #[test]
    fn a_module_with_names_mixed_up_never_panics(changes in prop::collection::vec((0usize..400, 0usize..400), 1..4)) {
        let mut words: Vec<_> = RICH.split(' ').collect();
        for (at, from) in changes {
            let (at, from) = (at % words.len(), from % words.len());
            words[at] = words[from];
        }
        survives(&words.join(" "));
    }
}
