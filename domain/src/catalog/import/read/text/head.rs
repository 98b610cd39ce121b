//! What the first bytes of a file reveal: a byte order mark, UTF-16 without one, or another format.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use crate::Text;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::Charset;

pub(super) const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";

const SAMPLE_BYTES: usize = 8192;

/// What the start of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileHead {
    /// Marked with its encoding.
    Marked(Charset),
    /// UTF-16 by the zero bytes of its characters.
    Wide(Charset),
    Unmarked,
}

/// Inspects the first bytes of a file whose encoding the caller may have named.
pub(super) fn inspect_head(head: &[u8], named: Option<Charset>) -> Result<FileHead, FileError> {
    if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        return Err(FileError::worded("unknown_encoding", Text::new("utf_32")));
    }
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(FileHead::Marked(Charset::Standard(encoding)));
    }
    let sample = &head[..head.len().min(SAMPLE_BYTES / 2)];
    let zeros = |offset: usize| {
        let bytes = sample.iter().skip(offset).step_by(2);
        bytes.filter(|byte| **byte == 0).count()
    };
    let half = sample.len() / 2;
    let (even, odd) = (zeros(0), zeros(1));
    if half > 0 && odd * 10 > half * 7 && even * 10 < half * 2 {
        return Ok(FileHead::Wide(Charset::Standard(UTF_16LE)));
    }
    if half > 0 && even * 10 > half * 7 && odd * 10 < half * 2 {
        return Ok(FileHead::Wide(Charset::Standard(UTF_16BE)));
    }
    reject_other_formats(head, named)?;
    Ok(FileHead::Unmarked)
}

fn reject_other_formats(head: &[u8], named: Option<Charset>) -> Result<(), FileError> {
    // Control bytes are parts of characters in UTF-16, and change the alphabet in ISO-2022-JP.
    let may_have_any =
        matches!(named, Some(Charset::Standard(encoding)) if !encoding.is_ascii_compatible());
    let sample = &head[..head.len().min(SAMPLE_BYTES)];
    let odd = sample
        .iter()
        .filter(|b| **b < 32 && !matches!(**b, b'\t' | b'\n' | b'\r' | 0x0c))
        .count();
    let hint = if head.starts_with(b"\xd0\xcf\x11\xe0") {
        Some(Text::new("looks_like_old_excel"))
    } else if head.starts_with(b"%PDF") {
        Some(Text::new("looks_like_pdf"))
    } else if head.starts_with(b"\x1f\x8b") {
        Some(Text::new("looks_like_gzip"))
    } else if odd * 50 > sample.len() && !may_have_any {
        None
    } else {
        return Ok(());
    };
    let reason = Text::new("not_a_table");
    let reason = match hint {
        Some(hint) => reason.and(hint),
        None => reason,
    };
    Err(FileError::worded("not_a_table", reason))
}
