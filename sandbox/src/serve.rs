//! Serves over plain connections, so that a fault can cut one where axum's own server would have to
//! answer.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::gate::HangUp;
use crate::state::Sandbox;

/// A sandbox in this process; it stops when this is dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    sandbox: Sandbox,
    task: JoinHandle<()>,
}

impl Running {
    /// Its base address: `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The state, to look into or to set without HTTP.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts a sandbox on a free port.
///
/// # Errors
/// When no port can be bound.
pub async fn start(sandbox: Sandbox) -> std::io::Result<Running> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let task = crate::task::spawn("sandbox", serve(listener, sandbox.clone()));
    Ok(Running {
        address,
        sandbox,
        task,
    })
}

/// Serves until dropped; open connections end with it.
pub async fn serve(listener: TcpListener, sandbox: Sandbox) {
    sandbox.resume();
    let app = crate::app(sandbox);
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, app.clone()));
                }
                Err(error) => tracing::warn!(%error, "connection not accepted"),
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, app: Router) {
    // Answers are small and must not wait to be sent together.
    let _ = stream.set_nodelay(true);
    let service =
        hyper::service::service_fn(move |request: Request<Incoming>| answer(app.clone(), request));
    // A cut connection is an error here, and the very thing that was asked for.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(app: Router, request: Request<Incoming>) -> Result<Response, std::io::Error> {
    let Ok(response) = app.oneshot(request.map(Body::new)).await;
    if response.extensions().get::<HangUp>().is_some() {
        return Err(std::io::Error::other("cut on demand"));
    }
    Ok(response)
}
