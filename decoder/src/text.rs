//! Strings: repair of invalid UTF-8, and JSON text as Python's `json.dumps` escapes it.

use std::borrow::Cow;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes as UTF-8: every bad sequence becomes U+FFFD.
#[inline]
pub fn valid(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.is_empty() || bytes.is_ascii() {
        return Cow::Borrowed(bytes);
    }
    valid_beyond_ascii(bytes)
}

#[inline(never)]
fn valid_beyond_ascii(bytes: &[u8]) -> Cow<'_, [u8]> {
    if std::str::from_utf8(bytes).is_ok() {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(String::from_utf8_lossy(bytes).into_owned().into_bytes())
}

/// A JSON string of the repaired bytes, with its quotes; whether they stand in it as they are
/// and in ASCII.
#[inline]
pub fn write_string(out: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let plain = is_plain(bytes);
    if plain {
        out.push(b'"');
        out.extend_from_slice(bytes);
        out.push(b'"');
    } else {
        write_odd_string(out, bytes);
    }
    plain
}

#[inline(never)]
fn write_odd_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    write_escaped(out, &valid(bytes));
    out.push(b'"');
}

/// ASCII, and nothing that JSON escapes.
#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    // The last bytes may be looked at twice.
    if let Some(last) = bytes.last_chunk::<8>() {
        let odd = odd_bytes(u64::from_le_bytes(*last));
        let words = bytes.as_chunks::<8>().0.iter();
        return words.fold(odd, |odd, word| odd | odd_bytes(u64::from_le_bytes(*word))) == 0;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let [first, last] = [first, last].map(|four| u64::from(u32::from_le_bytes(*four)));
        return odd_bytes(first << 32 | last) == 0;
    }
    bytes.iter().all(|&byte| (0x20..0x80).contains(&byte) && byte != b'"' && byte != b'\\')
}

/// Nonzero when one of eight bytes is above 0x7f, below 0x20, a quote or a backslash.
#[inline]
fn odd_bytes(word: u64) -> u64 {
    let quote = word ^ (ONES * 0x22);
    let backslash = word ^ (ONES * 0x5c);
    let below =
        word.wrapping_sub(ONES * 0x20) | quote.wrapping_sub(ONES) | backslash.wrapping_sub(ONES);
    (below | word) & HIGHS
}

fn write_escaped(out: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            ..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.push(b'0' + (byte >> 4));
                out.push(hex_digit(byte & 15));
            }
            _ => out.push(byte),
        }
    }
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

/// What a JSON string without its quotes stands for. Only this module's escapes occur.
pub fn unescape(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some((&escaped, after)) = rest.split_first() else { return };
        rest = after;
        out.push(match escaped {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 0x08,
            b'f' => 0x0c,
            b'u' => {
                let Some((digits, after)) = rest.split_first_chunk::<4>() else { return };
                rest = after;
                let [_, _, high, low] = digits.map(|digit| match digit {
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => digit.wrapping_sub(b'0') & 15,
                });
                high << 4 | low
            }
            other => other,
        });
    }
}

/// A JSON string of standard base64 with padding.
pub fn write_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let digit = |value: u32| BASE64.get(value as usize & 63).copied().unwrap_or(b'=');
    out.push(b'"');
    let (triples, rest) = bytes.as_chunks::<3>();
    for &[a, b, c] in triples {
        let bits = u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c);
        out.extend([18, 12, 6, 0].map(|place| digit(bits >> place)));
    }
    match *rest {
        [a] => out.extend([digit(u32::from(a) >> 2), digit(u32::from(a) << 4), b'=', b'=']),
        [a, b] => {
            let bits = u32::from(a) << 8 | u32::from(b);
            out.extend([digit(bits >> 10), digit(bits >> 4), digit(bits << 2), b'=']);
        }
        _ => {}
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write_string(&mut out, bytes);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn every_ascii_byte_is_escaped_where_json_asks_for_it() {
        for byte in 0..0x80u8 {
            let plain = (0x20..0x80).contains(&byte) && byte != b'"' && byte != b'\\';
            for length in 1..20 {
                for place in 0..length {
                    let mut text = vec![b'a'; length];
                    text[place] = byte;
                    assert_eq!(is_plain(&text), plain, "{byte} at {place} of {length}");
                }
            }
        }
        assert_eq!(string(b"\x00\x1f\x7f\n\"\\/"), "\"\\u0000\\u001f\x7f\\n\\\"\\\\/\"");
    }

    #[test]
    fn what_is_escaped_comes_back() {
        let text: Vec<u8> = (0..0x80).collect();
        let mut json = Vec::new();
        write_escaped(&mut json, &text);
        let mut back = Vec::new();
        unescape(&mut back, &json);
        assert_eq!(back, text);
    }

    #[test]
    fn bad_sequences_become_replacement_characters() {
        assert_eq!(string(b"a\xff\xe2\x82b"), "\"a\u{fffd}\u{fffd}b\"");
    }

    #[test]
    fn base64_is_padded() {
        for (bytes, text) in [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v")] {
            let mut out = Vec::new();
            write_base64(&mut out, bytes);
            assert_eq!(String::from_utf8_lossy(&out), format!("\"{text}\""));
        }
    }
}
