//! What was read and checked, kept at hand within bounds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Values by where they are. When those read since the last turn weigh as much as one generation
/// may, those that nobody read since the turn before are let go.
pub(crate) struct Cache<V> {
    generations: Mutex<Generations<V>>,
    /// The weight of a generation, of two.
    limit: AtomicUsize,
}

struct Generations<V> {
    young: HashMap<u64, (V, usize)>,
    old: HashMap<u64, (V, usize)>,
    weight: usize,
}

impl<V: Clone> Cache<V> {
    /// A cache of things that weigh at most `limit` together.
    pub(crate) fn new(limit: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new(), weight: 0 };
        Self { generations: Mutex::new(generations), limit: AtomicUsize::new(limit / 2) }
    }

    /// From now on things weigh at most `limit` together.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit.store(limit / 2, Ordering::Relaxed);
    }

    pub(crate) fn get(&self, at: u64) -> Option<V> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((value, _)) = generations.young.get(&at) {
            return Some(value.clone());
        }
        let (value, weight) = generations.old.remove(&at)?;
        self.put_in(&mut generations, at, value.clone(), weight);
        Some(value)
    }

    /// Keeps a thing, unless it is too heavy.
    pub(crate) fn put(&self, at: u64, value: V, weight: usize) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        self.put_in(&mut generations, at, value, weight);
    }

    fn put_in(&self, generations: &mut Generations<V>, at: u64, value: V, weight: usize) {
        let limit = self.limit.load(Ordering::Relaxed);
        if weight > limit {
            return;
        }
        if generations.weight.saturating_add(weight) > limit {
            generations.old = std::mem::take(&mut generations.young);
            generations.weight = 0;
        }
        if generations.young.insert(at, (value, weight)).is_none() {
            generations.weight = generations.weight.saturating_add(weight);
        }
    }
}
