//! How many files a company keeps, and how many imports it has open at once.

use chrono::{NaiveDate, TimeDelta};

use crate::Text;

/// How long a file is kept after the end of its import.
pub const FILE_RETENTION: TimeDelta = TimeDelta::days(30);
/// How long the file of an import is kept that failed or was cancelled and wrote nothing.
pub(super) const UNUSED_FILE_RETENTION: TimeDelta = TimeDelta::days(1);

/// The response to a file for which the server has no space.
pub const NO_SPACE: Text = Text::new("no_space");

/// What a company's files may take up, whatever its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileQuota {
    pub files: u32,
    pub bytes: u64,
    /// Imports that haven't ended, and uploads and previews that are under way.
    pub open_imports: u32,
}

impl Default for FileQuota {
    fn default() -> Self {
        Self {
            files: 2_000,
            bytes: 5 << 30,
            open_imports: 20,
        }
    }
}

/// What a company's files take up.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileUse {
    pub(super) files: i64,
    pub(super) bytes: i64,
    /// Uploads and previews that are under way.
    pub(super) uploads: i64,
    pub(super) open_imports: i64,
}

/// Why one more file has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortage {
    OpenImports,
    Files,
    Bytes,
    /// The file alone is more than all files may be.
    TooLarge,
}

/// What makes room for files again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outlook {
    /// From when on the files of enough ended imports are deleted.
    pub(super) has_room_on: Option<NaiveDate>,
    /// Whether open imports have files.
    pub(super) has_open_imports: bool,
}

impl FileQuota {
    /// Returns what one more file of `bytes` exceeds.
    pub(super) fn find_shortage(&self, used: &FileUse, bytes: u64) -> Option<Shortage> {
        if used.uploads + used.open_imports >= i64::from(self.open_imports) {
            Some(Shortage::OpenImports)
        } else if bytes > self.bytes {
            Some(Shortage::TooLarge)
        } else if used.files >= i64::from(self.files) {
            Some(Shortage::Files)
        } else if bytes > self.count_free_bytes(used) {
            Some(Shortage::Bytes)
        } else {
            None
        }
    }

    /// Returns the bytes that are left.
    pub(super) fn count_free_bytes(&self, used: &FileUse) -> u64 {
        self.bytes.saturating_sub(used.bytes.unsigned_abs())
    }

    /// Says what is exhausted and what to do.
    pub(super) fn describe_shortage(&self, shortage: Shortage, outlook: Outlook) -> Text {
        let mebibytes = self.bytes >> 20;
        match shortage {
            Shortage::OpenImports if outlook.has_open_imports => {
                let limit = self.open_imports.into();
                Text::new("quota_open_imports").with_number("limit", limit)
            }
            Shortage::OpenImports => {
                let limit = self.open_imports.into();
                Text::new("quota_uploads").with_number("limit", limit)
            }
            Shortage::TooLarge => Text::new("quota_file_too_large").with("limit", mebibytes),
            Shortage::Files => {
                let text = Text::new("quota_files").with_number("limit", self.files.into());
                outlook.describe_after(text)
            }
            Shortage::Bytes => {
                outlook.describe_after(Text::new("quota_bytes").with("limit", mebibytes))
            }
        }
    }
}

impl Outlook {
    /// Says after `text` what makes room.
    fn describe_after(self, mut text: Text) -> Text {
        if let Some(day) = self.has_room_on {
            text = text.and(Text::new("quota_has_room").with("day", day));
        }
        if self.has_open_imports {
            text = text.and(Text::new("quota_waits_for_imports"));
        }
        if self.has_room_on.is_none() && !self.has_open_imports {
            text = text.and(Text::new("quota_waits_for_uploads"));
        }
        text
    }
}

impl Shortage {
    /// The code of the conflict.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::OpenImports => "too_many_imports",
            Self::Files | Self::Bytes | Self::TooLarge => "file_quota_reached",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Language;

    const QUOTA: FileQuota = FileQuota {
        files: 3,
        bytes: 100,
        open_imports: 2,
    };

    #[test]
    fn the_last_place_is_given_and_no_more() {
        let used = |files, bytes, (uploads, open_imports)| FileUse {
            files,
            bytes,
            uploads,
            open_imports,
        };
        let shortage = |used: FileUse, bytes| QUOTA.find_shortage(&used, bytes);
        assert_eq!(shortage(used(2, 90, (0, 1)), 10), None);
        assert_eq!(shortage(used(2, 90, (1, 0)), 11), Some(Shortage::Bytes));
        assert_eq!(shortage(used(3, 0, (0, 1)), 0), Some(Shortage::Files));
        let both = used(3, 90, (1, 1));
        assert_eq!(shortage(both, 11), Some(Shortage::OpenImports));
        assert_eq!(shortage(used(0, 0, (0, 0)), 101), Some(Shortage::TooLarge));
    }

    #[test]
    fn the_advice_fits_what_holds_the_room() {
        let say = |shortage, outlook| {
            let text = QUOTA.describe_shortage(shortage, outlook);
            text.render(Language::En)
        };
        let outlook = |has_room_on, has_open_imports| Outlook {
            has_room_on,
            has_open_imports,
        };
        let day = NaiveDate::from_ymd_opt(2026, 3, 4);
        let text = say(Shortage::Bytes, outlook(day, false));
        assert!(text.contains("2026-03-04") && !text.contains("cancel"));
        let text = say(Shortage::Files, outlook(day, true));
        assert!(text.contains("2026-03-04") && text.contains("cancel"));
        let text = say(Shortage::Files, outlook(None, false));
        assert!(text.contains("when they have ended") && !text.contains("cancel"));
        for outlook in [outlook(None, false), outlook(day, true)] {
            let text = say(Shortage::TooLarge, outlook);
            assert!(text.contains("split") && !text.contains("2026"), "{text}");
        }
    }

    #[test]
    fn a_limit_of_one_is_singular() {
        let quota = FileQuota {
            files: 1,
            open_imports: 1,
            ..QUOTA
        };
        let outlook = Outlook {
            has_room_on: None,
            has_open_imports: true,
        };
        let say = |shortage| {
            let text = quota.describe_shortage(shortage, outlook);
            [Language::Fr, Language::En].map(|language| text.render(language))
        };
        let [french, english] = say(Shortage::Files);
        assert!(french.contains("1 fichier,") && english.contains("1 file,"));
        let [french, english] = say(Shortage::OpenImports);
        assert!(french.contains("1 import en cours") && english.contains("1 import under way"));
    }
}
