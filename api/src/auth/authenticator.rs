//! Asks the database who holds a session or a key, one statement for all who ask at once and without
//! linger: whoever comes while a statement runs shares the next. Nothing is cached, so that logout
//! and deactivation hold from the next request on.

use std::future::Future;
use std::sync::Arc;

use domain::identity;
use domain::identity::access::{KeyHolder, SessionHolder};
use domain::identity::sessions::SessionId;
use platform::db::Db;
use platform::ids::CompanyId;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::error::{Error, Result};

const LARGEST: usize = 256;
const PENDING: usize = 4_096;
/// Statements at once: with one, every second batch would wait a whole round trip for nothing.
const LANES: usize = 2;

type SessionQuestion = (SessionId, Option<CompanyId>);

pub(crate) struct Authenticator {
    sessions: Batcher<SessionQuestion, Option<SessionHolder>>,
    keys: Batcher<[u8; 32], Option<KeyHolder>>,
}

impl Authenticator {
    /// Starts the lanes on the current runtime; they end with the last clone.
    pub(crate) fn start(db: &Db) -> Self {
        let (for_sessions, for_keys) = (db.clone(), db.clone());
        Self {
            sessions: Batcher::start(
                "authenticate sessions",
                move |asked: Vec<SessionQuestion>| {
                    let db = for_sessions.clone();
                    async move {
                        let mut conn = db.app().acquire().await?;
                        identity::access::authenticate_sessions(&mut conn, &asked).await
                    }
                },
            ),
            keys: Batcher::start("authenticate keys", move |asked: Vec<[u8; 32]>| {
                let db = for_keys.clone();
                async move {
                    let mut conn = db.app().acquire().await?;
                    identity::access::authenticate_api_keys(&mut conn, &asked).await
                }
            }),
        }
    }

    pub(crate) async fn session(
        &self,
        session: SessionId,
        company: Option<CompanyId>,
    ) -> Result<Option<SessionHolder>> {
        self.sessions.ask((session, company)).await
    }

    pub(crate) async fn key(&self, hash: [u8; 32]) -> Result<Option<KeyHolder>> {
        self.keys.ask(hash).await
    }
}

struct Asked<Q, A> {
    question: Q,
    answer: oneshot::Sender<Result<A>>,
}

struct Batcher<Q, A> {
    sender: mpsc::Sender<Asked<Q, A>>,
}

impl<Q, A> Batcher<Q, A>
where
    Q: Clone + Send + 'static,
    A: Send + 'static,
{
    fn start<F, Fut>(name: &'static str, answer_all: F) -> Self
    where
        F: Fn(Vec<Q>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = domain::Result<Vec<A>>> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(PENDING);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..LANES {
            platform::task::spawn(name, answer_batches(receiver.clone(), answer_all.clone()));
        }
        Self { sender }
    }

    async fn ask(&self, question: Q) -> Result<A> {
        let (answer, answered) = oneshot::channel();
        self.sender
            .send(Asked { question, answer })
            .await
            .map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

async fn answer_batches<Q, A, F, Fut>(
    receiver: Arc<Mutex<mpsc::Receiver<Asked<Q, A>>>>,
    answer_all: F,
) where
    Q: Clone,
    F: Fn(Vec<Q>) -> Fut,
    Fut: Future<Output = domain::Result<Vec<A>>>,
{
    let mut batch = Vec::with_capacity(LARGEST);
    loop {
        let taken = receiver.lock().await.recv_many(&mut batch, LARGEST).await;
        if taken == 0 {
            return;
        }
        let questions = batch.iter().map(|asked| asked.question.clone()).collect();
        match answer_all(questions).await {
            // A caller that hung up has no use for its answer.
            Ok(answers) => batch.drain(..).zip(answers).for_each(|(asked, answer)| {
                let _ = asked.answer.send(Ok(answer));
            }),
            Err(failed) => {
                let failed = Error::from(failed);
                for asked in batch.drain(..) {
                    let _ = asked.answer.send(Err(failed.clone()));
                }
            }
        }
    }
}

fn stopped() -> Error {
    Error::unavailable("the authenticator has stopped")
}
