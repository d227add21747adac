//! What did the process cost?

use std::fmt;
use std::time::Duration;

/// Resident memory of this process, in KiB; `None` where the system has no `/proc`.
pub(crate) fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Processor time of all threads until now; `None` where nobody says.
pub(crate) fn processor_time() -> Option<Duration> {
    #[cfg(unix)]
    {
        let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Some(Duration::new(u64::try_from(spent.tv_sec).ok()?, u32::try_from(spent.tv_nsec).ok()?))
    }
    #[cfg(not(unix))]
    None
}

/// What was resident, sample after sample.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    kib: Vec<u64>,
}

impl Memory {
    pub(crate) fn sample(&mut self) {
        self.kib.extend(resident_kib());
    }

    /// The medians of the three thirds of the run, in KiB; `None` with too few samples.
    pub(crate) fn thirds(&self) -> Option<[u64; 3]> {
        let median = |part: &[u64]| {
            let mut part = part.to_vec();
            part.sort_unstable();
            part.get(part.len() / 2).copied()
        };
        let (first, second) = (self.kib.len() / 3, self.kib.len() * 2 / 3);
        let parts = [&self.kib[..first], &self.kib[first..second], &self.kib[second..]];
        Some([median(parts[0])?, median(parts[1])?, median(parts[2])?])
    }

    pub(crate) fn check_flat(&self, growth_percent: u64) {
        let Some([first, _, last]) = self.thirds() else { return };
        assert!(last * 100 <= first * (100 + growth_percent), "memory is not flat: {self}");
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some([first, middle, last]), Some(at_end)) = (self.thirds(), self.kib.last()) else {
            return write!(f, "memory was not measured");
        };
        let (start, most) = (self.kib[0], self.kib.iter().max().unwrap_or(at_end));
        write!(f, "KiB resident: {start} at the start, medians of thirds {first}, {middle}, {last}, ")?;
        write!(f, "{at_end} at the end, {most} at most")
    }
}
