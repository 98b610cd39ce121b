//! Typed identifiers. Each is a UUID v7, so ids sort by the time of their creation.

pub use uuid::Uuid;

/// Declares a newtype over [`Uuid`]: `id_type!(ProductId, "One product of a company.");`
#[macro_export]
macro_rules! id_type {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(
            Debug,
            Clone,
            Copy,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            ::serde::Serialize,
            ::serde::Deserialize,
            ::sqlx::Type,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub $crate::ids::Uuid);

        impl $name {
            /// Generates an id that sorts after all earlier ones of this process.
            #[expect(
                clippy::new_without_default,
                reason = "a default id would be a new one each time"
            )]
            pub fn new() -> Self {
                Self($crate::ids::Uuid::now_v7())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::uuid::Error;

            fn from_str(s: &str) -> Result<Self, Self::Err> {
                s.parse().map(Self)
            }
        }

        impl ::std::convert::From<$crate::ids::Uuid> for $name {
            fn from(id: $crate::ids::Uuid) -> Self {
                Self(id)
            }
        }

        impl ::std::convert::From<$name> for $crate::ids::Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id_type!(CompanyId, "A company: the owner of rows, jobs and files.");
id_type!(UserId, "A user who signs in.");
id_type!(JobId, "One job, from its enqueueing to its end.");
