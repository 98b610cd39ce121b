//! The five roles in a company, from the least to the most powerful.

use serde::{Deserialize, Serialize};

/// What a member may do in a company. Each role includes the permissions of the one before it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Role {
    /// Reads everything.
    Viewer,
    /// Records the daily work: sales, stock, imports, acknowledgements.
    Member,
    /// Manages products, alert rules, templates and jobs.
    Manager,
    /// Manages people, API keys, connections and billing.
    Admin,
    /// Manages other owners, too.
    Owner,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Member => "member",
            Self::Manager => "manager",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Whether a member of this role may change another member's role from `from` to `to`. Admins
    /// and owners may, up to their own role.
    pub fn may_change(self, from: Self, to: Self) -> bool {
        self >= Self::Admin && self >= from && self >= to
    }
}

#[cfg(test)]
mod tests {
    use super::Role::{Admin, Manager, Member, Owner, Viewer};

    #[test]
    fn nobody_grants_or_revokes_a_role_above_their_own() {
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
