//! Words with and without quotes, as Go's `strconv.Unquote` reads them.

/// The text that a word stands for; `None` when its quotes are wrong.
pub(super) fn word(word: &str) -> Option<String> {
    if let Some(inner) = word.strip_prefix('`') {
        let inner = inner.strip_suffix('`')?;
        // Go's raw strings have no carriage returns.
        return (!inner.contains('`')).then(|| inner.replace('\r', ""));
    }
    match word.strip_prefix('"') {
        Some(inner) => unquote(inner.strip_suffix('"')?),
        None if word.contains(['"', '`']) => None,
        None => Some(word.to_owned()),
    }
}

fn unquote(text: &str) -> Option<String> {
    // Escapes may give single bytes of a character.
    let mut out = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match chars.next()? {
            'a' => out.push(7),
            'b' => out.push(8),
            'f' => out.push(12),
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            't' => out.push(b'\t'),
            'v' => out.push(11),
            c @ ('\\' | '"') => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            'x' => out.push(u8::try_from(number(&mut chars, 16, 2)?).ok()?),
            'u' => push(&mut out, number(&mut chars, 16, 4)?)?,
            'U' => push(&mut out, number(&mut chars, 16, 8)?)?,
            c @ '0'..='7' => {
                let rest = number(&mut chars, 8, 2)?;
                out.push(u8::try_from(c.to_digit(8)? * 64 + rest).ok()?);
            }
            _ => return None,
        }
    }
    String::from_utf8(out).ok()
}

fn push(out: &mut Vec<u8>, c: u32) -> Option<()> {
    out.extend_from_slice(char::from_u32(c)?.encode_utf8(&mut [0; 4]).as_bytes());
    Some(())
}

fn number(chars: &mut std::str::Chars<'_>, radix: u32, digits: u32) -> Option<u32> {
    (0..digits).try_fold(0u32, |sum, _| {
        sum.checked_mul(radix)?.checked_add(chars.next()?.to_digit(radix)?)
    })
}
