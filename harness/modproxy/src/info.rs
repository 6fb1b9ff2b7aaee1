//! Checks of what upstreams say in `.info`, `@latest` and lists. Nothing is rewritten: what passes is
//! served byte for byte.

use serde_json::{Map, Value};
use twinproof_gomod::escape::{check, is_canonical_version};

/// A field by its name, or else by its name in another case, as Go reads JSON.
fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let named = |(key, _): &(&String, &Value)| key.eq_ignore_ascii_case(name);
    // Go's encoding/json takes a field by its exact name first, and else without case. A client
    // reads what this check has read.
    fields.get(name).or_else(|| fields.iter().find(named).map(|(_, value)| value))
}

/// The version that an `.info` names, if it is one.
///
/// `asked` is the version in the request; when it is one that the module can have, the answer must
/// be about exactly that one.
pub(crate) fn check_info(
    bytes: &[u8],
    module: &str,
    asked: Option<&str>,
) -> Result<String, String> {
    let fields: Map<String, Value> =
        serde_json::from_slice(bytes).map_err(|e| format!("no version information: {e}"))?;
    let version = field(&fields, "Version").and_then(Value::as_str).unwrap_or_default();
    if !is_canonical_version(version) {
        return Err(format!("its Version {version:?} is not canonical"));
    }
    if let Some(asked) = asked
        && is_exact(module, asked)
        // A branch or a short name is answered with the version it stands for; a full version with
        // itself.
        && version != asked
    {
        return Err(format!("it is about version {version:?}, not {asked}"));
    }
    match field(&fields, "Time") {
        None | Some(Value::Null) => Ok(version.to_owned()),
        Some(Value::String(time)) if is_rfc3339(time) => Ok(version.to_owned()),
        Some(time) => Err(format!("its Time {time} is not RFC 3339")),
    }
}

/// Whether a version stands for itself alone: then what is said of it never changes.
pub(crate) fn is_exact(module: &str, version: &str) -> bool {
    is_canonical_version(version) && check(module, version).is_ok()
}

/// Whether the text is a time as RFC 3339 has it: `2006-01-02T15:04:05[.999]Z` or `±07:00`.
fn is_rfc3339(text: &str) -> bool {
    fn number(text: &str, range: std::ops::RangeInclusive<u32>) -> bool {
        text.bytes().all(|b| b.is_ascii_digit()) && text.parse().is_ok_and(|n| range.contains(&n))
    }
    let shape = |text: &str, pattern: &str| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
    };
    let Some((seconds, rest)) = text.split_at_checked(19) else { return false };
    if !shape(seconds, "0000-00-00T00:00:00") {
        return false;
    }
    let part = |range: std::ops::Range<usize>| seconds.get(range).unwrap_or_default();
    let fits = number(part(5..7), 1..=12)
        && number(part(8..10), 1..=31)
        && number(part(11..13), 0..=23)
        && number(part(14..16), 0..=59)
        && number(part(17..19), 0..=59);
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    let offset = zone.strip_prefix(['+', '-']).is_some_and(|offset| {
        shape(offset, "00:00")
            && number(offset.get(..2).unwrap_or_default(), 0..=23)
            && number(offset.get(3..).unwrap_or_default(), 0..=59)
    });
    fits && (zone == "Z" || offset)
}

#[cfg(test)]
mod tests {
    use super::{check_info, is_rfc3339};

    #[test]
    fn times() {
        for good in [
            "2018-10-22T21:33:59-07:00",
            "2018-10-22T21:33:59Z",
            "0001-01-01T00:00:00Z",
            "2018-10-22T21:33:59.123456789+05:30",
        ] {
            assert!(is_rfc3339(good), "{good}");
        }
        for bad in [
            "",
            "2018-10-22",
            "2018-10-22 21:33:59Z",
            "2018-13-22T21:33:59Z",
            "2018-10-22T24:33:59Z",
            "2018-10-22T21:33:59",
            "2018-10-22T21:33:59.Z",
            "2018-10-22T21:33:59+0700",
            "2018-10-22T21:33:59z",
            "Mon, 22 Oct 2018 21:33:59 GMT",
            "ü018-10-22T21:33:59Z",
        ] {
            assert!(!is_rfc3339(bad), "{bad}");
        }
    }

    #[test]
    fn infos() {
        let ok = |bytes: &str, asked| check_info(bytes.as_bytes(), "example.com/a", asked);
        let time = r#"{"Version":"v1.0.0","Time":"2018-10-22T21:33:59-07:00","Origin":{}}"#;
        assert_eq!(ok(time, Some("v1.0.0")).as_deref(), Ok("v1.0.0"));
        assert_eq!(ok(r#"{"Version":"v1.0.0"}"#, None).as_deref(), Ok("v1.0.0"));
        // As Go's decoder has it.
        let lower = r#"{"version":"v1.0.0","TIME":null}"#;
        assert_eq!(ok(lower, Some("v1.0.0")).as_deref(), Ok("v1.0.0"));
        assert_eq!(ok(r#"{"Version":"v1.0.0"}"#, Some("master")).as_deref(), Ok("v1.0.0"));
        // An inappropriate version is a query, and may be answered with another.
        let incompatible = r#"{"Version":"v2.0.0+incompatible"}"#;
        assert_eq!(ok(incompatible, Some("v2.0.0")).as_deref(), Ok("v2.0.0+incompatible"));
        for (bytes, asked) in [
            (r#"{"Version":"v1.0.1"}"#, Some("v1.0.0")),
            (r#"{"Version":"v1"}"#, Some("master")),
            (r#"{"Version":"master"}"#, Some("master")),
            (r#"{"Version":""}"#, None),
            (r#"{"Time":"2018-10-22T21:33:59Z"}"#, None),
            (r#"{"Version":"v1.0.0","Time":"yesterday"}"#, None),
            (r#"{"Version":"v1.0.0","time":7}"#, None),
            (r#"["v1.0.0"]"#, None),
            ("<html>", None),
            ("", None),
            (r#"{"Version":"v1.0.0"} x"#, None),
        ] {
            assert!(ok(bytes, asked).is_err(), "{bytes}");
        }
    }
}
