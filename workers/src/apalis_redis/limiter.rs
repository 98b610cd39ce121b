//! The limiter: wraps the crate's storage and decides when the storage may fetch.
//!
//! It fetches when ids were pushed, when the channel has room again, and at an interval; never
//! while the channel has no room. The crate's own wake-ups get lost, so that it idles for up to 30
//! s, and a batch that nobody takes stops its heartbeat.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis_core::backend::{Backend, BackendConfig, WireFormatBackend};
use apalis_core::worker::context::WorkerContext;
use apalis_redis::{Config, RedisStorage, RedisTask};
use platform::ids::Uuid;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

use super::raw_codec::RawCodec;

/// For ids that another process pushed, and for those that return from a lost worker.
const FETCH_INTERVAL: Duration = Duration::from_millis(100);
/// A fetch that was under way during a wake-up may have missed its ids.
const REFETCH_DELAY: Duration = Duration::from_millis(2);

pub(super) struct Limiter {
    storage: RedisStorage<Vec<u8>>,
    ids: mpsc::Sender<Uuid>,
    wakeups: mpsc::Receiver<()>,
    next_fetch: Pin<Box<Sleep>>,
}

impl Limiter {
    pub(super) fn new(
        storage: RedisStorage<Vec<u8>>,
        ids: mpsc::Sender<Uuid>,
        wakeups: mpsc::Receiver<()>,
    ) -> Self {
        Self {
            storage,
            ids,
            wakeups,
            next_fetch: Box::pin(tokio::time::sleep(FETCH_INTERVAL)),
        }
    }
}

impl Backend for Limiter {
    type Task = RedisTask;
    type Error = apalis_redis::Error;

    fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Result<(), Self::Error>> {
        self.storage.poll_ready(cx, worker)
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Option<Result<RedisTask, Self::Error>>> {
        while let Poll::Ready(Some(())) = self.wakeups.poll_recv(cx) {
            self.next_fetch
                .as_mut()
                .reset(Instant::now() + REFETCH_DELAY);
        }
        // Polled until it is pending: only a pending timer wakes this task.
        while self.next_fetch.as_mut().poll(cx).is_ready() {
            self.next_fetch
                .as_mut()
                .reset(Instant::now() + FETCH_INTERVAL);
        }
        if self.ids.capacity() == 0 {
            return Poll::Pending;
        }
        self.storage.poll_next(cx, worker)
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        worker: &WorkerContext,
    ) -> Poll<Result<(), Self::Error>> {
        self.storage.poll_close(cx, worker)
    }
}

impl BackendConfig for Limiter {
    type Args = Vec<u8>;
    type Id = <RedisStorage<Vec<u8>> as BackendConfig>::Id;
    type Kind = <RedisStorage<Vec<u8>> as BackendConfig>::Kind;
    type Config = Config;
    type Layer = <RedisStorage<Vec<u8>> as BackendConfig>::Layer;

    fn config(&self) -> &Config {
        self.storage.config()
    }

    fn middleware(&mut self, worker: &mut WorkerContext) -> Self::Layer {
        self.storage.middleware(worker)
    }
}

impl WireFormatBackend for Limiter {
    type Codec = RawCodec;
    type Compact = Vec<u8>;

    fn codec(&self) -> &RawCodec {
        &RawCodec
    }
}
