//! Numbers as JSON text, digit for digit as Python's `repr` writes them.

use std::io::Write;

#[inline]
pub fn write_int(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    write_uint(out, value.unsigned_abs());
}

/// Decimal digits.
#[inline]
pub fn write_uint(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    let mut rest = value;
    let mut length = 0;
    for [tens, ones] in digits.as_chunks_mut::<2>().0.iter_mut().rev() {
        let pair = (rest % 100) as u8;
        rest /= 100;
        (*tens, *ones) = (b'0' + pair / 10, b'0' + pair % 10);
        length += 2;
        if rest == 0 {
            length -= usize::from(pair < 10);
            break;
        }
    }
    out.extend_from_slice(digits.split_at(20 - length).1);
}

/// The shortest digits that give the double back; JSON has no word for the non-finite
/// ones, so they are texts.
pub fn write_double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if value.is_infinite() {
        let text: &[u8] = if value > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" };
        out.extend_from_slice(text);
    } else {
        write_finite(out, value);
    }
}

/// The fewest digits that give the double back, with an exponent; of several as short the
/// nearest, and of two as near the even one.
fn shortest(value: f64) -> Vec<u8> {
    let mut text = Vec::with_capacity(32);
    // Writing into memory does not fail.
    let _ = write!(text, "{value:e}");
    let after_point = text
        .iter()
        .take_while(|&&byte| byte != b'e')
        .filter(|byte| byte.is_ascii_digit())
        .count()
        .saturating_sub(1);
    // Of two as near, the standard library does not promise which: exactly rounded, it is
    // the even one.
    let mut rounded = Vec::with_capacity(32);
    let _ = write!(rounded, "{value:.after_point$e}");
    let same = std::str::from_utf8(&rounded).ok().and_then(|text| text.parse().ok()) == Some(value);
    if same { rounded } else { text }
}

/// Positional from 1e-4 up to below 1e16, with an exponent of at least two digits elsewhere.
fn write_finite(out: &mut Vec<u8>, value: f64) {
    let text = shortest(value);
    let text = text.as_slice();
    let (sign, text) = match text {
        [b'-', rest @ ..] => (&b"-"[..], rest),
        _ => (&b""[..], text),
    };
    let mut parts = text.split(|&byte| byte == b'e');
    let mantissa = parts.next().unwrap_or_default();
    let exponent = read_exponent(parts.next().unwrap_or_default());
    let digits: Vec<u8> = mantissa.iter().copied().filter(u8::is_ascii_digit).collect();
    out.extend_from_slice(sign);
    if (-4..0).contains(&exponent) {
        out.extend_from_slice(b"0.");
        write_zeros(out, -1 - exponent);
        out.extend_from_slice(&digits);
    } else if (0..16).contains(&exponent) {
        let whole = exponent as usize + 1;
        let (before, after) = digits.split_at_checked(whole).unwrap_or((&digits, b""));
        out.extend_from_slice(before);
        write_zeros(out, whole as i32 - before.len() as i32);
        out.push(b'.');
        out.extend_from_slice(if after.is_empty() { b"0" } else { after });
    } else {
        out.extend_from_slice(mantissa);
        out.push(b'e');
        out.push(if exponent < 0 { b'-' } else { b'+' });
        if exponent.abs() < 10 {
            out.push(b'0');
        }
        write_int(out, i64::from(exponent.abs()));
    }
}

fn write_zeros(out: &mut Vec<u8>, count: i32) {
    for _ in 0..count {
        out.push(b'0');
    }
}

fn read_exponent(text: &[u8]) -> i32 {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        _ => (1, text),
    };
    digits.iter().fold(0, |value, &digit| value * 10 + i32::from(digit.saturating_sub(b'0'))) * sign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_read_as_python_writes_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.000123, "0.000123"),
            (123.456, "123.456"),
            (562_949_953_421_312.25, "562949953421312.2"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (2e-44, "2e-44"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "\"NaN\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            let mut out = Vec::new();
            write_double(&mut out, value);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }

    #[test]
    fn integers_reach_both_limits() {
        for value in [0, 7, -7, 10, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            write_int(&mut out, value);
            assert_eq!(String::from_utf8_lossy(&out), value.to_string());
        }
    }
}
