//! The subscriptions of JIP-2: the value once, and then whenever it changes.

use std::sync::Arc;
use std::time::Duration;

use jambox_state::RequestKey;
use jambox_types::{Hash, ServiceId};
use jsonrpsee::RpcModule;
use jsonrpsee::core::{RegisterMethodError, SubscriptionError};
use jsonrpsee::server::{PendingSubscriptionSink, SubscriptionSink};
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::Value;

use super::methods::Read;
use super::values::{descriptor, other, parse, status, update};
use crate::ledger::{Entry, Ledger};
use crate::node::Node;
use crate::octets::{Base64, Hash64};

/// The subject of a subscription's notices.
#[derive(Clone, Debug)]
enum Topic {
    Block,
    Read(Read),
    Status {
        package: Hash,
        anchor: Hash,
    },
    /// The account of each block: a subscription of our own.
    Account,
}

impl Topic {
    fn value(&self, ledger: &Ledger, entry: &Entry) -> Result<Value, ErrorObjectOwned> {
        Ok(match self {
            Self::Block => Value::Null,
            Self::Read(read) => read.value(entry)?,
            Self::Status { package, anchor } => {
                status(&ledger.status(entry, package, anchor).map_err(other)?)
            }
            Self::Account => entry.account.clone(),
        })
    }

    /// The notice about a value; every block is one of its own where blocks are the topic.
    fn notice(&self, entry: &Entry, value: &Value) -> Value {
        match self {
            Self::Block => descriptor(&entry.descriptor),
            Self::Account => value.clone(),
            Self::Read(_) | Self::Status { .. } => update(&entry.descriptor, value.clone()),
        }
    }

    const fn is_every_block(&self) -> bool {
        matches!(self, Self::Block | Self::Account)
    }
}

type Parse = fn(&Params<'_>) -> Result<Topic, ErrorObjectOwned>;

/// The subscriptions' names, and the topics that their parameters ask for.
const ALL: &[(&str, &str, Parse)] = &[
    ("subscribeBestBlock", "unsubscribeBestBlock", |_| Ok(Topic::Block)),
    ("subscribeFinalizedBlock", "unsubscribeFinalizedBlock", |_| Ok(Topic::Block)),
    ("subscribeStatistics", "unsubscribeStatistics", |params| {
        let (_,): (bool,) = parse(params)?;
        Ok(Topic::Read(Read::Statistics))
    }),
    ("subscribeServiceData", "unsubscribeServiceData", |params| {
        let (id, _): (u32, bool) = parse(params)?;
        Ok(Topic::Read(Read::Data(ServiceId(id))))
    }),
    ("subscribeServiceValue", "unsubscribeServiceValue", |params| {
        let (id, Base64(key), _): (u32, _, bool) = parse(params)?;
        Ok(Topic::Read(Read::Value(ServiceId(id), key)))
    }),
    ("subscribeServicePreimage", "unsubscribeServicePreimage", |params| {
        let (id, Hash64(hash), _): (u32, _, bool) = parse(params)?;
        Ok(Topic::Read(Read::Preimage(ServiceId(id), hash)))
    }),
    ("subscribeServiceRequest", "unsubscribeServiceRequest", |params| {
        let (id, Hash64(hash), length, _): (u32, _, u32, bool) = parse(params)?;
        Ok(Topic::Read(Read::Request(ServiceId(id), RequestKey { hash, length })))
    }),
    ("subscribeWorkPackageStatus", "unsubscribeWorkPackageStatus", |params| {
        let (Hash64(package), Hash64(anchor), _): (_, _, bool) = parse(params)?;
        Ok(Topic::Status { package, anchor })
    }),
    ("jambox_subscribeBlocks", "jambox_unsubscribeBlocks", |_| Ok(Topic::Account)),
];

/// The reason why a subscription ended that its client did not end.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("notices of slot {slot} and later were left unread for {patience:?}: subscribe again")]
    Unread { slot: u32, patience: Duration },
    #[error("the value is not available any more: {0}")]
    NoValue(String),
}

/// Adds them all. A client that leaves notices unread for longer than `patience` loses the
/// subscription, and finds a notice of that when it reads on.
pub fn register(
    module: &mut RpcModule<Arc<Node>>,
    patience: Duration,
) -> Result<(), RegisterMethodError> {
    for (subscribe, unsubscribe, topic) in ALL {
        let serve = move |params: Params<'static>, pending, node: Arc<Arc<Node>>, _| {
            let topic = topic(&params);
            async move { serve(topic, pending, Arc::clone(&node), patience).await }
        };
        module.register_subscription(subscribe, subscribe, unsubscribe, serve)?;
    }
    let (subscribe, unsubscribe) = ("subscribeSyncStatus", "unsubscribeSyncStatus");
    module.register_subscription(
        subscribe,
        subscribe,
        unsubscribe,
        move |_, pending, _, _| async move {
            let Ok(sink) = pending.accept().await else { return };
            // A chain in one process has nobody to wait for, now or later.
            if send(&sink, &"Completed".into(), patience).await {
                sink.closed().await;
            }
        },
    )?;
    Ok(())
}

async fn serve(
    topic: Result<Topic, ErrorObjectOwned>,
    pending: PendingSubscriptionSink,
    node: Arc<Node>,
    patience: Duration,
) -> Result<(), SubscriptionError> {
    let topic = match topic {
        Ok(topic) => topic,
        Err(error) => {
            pending.reject(error).await;
            return Ok(());
        }
    };
    let mut changes = node.changes();
    changes.mark_changed();
    let Ok(sink) = pending.accept().await else { return Ok(()) };
    let mut told: Option<(Arc<Entry>, Value)> = None;
    loop {
        let changed = tokio::select! {
            changed = changes.changed() => changed,
            () = sink.closed() => return Ok(()),
        };
        if changed.is_err() {
            return Ok(());
        }
        let ledger = node.ledger();
        for entry in news(&ledger, told.as_ref().map(|(entry, _)| entry)) {
            let value = topic.value(&ledger, &entry);
            let value = value.map_err(|error| Ended::NoValue(error.message().to_owned()))?;
            let is_news =
                topic.is_every_block() || told.as_ref().is_none_or(|(_, it)| *it != value);
            if is_news && !send(&sink, &topic.notice(&entry, &value), patience).await {
                return Err(Ended::Unread { slot: entry.descriptor.slot, patience }.into());
            }
            told = Some((entry, value));
        }
    }
}

/// The blocks that a client has not been told of; at first, and after the chain went back, the last
/// one alone.
fn news(ledger: &Ledger, told: Option<&Arc<Entry>>) -> Vec<Arc<Entry>> {
    let head = ledger.head();
    let Some(told) = told else { return vec![Arc::clone(head)] };
    let same = ledger.at(told.number).is_some_and(|entry| entry.descriptor == told.descriptor);
    if !same {
        return vec![Arc::clone(head)];
    }
    let is_changed = ledger.at(told.number).is_some_and(|entry| !Arc::ptr_eq(entry, told));
    let first = if is_changed { told.number } else { told.number.saturating_add(1) };
    (first..=head.number).filter_map(|number| ledger.at(number).cloned()).collect()
}

/// Sends a notice; false when the client is gone.
async fn send(sink: &SubscriptionSink, notice: &Value, patience: Duration) -> bool {
    let Ok(notice) = serde_json::value::to_raw_value(notice) else { return false };
    sink.send_timeout(notice, patience).await.is_ok()
}
