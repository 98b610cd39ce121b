//! Rows in the binary format of COPY, which Postgres reads faster than text and which needs no
//! escaping. Contract: "Binary Format" under COPY in the manual; numbers as `numeric_recv` reads
//! them.

use platform::ids::Uuid;

/// Precedes the first row.
pub(crate) const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Follows the last row.
pub(crate) const COPY_TRAILER: &[u8] = &(-1_i16).to_be_bytes();

/// From 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = 10_957 * 86_400_000_000;

/// The bytes of consecutive rows.
#[derive(Debug, Default)]
pub(super) struct Tuples {
    pub(super) bytes: Vec<u8>,
}

impl Tuples {
    /// Begins a row, which that many values must follow.
    pub(super) fn begin_row(&mut self, values: i16) {
        self.bytes.extend(values.to_be_bytes());
    }

    pub(super) fn put_null(&mut self) {
        self.bytes.extend((-1_i32).to_be_bytes());
    }

    /// Appends a value whose binary form is its bytes: text, bytea, uuid.
    pub(super) fn put_bytes(&mut self, value: &[u8]) {
        // A value is never longer than a row of the file, 1 MiB.
        self.bytes.extend((value.len() as u32).to_be_bytes());
        self.bytes.extend(value);
    }

    pub(super) fn put_bytes_or_null(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => self.put_bytes(value),
            None => self.put_null(),
        }
    }

    pub(super) fn put_uuid_or_null(&mut self, value: Option<Uuid>) {
        self.put_bytes_or_null(value.as_ref().map(|id| &id.as_bytes()[..]))
    }

    pub(super) fn put_bigint_or_null(&mut self, value: Option<i64>) {
        self.put_bytes_or_null(value.map(i64::to_be_bytes).as_ref().map(|bytes| &bytes[..]))
    }

    pub(super) fn put_text(&mut self, value: &str) {
        self.put_bytes(value.as_bytes());
    }

    /// Appends a text; null for "".
    pub(super) fn put_text_or_null(&mut self, value: &str) {
        self.put_bytes_or_null(Some(value.as_bytes()).filter(|bytes| !bytes.is_empty()))
    }

    /// Appends a text, empty or not, where this row carries it, else null.
    pub(super) fn put_text_if(&mut self, carried: bool, value: &str) {
        self.put_bytes_or_null(carried.then_some(value.as_bytes()))
    }

    pub(super) fn put_boolean(&mut self, value: bool) {
        self.put_bytes(&[u8::from(value)]);
    }

    pub(super) fn put_bigint(&mut self, value: u64) {
        self.put_bytes(&value.to_be_bytes());
    }

    pub(super) fn put_integer(&mut self, value: i32) {
        self.put_bytes(&value.to_be_bytes());
    }

    /// Days since 1970-01-01.
    pub(super) fn put_date(&mut self, day: i32) {
        self.put_bytes(&(day - EPOCH_DAYS).to_be_bytes());
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub(super) fn put_timestamp(&mut self, at: i64) {
        self.put_bytes(&(at - EPOCH_MICROS).to_be_bytes());
    }

    /// Appends `scaled` times ten to the minus `scale`, which is at most 8: groups of four digits,
    /// without zero groups at either end.
    pub(super) fn put_numeric(&mut self, scaled: i64, scale: u32) {
        let magnitude = scaled.unsigned_abs();
        let unit = 10_u64.pow(scale);
        let (whole, fraction) = (magnitude / unit, magnitude % unit);
        let mut groups = [0_u16; 7];
        let mut rest = whole;
        for group in groups[..5].iter_mut().rev() {
            *group = (rest % 10_000) as u16;
            rest /= 10_000;
        }
        let fraction = fraction * 10_u64.pow(8 - scale);
        groups[5] = (fraction / 10_000) as u16;
        groups[6] = (fraction % 10_000) as u16;
        let first = groups.iter().position(|g| *g != 0).unwrap_or(7);
        let last = groups
            .iter()
            .rposition(|g| *g != 0)
            .map_or(first, |i| i + 1);
        let count = last - first;
        let weight = if count == 0 { 0 } else { 4 - first as i16 };
        let sign: u16 = if scaled < 0 { 0x4000 } else { 0 };
        self.bytes.extend((8 + 2 * count as u32).to_be_bytes());
        self.bytes.extend((count as u16).to_be_bytes());
        self.bytes.extend(weight.to_be_bytes());
        self.bytes.extend(sign.to_be_bytes());
        self.bytes.extend((scale as u16).to_be_bytes());
        for group in &groups[first..last] {
            self.bytes.extend(group.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_groups_of_four_digits() {
        // Count, weight, sign, scale, groups; as `numeric_send` of Postgres 15 writes them.
        for (scaled, scale, expected) in [
            (0, 3, vec![0, 0, 0, 3]),
            (2_550, 3, vec![2, 0, 0, 3, 2, 5500]),
            (-12_000_500, 3, vec![3, 1, 0x4000, 3, 1, 2000, 5000]),
            (5, 6, vec![1, 0xfffe, 0, 6, 500]),
            (10_000_000, 3, vec![1, 1, 0, 3, 1]),
            (1_234_567_891, 4, vec![3, 1, 0, 4, 12, 3456, 7891]),
        ] {
            let mut tuples = Tuples::default();
            tuples.put_numeric(scaled, scale);
            let words: Vec<u16> = tuples.bytes[4..]
                .chunks(2)
                .map(|w| u16::from_be_bytes([w[0], w[1]]))
                .collect();
            assert_eq!(words, expected, "{scaled}");
            assert_eq!(tuples.bytes[3] as usize, words.len() * 2);
        }
    }
}
