//! A Redis server per test, which the test starts, kills, restarts and flushes.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use redis::aio::MultiplexedConnection;
use uuid::Uuid;

use super::ports::free_port;
use platform::redis::RedisConfig;

/// A Redis server. Its data is in an append-only file, so that a restart finds it.
#[derive(Debug)]
pub struct TestRedis {
    folder: PathBuf,
    port: u16,
    running: Option<(Child, BufReader<ChildStdout>)>,
}

impl TestRedis {
    pub fn start() -> Self {
        let mut redis = Self::away();
        redis.restart();
        redis
    }

    /// Prepares a server that doesn't run until `restart` is called.
    pub fn away() -> Self {
        let folder = std::env::temp_dir().join(format!("vigie-redis-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).expect("the temporary folder can be written to");
        Self {
            folder,
            port: free_port(),
            running: None,
        }
    }

    pub fn config(&self) -> RedisConfig {
        RedisConfig {
            url: format!("redis://127.0.0.1:{}", self.port),
            namespace: "test".to_owned(),
        }
    }

    /// Starts the server on its port, and returns once it accepts connections.
    pub fn restart(&mut self) {
        self.kill();
        let mut child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
            .args([
                "--notify-keyspace-events",
                "KEA",
                "--port",
                &self.port.to_string(),
                "--dir",
            ])
            .arg(&self.folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-server is installed");
        let mut log = BufReader::new(child.stdout.take().expect("the output is piped"));
        let mut line = String::new();
        while !line.contains("Ready to accept connections") {
            line.clear();
            let read = log.read_line(&mut line).expect("the log is text");
            assert_ne!(read, 0, "redis-server exited at once");
        }
        self.running = Some((child, log));
    }

    /// Restarts the server without its data.
    pub fn restart_empty(&mut self) {
        self.kill();
        std::fs::remove_dir_all(self.folder.join("appendonlydir")).expect("the server ran once");
        self.restart();
    }

    /// Kills the server with SIGKILL, and returns once the process is gone.
    pub fn kill(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            child.kill().expect("the server is our child");
            child.wait().expect("the server is our child");
        }
    }

    pub async fn connection(&self) -> MultiplexedConnection {
        let client = self.config().client().expect("made from a port");
        client
            .get_multiplexed_async_connection()
            .await
            .expect("the server answers")
    }

    /// Deletes all data of the server.
    pub async fn flush(&self) {
        redis::cmd("FLUSHALL")
            .query_async::<()>(&mut self.connection().await)
            .await
            .expect("the server answers");
    }

    /// Changes a setting of the running server.
    pub async fn set(&self, key: &str, value: &str) {
        redis::cmd("CONFIG")
            .arg("SET")
            .arg(key)
            .arg(value)
            .query_async::<()>(&mut self.connection().await)
            .await
            .expect("the server accepts the setting");
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
