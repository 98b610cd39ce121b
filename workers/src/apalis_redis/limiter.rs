//! The crate's storage with a limiter before it: it fetches when it is told that ids were pushed or that
//! there is room, every now and then besides, and not while there is no room. Its own wake-ups get
//! lost (idle for up to 30 s), and a batch that nobody takes stops its heartbeat.

use std::convert::Infallible;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use apalis_core::backend::codec::Codec;
use apalis_core::backend::{Backend, BackendConfig, WireFormatBackend};
use apalis_core::worker::context::WorkerContext;
use apalis_redis::{Config, RedisStorage, RedisTask};
use platform::ids::Uuid;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep};

/// For ids that another process pushed, and for those that come back from a worker that is gone.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A fetch that was on its way when it was woken may have missed what woke it.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Payloads as they are: one that can't be decoded is the handler's to drop, not the worker's end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw;

impl Codec<Vec<u8>> for Raw {
    type Error = Infallible;
    type Compact = Vec<u8>;

    fn encode(&self, payload: &Vec<u8>) -> Result<Vec<u8>, Infallible> {
        Ok(payload.clone())
    }

    fn decode(&self, payload: &Vec<u8>) -> Result<Vec<u8>, Infallible> {
        Ok(payload.clone())
    }
}

pub(crate) struct Limiter {
    storage: RedisStorage<Vec<u8>>,
    ids: mpsc::Sender<Uuid>,
    woken: mpsc::Receiver<()>,
    look: Pin<Box<Sleep>>,
}

impl Limiter {
    pub(crate) fn new(
        storage: RedisStorage<Vec<u8>>,
        ids: mpsc::Sender<Uuid>,
        woken: mpsc::Receiver<()>,
    ) -> Self {
        Self {
            storage,
            ids,
            woken,
            look: Box::pin(tokio::time::sleep(LOOK_EVERY)),
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
        while let Poll::Ready(Some(())) = self.woken.poll_recv(cx) {
            self.look.as_mut().reset(Instant::now() + LOOK_AGAIN);
        }
        // Until it is pending: only then will it wake us.
        while self.look.as_mut().poll(cx).is_ready() {
            self.look.as_mut().reset(Instant::now() + LOOK_EVERY);
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
    type Codec = Raw;
    type Compact = Vec<u8>;

    fn codec(&self) -> &Raw {
        &Raw
    }
}
