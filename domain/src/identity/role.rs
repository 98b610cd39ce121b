//! The five roles of a company, from the least to the most.

use serde::{Deserialize, Serialize};

/// What somebody may do in a company. Each role may all that the one before it may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Writes the day's work: sales, stock, imports, acknowledgements.
    Member,
    /// Sets the rules: products, alert rules, templates, jobs.
    Manager,
    /// People, API keys, connections, billing.
    Admin,
    /// All of it, and other owners.
    Owner,
}

impl Role {
    pub const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Member,
        Self::Manager,
        Self::Admin,
        Self::Owner,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Manager => "manager",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Whether somebody of this role may turn a member of role `from` into one of role `to`: admins
    /// and owners may, and nobody reaches above themselves.
    pub fn may_change(self, from: Self, to: Self) -> bool {
        self >= Self::Admin && self >= from && self >= to
    }
}

#[cfg(test)]
mod tests {
    use super::Role::{Admin, Manager, Member, Owner, Viewer};

    #[test]
    fn nobody_gives_or_takes_a_role_above_their_own() {
        let cases = [
            (Owner, Owner, Admin, true),
            (Owner, Viewer, Owner, true),
            (Admin, Member, Admin, true),
            (Admin, Member, Owner, false),
            (Admin, Owner, Viewer, false),
            (Manager, Viewer, Member, false),
        ];
        for (by, from, to, allowed) in cases {
            assert_eq!(
                by.may_change(from, to),
                allowed,
                "{by:?} changes {from:?} to {to:?}"
            );
        }
    }
}
