//! Times of day and offsets from UTC as files write them.

/// Parses up to `max_len` leading digits; returns their value, their number and the rest.
pub(super) fn split_digits(bytes: &[u8], max_len: usize) -> Option<(i32, usize, &[u8])> {
    let mut value = 0;
    let mut len = 0;
    while len < max_len && len < bytes.len() && bytes[len].is_ascii_digit() {
        value = value * 10 + i32::from(bytes[len] - b'0');
        len += 1;
    }
    (len > 0).then(|| (value, len, &bytes[len..]))
}

/// Parses a time that stands on its own, or the bare hour; returns microseconds since midnight, and
/// seconds east of UTC where they are written.
pub(crate) fn parse_time(text: &str) -> Option<(i64, Option<i32>)> {
    let bytes = text.trim().as_bytes();
    if let Some((hour @ 0..=23, _, [])) = split_digits(bytes, 2) {
        return Some((i64::from(hour) * 3_600_000_000, None));
    }
    match split_time(bytes)? {
        (time, []) => Some((time, None)),
        (time, rest) => Some((time, Some(parse_offset(rest)?))),
    }
}

/// Parses `HH:MM[:SS[.ffffff]][ AM]` or `HHh[MM]`; returns microseconds since midnight, and the
/// rest. An `à` or `at` may stand in front.
pub(super) fn split_time(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let bytes = bytes.trim_ascii_start();
    let at = ["à ", "at "]
        .iter()
        .find_map(|at| bytes.strip_prefix(at.as_bytes()));
    let (mut hour, _, rest) = split_digits(at.unwrap_or(bytes), 2)?;
    let (minute, mut rest) = split_minute(rest)?;
    let mut second = 0;
    let mut micros = 0;
    if let Some(after) = rest.strip_prefix(b":") {
        (second, _, rest) = split_digits(after, 2)?;
        if let Some(after) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) {
            let (fraction, len, after) = split_digits(after, 9)?;
            micros = i64::from(fraction) * 1_000_000 / 10_i64.pow(u32::try_from(len).ok()?);
            rest = after;
        }
    }
    rest = rest.trim_ascii_start();
    if let [half @ (b'A' | b'a' | b'P' | b'p'), b'M' | b'm', after @ ..] = rest {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour %= 12;
        if half.eq_ignore_ascii_case(&b'p') {
            hour += 12;
        }
        rest = after.trim_ascii_start();
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((
        i64::from(hour * 3600 + minute * 60 + second) * 1_000_000 + micros,
        rest,
    ))
}

/// Whether a text is a time of day with colons and nothing else.
pub(crate) fn is_time(text: &str) -> bool {
    text.contains(':') && split_time(text.as_bytes()).is_some_and(|(_, rest)| rest.is_empty())
}

/// Parses the minute behind an hour. Behind `h` it may be absent.
fn split_minute(rest: &[u8]) -> Option<(i32, &[u8])> {
    if let Some(after) = rest.strip_prefix(b":") {
        return split_digits(after, 2).map(|(minute, _, rest)| (minute, rest));
    }
    let [b'h' | b'H', after @ ..] = rest.trim_ascii_start() else {
        return None;
    };
    let after = after.trim_ascii_start();
    match split_digits(after, 2) {
        Some((minute, _, rest)) => Some((minute, rest)),
        None => Some((0, after)),
    }
}

/// Parses `Z`, `+02`, `+0200` or `+02:00`; returns seconds east of UTC.
pub(super) fn parse_offset(bytes: &[u8]) -> Option<i32> {
    let sign = match bytes {
        b"Z" | b"z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, _, rest) = split_digits(&bytes[1..], 2)?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let minutes = if rest.is_empty() {
        0
    } else {
        split_digits(rest, 2)
            .filter(|d| d.1 == 2 && d.2.is_empty())?
            .0
    };
    (hours <= 15 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}
