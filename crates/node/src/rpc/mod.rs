//! The node's RPC: JIP-2 and methods of our own, over WebSocket and HTTP on one port.

mod methods;
mod own;
mod page;
mod parameters;
mod subscriptions;
mod values;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jsonrpsee::RpcModule;
use jsonrpsee::server::{ServerBuilder, ServerConfig, ServerHandle};

pub(crate) use self::parameters::versioned as versioned_parameters;
use crate::node::Node;

/// Limits of the server.
#[derive(Clone, Copy, Debug)]
pub struct RpcLimits {
    /// Clients at a time.
    pub clients: u32,
    /// Subscriptions of a client.
    pub subscriptions: u32,
    /// Octets of a request.
    pub request: u32,
    /// Octets of an answer.
    pub answer: u32,
    /// Notices that wait for a client before its subscriptions do.
    pub notices: u32,
    /// Time for which a client may leave a notice unread before the subscription ends.
    pub patience: Duration,
}

impl Default for RpcLimits {
    fn default() -> Self {
        // A bundle has up to 13.8 million octets, a third more in Base64.
        Self {
            clients: 256,
            subscriptions: 1024,
            request: 32 << 20,
            answer: 256 << 20,
            notices: 256,
            patience: Duration::from_secs(30),
        }
    }
}

/// The reason why nothing can be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port cannot be had.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's reason.
        error: std::io::Error,
    },
    /// Two methods have one name.
    #[error(transparent)]
    Methods(#[from] jsonrpsee::core::RegisterMethodError),
}

/// A server that runs until its handle is told to stop or is dropped, and where it listens.
pub type Served = (ServerHandle, SocketAddr);

/// Serves a node. Must be called within a Tokio runtime.
///
/// # Errors
///
/// The port cannot be had.
pub async fn serve(
    node: Arc<Node>,
    address: SocketAddr,
    limits: RpcLimits,
) -> Result<Served, ServeError> {
    let mut module = RpcModule::new(node);
    subscriptions::register(&mut module, limits.patience)?;
    let mut all = methods::Methods(&mut module);
    methods::register(&mut all)?;
    own::register(&mut all)?;
    let config = ServerConfig::builder()
        .max_connections(limits.clients)
        .max_subscriptions_per_connection(limits.subscriptions)
        .max_request_body_size(limits.request)
        .max_response_body_size(limits.answer)
        .set_message_buffer_capacity(limits.notices)
        .build();
    let failed = |error| ServeError::Listen { address, error };
    let builder = ServerBuilder::with_config(config);
    let builder = builder.set_http_middleware(page::middleware());
    let server = builder.build(address).await.map_err(failed)?;
    let address = server.local_addr().map_err(failed)?;
    Ok((server.start(module), address))
}
