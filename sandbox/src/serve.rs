//! The HTTP server. It handles connections itself, because axum's own server cannot drop one
//! without a response.

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

use crate::fault_layer::DropConnection;
use crate::state::Sandbox;

/// A sandbox in this process, which stops when this is dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    sandbox: Sandbox,
    task: JoinHandle<()>,
}

impl Running {
    /// Returns the base URL: `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the state, to read and change it without HTTP.
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
pub async fn start_sandbox(sandbox: Sandbox) -> std::io::Result<Running> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let task = crate::task::spawn_named("sandbox", serve_sandbox(listener, sandbox.clone()));
    Ok(Running {
        address,
        sandbox,
        task,
    })
}

/// Serves until the future is dropped, which closes the open connections.
pub async fn serve_sandbox(listener: TcpListener, sandbox: Sandbox) {
    crate::provider::resume_deliveries(&sandbox);
    let app = crate::build_app(sandbox);
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve_connection(stream, app.clone()));
                }
                Err(error) => tracing::warn!(%error, "connection not accepted"),
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, app: Router) {
    // Responses are small and must not wait to be sent together.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        handle_request(app.clone(), request)
    });
    // A connection dropped on demand is an error here.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn handle_request(
    app: Router,
    request: Request<Incoming>,
) -> Result<Response, std::io::Error> {
    let Ok(response) = app.oneshot(request.map(Body::new)).await;
    if response.extensions().get::<DropConnection>().is_some() {
        return Err(std::io::Error::other("dropped on demand"));
    }
    Ok(response)
}
