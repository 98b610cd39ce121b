//! Finds the holders of sessions and keys in micro-batches: all requests that wait share one
//! statement. Nothing is cached, so that logout and deactivation hold from the next request on.

use domain::identity;
use domain::identity::access::{KeyHolder, SessionHolder};
use domain::identity::sessions::SessionId;
use platform::db::Db;
use platform::ids::CompanyId;
use platform::micro_batch::{BatchError, MicroBatchConfig, MicroBatcher};

use crate::error::{Error, Result};

const SESSION_BATCHES: MicroBatchConfig = MicroBatchConfig {
    name: "authenticate sessions",
    max_batch_requests: 256,
    max_pending_requests: 4_096,
    // With one, every second batch would wait a whole round trip for nothing.
    lanes: 2,
};
const KEY_BATCHES: MicroBatchConfig = MicroBatchConfig {
    name: "authenticate keys",
    ..SESSION_BATCHES
};

type SessionLookup = (SessionId, Option<CompanyId>);
type KeyHash = [u8; 32];

pub(crate) struct Authenticator {
    sessions: MicroBatcher<SessionLookup, Option<SessionHolder>, Error>,
    keys: MicroBatcher<KeyHash, Option<KeyHolder>, Error>,
}

impl Authenticator {
    /// Starts the lanes on the current runtime. They end with the last clone.
    pub(crate) fn start(db: &Db) -> Self {
        let (session_db, key_db) = (db.clone(), db.clone());
        Self {
            sessions: MicroBatcher::start(SESSION_BATCHES, move |lookups| {
                find_session_holders(session_db.clone(), lookups)
            }),
            keys: MicroBatcher::start(KEY_BATCHES, move |hashes| {
                find_key_holders(key_db.clone(), hashes)
            }),
        }
    }

    pub(crate) async fn find_session_holder(
        &self,
        session: SessionId,
        company: Option<CompanyId>,
    ) -> Result<Option<SessionHolder>> {
        let holder = self.sessions.call((session, company)).await;
        holder.map_err(from_batch_error)
    }

    pub(crate) async fn find_key_holder(&self, hash: KeyHash) -> Result<Option<KeyHolder>> {
        self.keys.call(hash).await.map_err(from_batch_error)
    }
}

async fn find_session_holders(
    db: Db,
    lookups: Vec<SessionLookup>,
) -> Result<Vec<Option<SessionHolder>>> {
    let mut conn = db.app().acquire().await?;
    Ok(identity::access::authenticate_sessions(&mut conn, &lookups).await?)
}

async fn find_key_holders(db: Db, hashes: Vec<KeyHash>) -> Result<Vec<Option<KeyHolder>>> {
    let mut conn = db.app().acquire().await?;
    Ok(identity::access::authenticate_api_keys(&mut conn, &hashes).await?)
}

fn from_batch_error(failed: BatchError<Error>) -> Error {
    match failed {
        BatchError::Failed(cause) => cause,
        BatchError::ReplyCount => Error::internal("an authentication batch lost its replies"),
        BatchError::Stopped => Error::unavailable("the authenticator has stopped"),
    }
}
