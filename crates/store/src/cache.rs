//! A bounded cache of pages and values that were read and checked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Values by their place in the file, in two generations. Once the values read since the last turn
/// weigh as much as one generation, the generations turn: values not read since the turn before are
/// dropped.
pub(crate) struct Cache<V> {
    generations: Mutex<Generations<V>>,
    /// Largest weight of one of the two generations.
    limit: AtomicUsize,
}

struct Generations<V> {
    young: HashMap<u64, (V, usize)>,
    old: HashMap<u64, (V, usize)>,
    weight: usize,
}

impl<V: Clone> Cache<V> {
    /// A cache of values with a total weight of at most `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new(), weight: 0 };
        Self { generations: Mutex::new(generations), limit: AtomicUsize::new(limit / 2) }
    }

    /// Sets the largest total weight from now on.
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

    /// Keeps a value, unless it is too heavy.
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
