//! A proxy before Postgres that loses an answer on demand: the statement runs, and its caller gets
//! an error.

use std::str::FromStr as _;
use std::sync::{Arc, Mutex};

use platform::db::{Db, DbConfig};
use secrecy::ExposeSecret as _;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use testing::TestDb;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// The message `ReadyForQuery` in the state idle, which ends each answer.
const READY_FOR_QUERY: &[u8] = b"Z\0\0\0\x05";

type Trap = Arc<Mutex<Option<(Vec<u8>, oneshot::Sender<()>)>>>;

pub(crate) struct Proxy {
    pub(crate) db: Db,
    trap: Trap,
}

impl Proxy {
    pub(crate) async fn start(test: &TestDb) -> Self {
        let target = PgConnectOptions::from_str(test.url().expose_secret()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let through = target
            .clone()
            .host("127.0.0.1")
            .port(port)
            .ssl_mode(PgSslMode::Disable);
        let trap = Trap::default();
        let armed = trap.clone();
        platform::task::spawn_named("test", async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect((target.get_host(), target.get_port()))
                    .await
                    .unwrap();
                platform::task::spawn_named("test", copy_bytes(client, server, armed.clone()));
            }
        });
        let db = Db::connect(&DbConfig::small(through.to_url_lossy().to_string()))
            .await
            .unwrap();
        Self { db, trap }
    }

    /// Loses the answer to the next message that holds `bytes`, once. The receiver completes when
    /// the answer is lost.
    pub(crate) fn lose_answer_to(&self, bytes: &[u8]) -> oneshot::Receiver<()> {
        let (lost, loss) = oneshot::channel();
        *self.trap.lock().unwrap() = Some((bytes.to_vec(), lost));
        loss
    }
}

/// Copies the bytes of one connection until either side ends or an answer is lost.
async fn copy_bytes(mut client: TcpStream, mut server: TcpStream, trap: Trap) {
    let (mut from_client, mut from_server) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let Ok(read @ 1..) = read else { return };
                let lost = take_trap(&trap, &from_client[..read]);
                if server.write_all(&from_client[..read]).await.is_err() {
                    return;
                }
                if let Some(lost) = lost {
                    let mut answer = Vec::new();
                    while !answer.windows(READY_FOR_QUERY.len()).any(|window| window == READY_FOR_QUERY) {
                        let Ok(read @ 1..) = server.read(&mut from_server).await else { break };
                        answer.extend_from_slice(&from_server[..read]);
                    }
                    let _ = lost.send(());
                    return;
                }
            }
            read = server.read(&mut from_server) => {
                let Ok(read @ 1..) = read else { return };
                if client.write_all(&from_server[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn take_trap(trap: &Trap, message: &[u8]) -> Option<oneshot::Sender<()>> {
    let mut trap = trap.lock().unwrap();
    let matches = trap
        .as_ref()
        .is_some_and(|(bytes, _)| message.windows(bytes.len()).any(|window| window == bytes));
    if matches {
        trap.take().map(|(_, lost)| lost)
    } else {
        None
    }
}
