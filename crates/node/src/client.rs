//! A client of JIP-2, for commands that speak to a node.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use jambox_types::{CoreIndex, Hash, ServiceId};
use jsonrpsee::client_transport::ws::{Url, WsTransportClientBuilder};
use jsonrpsee::core::client::{Client as Connection, ClientBuilder, ClientT, Error};
use jsonrpsee::core::params::ArrayParams;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::octets::{Base64, Hash64};
use crate::records::{Descriptor, Status};

/// The most octets of an answer: a node's whole chain is one.
const ANSWER_LIMIT: u32 = 512 << 20;
/// The longest that an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest that a connection may take to come about.
const CONNECTING: Duration = Duration::from_secs(10);

/// The reason why a node does not answer, or not with a usable answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is none.
    #[error("`{0}` is not the address of a node: expected ws://HOST:PORT")]
    Address(String),
    /// Nobody is there.
    #[error("cannot connect to {address}: {reason}")]
    Connect {
        /// The node's address.
        address: String,
        /// The reason.
        reason: String,
    },
    /// The node has an error for an answer.
    #[error("{method}: {message}")]
    Refused {
        /// The method.
        method: String,
        /// The code: of JIP-2 from 0 to 3, below 0 of JSON-RPC itself.
        code: i32,
        /// The node's message.
        message: String,
    },
    /// There is no answer, or not in time.
    #[error("{method}: the node did not answer: {reason}")]
    Silent {
        /// The method.
        method: String,
        /// The reason.
        reason: String,
    },
    /// The answer is of another form.
    #[error("{method}: the node's answer does not decode: {reason}")]
    Answer {
        /// The method.
        method: String,
        /// The reason.
        reason: String,
    },
}

impl ClientError {
    /// True if the node does not have the method.
    #[must_use]
    pub fn is_unknown_method(&self) -> bool {
        let unknown = jsonrpsee::types::error::METHOD_NOT_FOUND_CODE;
        matches!(self, Self::Refused { code, .. } if *code == unknown)
    }
}

/// A call that waits for its answer.
struct Call {
    method: String,
    params: Vec<Value>,
    answer: mpsc::Sender<Result<Value, ClientError>>,
}

/// A connection to a node. Calls wait for their answers, and may come from any thread, also of a
/// Tokio runtime. The connection ends with this value.
#[derive(Clone, Debug)]
pub struct Client {
    address: String,
    calls: tokio::sync::mpsc::UnboundedSender<Call>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{}", self.method)
    }
}

/// Something in a block, as JIP-2 writes it.
#[derive(Deserialize)]
struct Described {
    header_hash: Hash64,
    slot: u32,
}

impl From<Described> for Descriptor {
    fn from(described: Described) -> Self {
        Self { hash: described.header_hash.0, slot: described.slot }
    }
}

/// A status, as JIP-2 writes it.
#[derive(Deserialize)]
enum Said {
    Reportable { remaining_blocks: u16 },
    Reported { reported_in: Described, core: u16, report_hash: Hash64 },
    Ready { reported_in: Described, core: u16, report_hash: Hash64, ready_in: Described },
    Failed(String),
}

