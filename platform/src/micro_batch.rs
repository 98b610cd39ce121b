//! Micro-batches without linger: requests that arrive while a batch runs share the next batch.
//! Under load batches grow by themselves, and a lone request never waits for company.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

/// How a micro-batcher is sized.
#[derive(Debug, Clone, Copy)]
pub struct MicroBatchConfig {
    /// Names the lanes' tasks in the log.
    pub name: &'static str,
    pub max_batch_requests: usize,
    /// Requests that wait for a batch. Beyond it callers wait, so that memory stays bounded.
    pub max_pending_requests: usize,
    /// Batches that run at once.
    pub lanes: usize,
}

/// Collects requests into batches. Each batch is one call of the function passed to
/// [`MicroBatcher::start`], which returns one reply per request, in order, or one error for all.
pub struct MicroBatcher<Request, Reply, Failure> {
    sender: mpsc::Sender<PendingRequest<Request, Reply, Failure>>,
}

/// Why a request got no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchError<Failure> {
    /// The lanes have ended.
    Stopped,
    /// The whole batch failed.
    Failed(Failure),
    /// The batch ran and returned another number of replies than it had requests, so that no reply
    /// can be assigned.
    ReplyCount,
}

struct PendingRequest<Request, Reply, Failure> {
    request: Request,
    /// `None` where the caller needs no reply, which spares an allocation per request.
    reply: ReplySender<Reply, Failure>,
}

impl<Request, Reply, Failure> MicroBatcher<Request, Reply, Failure>
where
    Request: Send + 'static,
    Reply: Send + 'static,
    Failure: Clone + Send + 'static,
{
    /// Starts the lanes on the current runtime. They end once every clone of the batcher is dropped
    /// and the pending requests are done.
    pub fn start<F, Fut>(config: MicroBatchConfig, run_batch: F) -> Self
    where
        F: Fn(Vec<Request>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Result<Vec<Reply>, Failure>> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(config.max_pending_requests);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..config.lanes {
            let lane = run_lane(
                receiver.clone(),
                config.max_batch_requests,
                run_batch.clone(),
            );
            crate::task::spawn_named(config.name, lane);
        }
        Self { sender }
    }

    /// Returns the reply to `request` once its batch is done.
    pub async fn call(&self, request: Request) -> Result<Reply, BatchError<Failure>> {
        let (reply, received) = oneshot::channel();
        let pending = PendingRequest {
            request,
            reply: Some(reply),
        };
        self.sender
            .send(pending)
            .await
            .map_err(|_| BatchError::Stopped)?;
        received.await.map_err(|_| BatchError::Stopped)?
    }

    /// Queues `request` without waiting for its batch. Returns the request if the lanes have ended.
    pub async fn submit(&self, request: Request) -> Result<(), Request> {
        let pending = PendingRequest {
            request,
            reply: None,
        };
        self.sender
            .send(pending)
            .await
            .map_err(|unsent| unsent.0.request)
    }
}

type SharedReceiver<Request, Reply, Failure> =
    Arc<Mutex<mpsc::Receiver<PendingRequest<Request, Reply, Failure>>>>;

async fn run_lane<Request, Reply, Failure, F, Fut>(
    receiver: SharedReceiver<Request, Reply, Failure>,
    max_batch_requests: usize,
    run_batch: F,
) where
    Failure: Clone,
    F: Fn(Vec<Request>) -> Fut,
    Fut: Future<Output = Result<Vec<Reply>, Failure>>,
{
    let mut batch = Vec::with_capacity(max_batch_requests);
    loop {
        let received = receiver
            .lock()
            .await
            .recv_many(&mut batch, max_batch_requests)
            .await;
        if received == 0 {
            return;
        }
        let (requests, replies): (Vec<_>, Vec<_>) = batch
            .drain(..)
            .map(|pending| (pending.request, pending.reply))
            .unzip();
        match run_batch(requests).await {
            Ok(results) if results.len() == replies.len() => {
                for (sender, reply) in replies.into_iter().zip(results) {
                    send_reply(sender, Ok(reply));
                }
            }
            Ok(results) => {
                tracing::error!(
                    requests = replies.len(),
                    replies = results.len(),
                    "a batch returned another number of replies than it had requests"
                );
                fail_requests(replies, &BatchError::ReplyCount);
            }
            Err(failure) => fail_requests(replies, &BatchError::Failed(failure)),
        }
    }
}

type ReplySender<Reply, Failure> = Option<oneshot::Sender<Result<Reply, BatchError<Failure>>>>;

fn fail_requests<Reply, Failure: Clone>(
    replies: Vec<ReplySender<Reply, Failure>>,
    error: &BatchError<Failure>,
) {
    for sender in replies {
        send_reply(sender, Err(error.clone()));
    }
}

fn send_reply<T>(sender: Option<oneshot::Sender<T>>, reply: T) {
    if let Some(sender) = sender {
        // A caller that hung up needs no reply.
        let _ = sender.send(reply);
    }
}

// Derived, both would demand the same of the request, the reply and the failure.
impl<Request, Reply, Failure> Clone for MicroBatcher<Request, Reply, Failure> {
    fn clone(&self) -> Self {
        Self {
            sender: self.sender.clone(),
        }
    }
}

impl<Request, Reply, Failure> fmt::Debug for MicroBatcher<Request, Reply, Failure> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroBatcher").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const CONFIG: MicroBatchConfig = MicroBatchConfig {
        name: "test",
        max_batch_requests: 3,
        max_pending_requests: 10,
        lanes: 1,
    };

    #[tokio::test]
    async fn requests_that_arrive_during_a_batch_share_the_next_one() {
        let (started, mut batches) = mpsc::unbounded_channel();
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let permits = gate.clone();
        let batcher = MicroBatcher::start(CONFIG, move |requests: Vec<u32>| {
            let (started, permits) = (started.clone(), permits.clone());
            async move {
                started.send(requests.clone()).ok();
                if let Ok(permit) = permits.acquire().await {
                    permit.forget();
                }
                Ok::<_, Infallible>(requests.iter().map(|n| n * 10).collect::<Vec<_>>())
            }
        });
        batcher.submit(0).await.ok();
        assert_eq!(batches.recv().await, Some(vec![0]));
        for n in 1..=4 {
            batcher.submit(n).await.ok();
        }
        gate.add_permits(3);
        assert_eq!(batches.recv().await, Some(vec![1, 2, 3]));
        assert_eq!(batches.recv().await, Some(vec![4]));
        gate.add_permits(1);
        assert_eq!(batcher.call(5).await, Ok(50));
    }

    #[tokio::test]
    async fn a_failed_batch_fails_each_of_its_requests() {
        let batcher = MicroBatcher::start(CONFIG, |_: Vec<u32>| async { Err::<Vec<()>, _>("no") });
        let (first, second) = tokio::join!(batcher.call(1), batcher.call(2));
        assert_eq!(first, Err(BatchError::Failed("no")));
        assert_eq!(second, Err(BatchError::Failed("no")));
    }

    #[tokio::test]
    async fn a_batch_with_too_few_or_too_many_replies_fails_each_of_its_requests() {
        for replies in [0, 3] {
            let batcher = MicroBatcher::start(CONFIG, move |_: Vec<u32>| async move {
                Ok::<_, Infallible>(vec![(); replies])
            });
            let (first, second) = tokio::join!(batcher.call(1), batcher.call(2));
            assert_eq!(first, Err(BatchError::ReplyCount));
            assert_eq!(second, Err(BatchError::ReplyCount));
        }
    }
}
