//! Clocks that times are measured with.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// A clock that times are measured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Processor time of the one thread that everything runs in: other work of the machine then
    /// matters little.
    Processor,
    /// Time: for engines that let another process work.
    Wall,
}

impl Clock {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Processor => "cpu",
            Self::Wall => "wall",
        }
    }

    /// Runs something and returns its result and its time.
    pub fn time<T>(self, what: impl FnOnce() -> T) -> (T, Duration) {
        match self {
            Self::Processor => {
                let start = ThreadTime::now();
                let done = what();
                let time = start.elapsed();
                (done, time)
            }
            Self::Wall => {
                let start = Instant::now();
                let done = what();
                let time = start.elapsed();
                (done, time)
            }
        }
    }

    /// The least time of many, as many as there is time for, at least two.
    pub fn least(self, rounds: u32, budget: Duration, mut what: impl FnMut()) -> Duration {
        let started = Instant::now();
        let mut least = Duration::MAX;
        for round in 0..rounds.max(2) {
            if round >= 2 && started.elapsed() > budget {
                break;
            }
            least = least.min(self.time(&mut what).1);
        }
        least
    }
}