impl Client {
    /// Connects to a node, at an address as `ws://127.0.0.1:19800`.
    ///
    /// # Errors
    ///
    /// The text is not an address, or no node answers there within ten seconds.
    pub fn connect(address: &str) -> Result<Self, ClientError> {
        let url = Url::parse(address).ok().filter(|url| url.scheme() == "ws");
        let url = url.ok_or_else(|| ClientError::Address(address.to_owned()))?;
        let failed = |reason: String| ClientError::Connect { address: address.to_owned(), reason };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(error.to_string()))?;
        let (calls, mut waiting) = tokio::sync::mpsc::unbounded_channel::<Call>();
        let (connected, is_connected) = mpsc::channel();
        thread::spawn(move || {
            runtime.block_on(async move {
                let connection = match connection(url).await {
                    Ok(connection) => std::sync::Arc::new(connection),
                    Err(reason) => return drop(connected.send(Err(reason))),
                };
                let _ = connected.send(Ok(()));
                while let Some(Call { method, params, answer }) = waiting.recv().await {
                    let connection = std::sync::Arc::clone(&connection);
                    tokio::spawn(async move {
                        // The caller may have gone.
                        let _ = answer.send(ask(&connection, method, params).await);
                    });
                }
            });
        });
        match is_connected.recv() {
            Ok(Ok(())) => Ok(Self { address: address.to_owned(), calls }),
            Ok(Err(reason)) => Err(failed(reason)),
            Err(_) => Err(failed("the connection's thread is gone".to_owned())),
        }
    }

    /// The address of the node.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Calls any method; the parameters are a list.
    ///
    /// # Errors
    ///
    /// The node has an error for an answer, or none.
    pub fn call(&self, method: &str, params: Vec<Value>) -> Result<Value, ClientError> {
        let gone = || ClientError::Silent {
            method: method.to_owned(),
            reason: format!("the connection to {} is gone", self.address),
        };
        let (answer, answered) = mpsc::channel();
        let call = Call { method: method.to_owned(), params, answer };
        self.calls.send(call).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }

    fn ask<T: DeserializeOwned>(&self, method: &str, params: Value) -> Result<T, ClientError> {
        let params = match params {
            Value::Array(params) => params,
            other => vec![other],
        };
        let answer = self.call(method, params)?;
        serde_json::from_value(answer).map_err(|error| ClientError::Answer {
            method: method.to_owned(),
            reason: error.to_string(),
        })
    }

    /// The members of `parameters`, version 1.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn parameters(&self) -> Result<Value, ClientError> {
        let mut answer: Value = self.ask("parameters", json!([]))?;
        Ok(answer.get_mut("V1").map(Value::take).unwrap_or_default())
    }

    /// The best block.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn best_block(&self) -> Result<Descriptor, ClientError> {
        Ok(self.ask::<Described>("bestBlock", json!([]))?.into())
    }

    /// The last block that is final.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn finalized_block(&self) -> Result<Descriptor, ClientError> {
        Ok(self.ask::<Described>("finalizedBlock", json!([]))?.into())
    }

    /// The parent of a block.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn parent(&self, block: Hash) -> Result<Descriptor, ClientError> {
        Ok(self.ask::<Described>("parent", json!([Hash64(block)]))?.into())
    }

    /// The state root after a block.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn state_root(&self, block: Hash) -> Result<Hash, ClientError> {
        Ok(self.ask::<Hash64>("stateRoot", json!([Hash64(block)]))?.0)
    }

    /// The root of the accumulation-output log after a block.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn beefy_root(&self, block: Hash) -> Result<Hash, ClientError> {
        Ok(self.ask::<Hash64>("beefyRoot", json!([Hash64(block)]))?.0)
    }

    /// The statistics after a block, encoded as in the state.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn statistics(&self, block: Hash) -> Result<Vec<u8>, ClientError> {
        Ok(self.ask::<Base64>("statistics", json!([Hash64(block)]))?.0)
    }

    /// The services that there are after a block.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn services(&self, block: Hash) -> Result<Vec<ServiceId>, ClientError> {
        let services: Vec<u32> = self.ask("listServices", json!([Hash64(block)]))?;
        Ok(services.into_iter().map(ServiceId).collect())
    }

    /// A service's record, encoded as in the state.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn service_data(
        &self,
        block: Hash,
        service: ServiceId,
    ) -> Result<Option<Vec<u8>>, ClientError> {
        self.octets("serviceData", json!([Hash64(block), service.0]))
    }

    /// A value in a service's storage.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn service_value(
        &self,
        block: Hash,
        service: ServiceId,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, ClientError> {
        let key = Base64(key.to_vec());
        self.octets("serviceValue", json!([Hash64(block), service.0, key]))
    }

    /// A preimage of a service.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn service_preimage(
        &self,
        block: Hash,
        service: ServiceId,
        hash: Hash,
    ) -> Result<Option<Vec<u8>>, ClientError> {
        self.octets("servicePreimage", json!([Hash64(block), service.0, Hash64(hash)]))
    }

    /// The slots of a request for a preimage; none when there is no request.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn service_request(
        &self,
        block: Hash,
        service: ServiceId,
        (hash, length): (Hash, u32),
    ) -> Result<Option<Vec<u32>>, ClientError> {
        self.ask("serviceRequest", json!([Hash64(block), service.0, Hash64(hash), length]))
    }

    /// Any value of the state by its key: of the drafts of JIP-2, which not every node has.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn state_value(&self, block: Hash, key: &[u8]) -> Result<Option<Vec<u8>>, ClientError> {
        self.octets("stateValue", json!([Hash64(block), Base64(key.to_vec())]))
    }

    /// Hands a package in.
    ///
    /// # Errors
    ///
    /// The node refuses it, or does not answer.
    pub fn submit(
        &self,
        core: CoreIndex,
        package: &[u8],
        extrinsics: &[Vec<u8>],
    ) -> Result<(), ClientError> {
        let extrinsics: Vec<Base64> = extrinsics.iter().cloned().map(Base64).collect();
        let params = json!([core.0, Base64(package.to_vec()), extrinsics]);
        self.ask::<Value>("submitWorkPackage", params).map(drop)
    }

    /// Hands a preimage in.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn provide(&self, service: ServiceId, preimage: &[u8]) -> Result<(), ClientError> {
        let params = json!([service.0, Base64(preimage.to_vec())]);
        self.ask::<Value>("submitPreimage", params).map(drop)
    }

    /// The status of a package after a block.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn status(&self, block: Hash, package: Hash, anchor: Hash) -> Result<Status, ClientError> {
        let params = json!([Hash64(block), Hash64(package), Hash64(anchor)]);
        Ok(match self.ask::<Said>("workPackageStatus", params)? {
            Said::Reportable { remaining_blocks } => Status::Reportable(remaining_blocks),
            Said::Reported { reported_in, core, report_hash } => Status::Reported {
                reported: reported_in.into(),
                core: CoreIndex(core),
                report: report_hash.0,
            },
            Said::Ready { reported_in, core, report_hash, ready_in } => Status::Ready {
                reported: reported_in.into(),
                core: CoreIndex(core),
                report: report_hash.0,
                ready: ready_in.into(),
            },
            Said::Failed(reason) => Status::Failed(reason),
        })
    }

    /// The account of a package, which nodes of Jambox give; none of others.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn account(&self, package: Hash) -> Result<Option<Value>, ClientError> {
        match self.ask("jambox_package", json!([Hash64(package)])) {
            Err(error) if error.is_unknown_method() => Ok(None),
            account => account.map(Some),
        }
    }

    /// Gives the node the symbols of code, as text, so that failures name their source. Other nodes
    /// than those of Jambox have no use for them.
    ///
    /// # Errors
    ///
    /// Those of [`Client::call`].
    pub fn add_symbols(&self, code: Hash, symbols: &str) -> Result<(), ClientError> {
        match self.ask::<Value>("jambox_addSymbols", json!([Hash64(code), symbols])) {
            Err(error) if error.is_unknown_method() => Ok(()),
            added => added.map(drop),
        }
    }

    fn octets(&self, method: &str, params: Value) -> Result<Option<Vec<u8>>, ClientError> {
        Ok(self.ask::<Option<Base64>>(method, params)?.map(|octets| octets.0))
    }
}

async fn connection(url: Url) -> Result<Connection, String> {
    let transport = WsTransportClientBuilder::default()
        .max_response_size(ANSWER_LIMIT)
        .max_frame_size(ANSWER_LIMIT)
        .connection_timeout(CONNECTING);
    let (sender, receiver) = transport.build(url).await.map_err(|error| error.to_string())?;
    let builder = ClientBuilder::default().request_timeout(PATIENCE);
    Ok(builder.build_with_tokio(sender, receiver))
}

async fn ask(
    connection: &Connection,
    method: String,
    params: Vec<Value>,
) -> Result<Value, ClientError> {
    let mut list = ArrayParams::new();
    for param in params {
        list.insert(param).map_err(|error| ClientError::Silent {
            method: method.clone(),
            reason: error.to_string(),
        })?;
    }
    match connection.request(&method, list).await {
        Ok(answer) => Ok(answer),
        Err(Error::Call(error)) => Err(ClientError::Refused {
            method,
            code: error.code(),
            message: error.message().to_owned(),
        }),
        Err(Error::ParseError(error)) => {
            Err(ClientError::Answer { method, reason: error.to_string() })
        }
        Err(error) => Err(ClientError::Silent { method, reason: error.to_string() }),
    }
}
