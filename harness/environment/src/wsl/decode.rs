//! Text of `wsl.exe`, which may be UTF-16LE, UTF-8, or both in one stream.
//!
//! `wsl.exe` writes UTF-16LE unless it understands `WSL_UTF8=1`; the output of a Linux program
//! passes through raw. A prefix cannot tell them apart: two CJK characters are four bytes without a
//! NUL. So the decision is made by the NULs of the whole buffer, and where that fails, line by
//! line.

/// Decodes output of `wsl.exe`. Bytes in neither encoding become U+FFFD; nothing fails.
#[must_use]
pub fn decode(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xff\xfe").unwrap_or(bytes);
    // UTF-16 text without a NUL byte has no ASCII character, not even a line end: no message is
    // like that.
    if !bytes.contains(&0) {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        return String::from_utf8_lossy(bytes).into_owned();
    }
    whole(bytes).unwrap_or_else(|| by_lines(bytes))
}

/// The text, if all of it is plausibly UTF-16LE.
fn whole(bytes: &[u8]) -> Option<String> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    let text = char::decode_utf16(pairs.iter().map(|&p| u16::from_le_bytes(p)))
        .collect::<Result<String, _>>()
        .ok()?;
    // A raw line before UTF-16 text is read as pairs of ASCII characters, its line end as the
    // second of a pair: U+0Axx, scripts that wsl.exe has no messages in.
    let implausible =
        |c: char| (c.is_control() && !"\r\n\t".contains(c)) || ('\u{a00}'..='\u{aff}').contains(&c);
    // wsl.exe ends its lines; what follows the last one is another's.
    let ends = text.ends_with('\n') || !text.contains('\n');
    (ends && !text.contains(implausible)).then_some(text)
}

fn by_lines(mut bytes: &[u8]) -> String {
    let mut text = String::new();
    while !bytes.is_empty() {
        let raw = bytes.iter().position(|&b| b == b'\n').map_or(bytes.len(), |i| i + 1);
        let (line, rest) = bytes.split_at(raw);
        if !line.contains(&0) && rest.first() != Some(&0) {
            text.push_str(&String::from_utf8_lossy(line));
            bytes = rest;
            continue;
        }
        // Raw text without a line end may stand before the first character with a NUL.
        let nul = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
        let (before, wide) = bytes.split_at(nul.saturating_sub(1));
        let printable = |b: &u8| b.is_ascii_graphic() || *b == b' ';
        let wide = if before.iter().all(printable) {
            text.push_str(&String::from_utf8_lossy(before));
            wide
        } else {
            bytes
        };
        let (pairs, _) = wide.as_chunks::<2>();
        let end = pairs.iter().position(|&p| p == [b'\n', 0]).map_or(pairs.len(), |i| i + 1);
        let units = pairs.iter().take(end).map(|&p| u16::from_le_bytes(p));
        text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        bytes = wide.get(end * 2..).unwrap_or_default();
        if end == pairs.len() && bytes.len() == 1 {
            text.push_str(&String::from_utf8_lossy(bytes));
            bytes = &[];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::decode;
    use proptest::prelude::*;
    use rstest::rstest;

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[rstest]
    #[case(
        wide("  NAME   STATE\r\n* Ubuntu  Running\r\n"),
        "  NAME   STATE\r\n* Ubuntu  Running\r\n"
    )]
    #[case(wide("没有\r\n"), "没有\r\n")]
    #[case(
        wide("適用於 Linux 的 Windows 子系統沒有已安裝的發佈。\r\n上一下\r\n"),
        "適用於 Linux 的 Windows 子系統沒有已安裝的發佈。\r\n上一下\r\n"
    )]
    #[case([&b"\xff\xfe"[..], &wide("x\r\n")].concat(), "x\r\n")]
    #[case([&b"\xef\xbb\xbf"[..], "上\n".as_bytes()].concat(), "上\n")]
    #[case([&b"hello\n"[..], &wide("Fehler: ü\r\n")].concat(), "hello\nFehler: ü\r\n")]
    #[case([&b"hell\no\n"[..], &wide("not found\r\nCode: E\r\n")].concat(), "hell\no\nnot found\r\nCode: E\r\n")]
    #[case([&b"odd"[..], &wide("not found\r\n")].concat(), "oddnot found\r\n")]
    #[case([&wide("wsl: 警告\r\n")[..], b"raw tail"].concat(), "wsl: 警告\r\nraw tail")]
    // Output that the suites interop and config read: of a starting instance and of a missing
    // distribution.
    #[case(
        wide(
            "wsl: Unknown key 'wsl2.kernelCommandLine' in /etc/wsl.conf:2\r\nwsl: Unknown key 'net.generateResolvConf' in /etc/wsl.conf:4\r\n"
        ),
        "wsl: Unknown key 'wsl2.kernelCommandLine' in /etc/wsl.conf:2\r\nwsl: Unknown key 'net.generateResolvConf' in /etc/wsl.conf:4\r\n"
    )]
    #[case(
        [&wide("wsl: Invalid boolean value 'yes' for key 'interop.enabled' in /etc/wsl.conf:2\r\n")[..], b"from linux\n"].concat(),
        "wsl: Invalid boolean value 'yes' for key 'interop.enabled' in /etc/wsl.conf:2\r\nfrom linux\n"
    )]
    #[case(
        wide(
            "There is no distribution with the supplied name.\r\nError code: Wsl/Service/WSL_E_DISTRO_NOT_FOUND\r\n"
        ),
        "There is no distribution with the supplied name.\r\nError code: Wsl/Service/WSL_E_DISTRO_NOT_FOUND\r\n"
    )]
    #[case(b"".to_vec(), "")]
    #[case(b"\0".to_vec(), "\0")]
    fn utf16_utf8_and_mixed_streams_are_decoded(#[case] bytes: Vec<u8>, #[case] want: &str) {
        assert_eq!(decode(&bytes), want);
    }

    proptest! {
        #[test]
        fn utf16_text_with_a_line_end_comes_back(text in "[ -~\u{4e00}-\u{9fff}äéßñ가-힣]{0,60}") {
            let text = format!("{text}\r\n");
            prop_assert_eq!(decode(&wide(&text)), text);
        }

        #[test]
        fn utf8_text_comes_back(text in "[^\0\u{feff}]{0,60}") {
            prop_assert_eq!(decode(text.as_bytes()), text);
        }

        #[test]
        fn raw_lines_before_wide_ones_come_back(
            raw in prop::collection::vec("[ -~]{0,20}", 1..4),
            line in "[ -~]{1,30}",
        ) {
            let raw = raw.join("\n") + "\n";
            let line = format!("{line}\r\n");
            let bytes = [raw.as_bytes(), &wide(&line)].concat();
            prop_assert_eq!(decode(&bytes), format!("{raw}{line}"));
        }

        #[test]
        fn anything_is_decoded(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
