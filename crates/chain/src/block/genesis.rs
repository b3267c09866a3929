//! The genesis state of a chain.

use jambox_state::{Blob, Changes, Component, Meaning};
use jambox_types::{
    AccumulatedQueue, CoreRecord, Hash, PerCore, PerSlot, PerValidator, Privileges, Protocol,
    ReadyQueue, ServiceId, ServiceStatistics, Statistics, TimeSlot, ValidatorKey, ValidatorRecord,
};

use super::reports::Pending;

/// Components of a chain without services and without consensus. All privileges are service 0's.
#[must_use]
pub fn genesis(protocol: &Protocol) -> Changes {
    let parameters = &protocol.parameters;
    let mut changes = Changes::default();
    let queues = usize::from(parameters.cores).saturating_mul(parameters.auth_queue_size.into());
    let queues = Blob::from(vec![0; queues.saturating_mul(Hash::ZERO.0.len())]);
    changes.set(Meaning::Component(Component::AuthorizerQueues), Some(queues));
    let keys = PerValidator::from_fn(protocol, |_| ValidatorKey::default());
    changes.set_component(Component::StagingSet, &keys, protocol);
    changes.set_component(Component::Entropy, &[Hash::ZERO; 4], protocol);
    let pending: Pending = PerCore::from_fn(parameters, |_| None);
    changes.set_component(Component::PendingReports, &pending, protocol);
    changes.set_component(Component::Slot, &TimeSlot(0), protocol);
    let privileges = Privileges {
        manager: ServiceId(0),
        assigners: PerCore::from_fn(parameters, |_| ServiceId(0)),
        delegator: ServiceId(0),
        registrar: ServiceId(0),
        always_accumulate: [].into(),
    };
    changes.set_component(Component::Privileges, &privileges, protocol);
    let records = || PerValidator::from_fn(protocol, |_| ValidatorRecord::default());
    let statistics = Statistics {
        current: records(),
        previous: records(),
        cores: PerCore::from_fn(parameters, |_| CoreRecord::default()),
        services: ServiceStatistics::new(),
    };
    changes.set_component(Component::Statistics, &statistics, protocol);
    let ready: ReadyQueue = PerSlot::from_fn(parameters, |_| Vec::new());
    changes.set_component(Component::ReadyQueue, &ready, protocol);
    let accumulated: AccumulatedQueue = PerSlot::from_fn(parameters, |_| [].into());
    changes.set_component(Component::Accumulated, &accumulated, protocol);
    changes.set_component(Component::Outputs, &Vec::<(ServiceId, Hash)>::new(), protocol);
    changes
}
