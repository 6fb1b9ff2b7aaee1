//! Properties of every input: parsing ends, and kept lines, warnings and input agree.

use proptest::collection::vec;
use proptest::prelude::*;
use twinproof_wslconf::apply::apply;
use twinproof_wslconf::keys::{find, keys};
use twinproof_wslconf::parse::{Item, parse};
use twinproof_wslconf::warning::Trouble;
use twinproof_wslconf::{Dialect, value, vectors, wslenv};

fn dialect() -> impl Strategy<Value = Dialect> {
    prop_oneof![Just(Dialect::WslConf), Just(Dialect::WslConfig)]
}

/// A file of pieces that mean something to the parser.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "[wsl2]", "[boot]", "[experimental", "[x]", "[", "]", "systemd", "memory", "firewall",
            "macAddress", "ignoredPorts", "dnsTunnelingIpAddress", "=", " = ", "true", "8GB", "1",
            "#", "\"", "\\", "\\\\", "\\n", "\t", " ", "é", "\u{010A}", "😀", ":", ",", ".",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        3 => prop::sample::select(vec!["\n", "\r\n", "\r", "=true\n"]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::sample::select(vec![b"\0".as_slice(), b"\x1A", b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFF"]).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..4),
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_kept_or_warned_of(dialect in dialect(), bytes in file()) {
        let Ok(parsed) = parse(dialect, &bytes) else { return Ok(()) };
        let applied = apply(&parsed);
        prop_assert!(applied.settings.len() <= keys(dialect).len());
        let last = applied.warnings.iter().find(|w| w.trouble == Trouble::Mac).map(|w| w.item);
        prop_assert_eq!(last.is_some(), applied.refused);
        for (index, item) in parsed.items.iter().enumerate() {
            if last.is_some_and(|last| index > last) {
                break;
            }
            let warned: Vec<_> = applied.warnings.iter().filter(|w| w.item == index).collect();
            match item {
                Item::Section(_) => prop_assert!(warned.is_empty()),
                Item::Malformed(bad) => {
                    let silent = parsed.aborts() && index + 1 == parsed.items.len();
                    prop_assert_eq!(warned.len(), usize::from(!silent));
                    prop_assert!(warned.iter().all(|w| w.trouble == Trouble::Malformed(bad.fault)));
                }
                Item::Assignment(a) => {
                    let made = applied.settings.iter().filter(|s| s.item == index).count();
                    let known = find(dialect, &a.name).is_some();
                    prop_assert!(known || (made == 0 && warned.len() == 1));
                    // A later bad address may take the tunnel's setting over from this item.
                    let taken_over = applied.warnings.iter().any(|w| w.trouble == Trouble::Address);
                    prop_assert!(!known || made + warned.len() > 0 || taken_over);
                }
            }
        }
    }

    #[test]
    fn places_rise_and_stay_in_the_file(dialect in dialect(), bytes in file()) {
        let Ok(parsed) = parse(dialect, &bytes) else { return Ok(()) };
        let mut before = 0;
        for index in 0..=parsed.units.len() {
            let at = parsed.units.offset(index);
            prop_assert!(at >= before && at <= bytes.len() + 2, "{} {}", at, bytes.len());
            before = at;
        }
        let mut line = 0;
        for item in &parsed.items {
            let (item_line, start) = match item {
                Item::Section(section) => (section.line, section.span.start),
                Item::Assignment(assignment) => (assignment.line, assignment.key.start),
                Item::Malformed(malformed) => (malformed.line, malformed.start),
            };
            prop_assert!(item_line >= line);
            prop_assert!(start < parsed.units.len());
            line = item_line;
        }
    }

    #[test]
    fn wsl_conf_holds_what_stands_before_its_first_fault(bytes in file()) {
        let whole = parse(Dialect::WslConf, &bytes).unwrap();
        let Some(stopped) = whole.stopped else { return Ok(()) };
        let cut = parse(Dialect::WslConf, &bytes[..stopped]).unwrap();
        let before: Vec<_> = whole.assignments().collect();
        let after: Vec<_> = cut.assignments().take(before.len()).collect();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn case_of_a_name_is_no_difference(dialect in dialect(), index in any::<prop::sample::Index>()) {
        let names: Vec<_> = keys(dialect).iter().flat_map(|key| key.names).collect();
        let name = names[index.index(names.len())];
        prop_assert_eq!(find(dialect, name.as_bytes()), find(dialect, name.to_uppercase().as_bytes()));
    }

    #[test]
    fn the_view_of_any_file_is_made(dialect in dialect(), bytes in file()) {
        let view = vectors::view(dialect, &bytes, "F");
        prop_assert_eq!(view.as_object().unwrap().len(), 9);
    }

    #[test]
    fn no_bytes_are_too_much(dialect in dialect(), bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(parsed) = parse(dialect, &bytes) {
            let _ = apply(&parsed);
        }
        let name = value::hostname(&bytes);
        prop_assert!((1..=64).contains(&name.len()));
        prop_assert!(wslenv::entries(&bytes).iter().all(|entry| entry.at < bytes.len()));
    }

    #[test]
    fn one_way_variable_does_not_cross_back(value in "[AB/pluwq:]{0,12}") {
        let machine = vectors::stock_machine().unwrap();
        let here = machine.at(b"/").unwrap();
        let variables = [(b"A".to_vec(), b"x".to_vec())];
        let pass = |direction| {
            wslenv::pass(&here, direction, Some(value.as_bytes()), &variables).len()
        };
        let entries = wslenv::entries(value.as_bytes());
        let count = |to: fn(&wslenv::WslenvEntry) -> bool| entries.iter().filter(|e| to(e)).count();
        prop_assert!(pass(wslenv::Direction::ToLinux) <= count(|e| e.to_linux));
        prop_assert!(pass(wslenv::Direction::ToWindows) <= count(|e| e.to_windows));
    }
}
