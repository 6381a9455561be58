//! How long bytes take on a serial line: a driver knows each transaction's time from its length.

/// The wire and what hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Bits a second.
    pub baud: u32,
    /// Longest time an actuator takes to begin its answer, ns.
    pub turnaround_ns: u64,
    /// Longest time the adaptor holds bytes back, both ways together, ns.
    pub latency_ns: u64,
}

/// Bits of a byte on the wire: start, eight, stop.
const BITS_PER_BYTE: u64 = 10;

impl Link {
    /// Time of `bytes` on the wire, ns, rounded up.
    pub fn wire_ns(&self, bytes: usize) -> u64 {
        (bytes as u64 * BITS_PER_BYTE * 1_000_000_000).div_ceil(u64::from(self.baud.max(1)))
    }

    /// Longest time of a request of `request_bytes` that `answers` actuators answer with `reply_bytes` each, ns.
    pub fn exchange_ns(&self, request_bytes: usize, answers: usize, reply_bytes: usize) -> u64 {
        let each_ns = self.wire_ns(reply_bytes) + self.turnaround_ns;
        self.latency_ns + self.wire_ns(request_bytes) + answers as u64 * each_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tick_of_fourteen_servos_is_2_12_ms_of_wire() {
        let link = Link { baud: 1_000_000, turnaround_ns: 0, latency_ns: 0 };
        assert_eq!(link.exchange_ns(22, 14, 10) + link.wire_ns(50), 2_120_000);
    }
}
