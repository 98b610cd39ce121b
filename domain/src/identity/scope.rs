//! What an API key may reach, beside the role that limits every caller.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One permission of an API key, written `catalog:read`. Writing includes reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyScope {
    pub area: ScopeArea,
    pub access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    Read,
    Write,
}

/// The parts of the interface that a scope opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeArea {
    /// Products and what describes them, stock and sales.
    Catalog,
    Imports,
    Predictions,
    Alerts,
    Messages,
    Ads,
    Jobs,
    /// The company's settings, members, keys, subscription and audit log. Of these, a key changes
    /// the settings alone.
    Company,
}

impl KeyScope {
    pub fn new(area: ScopeArea, access: Access) -> Self {
        Self { area, access }
    }

    /// Lists every scope: a scope to write for each area, which includes the scope to read.
    pub fn list_widest() -> Vec<Self> {
        let areas = ScopeArea::ALL.into_iter();
        areas.map(|area| Self::new(area, Access::Write)).collect()
    }

    /// Whether a key with this scope may do what `needed` names.
    pub fn includes(self, needed: Self) -> bool {
        self.area == needed.area && self.access >= needed.access
    }
}

impl ScopeArea {
    const ALL: [Self; 8] = [
        Self::Catalog,
        Self::Imports,
        Self::Predictions,
        Self::Alerts,
        Self::Messages,
        Self::Ads,
        Self::Jobs,
        Self::Company,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Imports => "imports",
            Self::Predictions => "predictions",
            Self::Alerts => "alerts",
            Self::Messages => "messages",
            Self::Ads => "ads",
            Self::Jobs => "jobs",
            Self::Company => "company",
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match self.access {
            Access::Read => "read",
            Access::Write => "write",
        };
        write!(f, "{}:{access}", self.area.as_str())
    }
}

/// A text that names no scope; the message lists the scopes.
#[derive(Debug, thiserror::Error)]
#[error(
    "not a scope: an area (catalog, imports, predictions, alerts, messages, ads, jobs, company), \
     then :read or :write"
)]
pub struct UnknownScope;

impl FromStr for KeyScope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let (area, access) = text.split_once(':').ok_or(UnknownScope)?;
        let access = match access {
            "read" => Access::Read,
            "write" => Access::Write,
            _ => return Err(UnknownScope),
        };
        let area = ScopeArea::ALL
            .into_iter()
            .find(|known| known.as_str() == area)
            .ok_or(UnknownScope)?;
        Ok(Self { area, access })
    }
}

impl Serialize for KeyScope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyScope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_includes_reading_of_the_same_area_alone() {
        let scope = |text: &str| text.parse::<KeyScope>().unwrap();
        for (held, needed, allowed) in [
            ("catalog:write", "catalog:read", true),
            ("catalog:write", "catalog:write", true),
            ("catalog:read", "catalog:write", false),
            ("catalog:write", "imports:read", false),
        ] {
            assert_eq!(
                scope(held).includes(scope(needed)),
                allowed,
                "{held} {needed}"
            );
        }
    }

    #[test]
    fn every_scope_reads_as_it_is_written() {
        for scope in KeyScope::list_widest() {
            assert_eq!(scope.to_string().parse::<KeyScope>().unwrap(), scope);
        }
        for text in [
            "",
            "catalog",
            "catalog:",
            ":read",
            "sales:read",
            "catalog:all",
        ] {
            assert!(text.parse::<KeyScope>().is_err(), "{text}");
        }
    }
}
