//! A line with its port and its clock: frames out, answers in, each exchange within its time.

use gaitway_feetech::servos::LONGEST_FRAME;
use gaitway_hal::actuators::{Actuators, Poll};
use gaitway_hal::link::Link;
use gaitway_platform::clock::Clock;
use gaitway_platform::port::{Port, PortError};

/// Before the end of an exchange the port is looked at without pause from this time on, ns.
const EARLY_NS: u64 = 100_000;
/// How long past that end, ns; then with pauses.
const BUSY_NS: u64 = 400_000;
/// Between two looks of either kind, ns.
const LOOK_NS: u64 = 3_000;
const SELDOM_NS: u64 = 100_000;
/// Bytes read at once.
const CHUNK: usize = 512;

/// A port, and what is on the wire behind it.
#[derive(Debug)]
pub struct BusLine<P, C> {
    port: P,
    clock: C,
    link: Link,
    /// Set once the port carries nothing any more.
    error: Option<PortError>,
    /// Until then the wire carries what was sent before, ns: its bytes take so long.
    busy_until_ns: u64,
}

impl<P: Port, C: Clock> BusLine<P, C> {
    /// A line on which nothing is.
    pub fn new(port: P, clock: C, link: Link) -> BusLine<P, C> {
        BusLine { port, clock, link, error: None, busy_until_ns: 0 }
    }

    /// What time it is, ns.
    pub fn now_ns(&self) -> u64 {
        self.clock.now_ns()
    }

    /// The clock.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    /// The port.
    pub fn port(&self) -> &P {
        &self.port
    }

    /// See [`BusLine::port`].
    pub fn port_mut(&mut self) -> &mut P {
        &mut self.port
    }

    /// Port and clock, for another protocol on the same line.
    pub fn parts(&mut self) -> (&mut P, &C) {
        (&mut self.port, &self.clock)
    }

    /// Why the port carries nothing any more.
    pub fn error(&self) -> Option<PortError> {
        self.error
    }

    /// Another port takes the place of one that is gone.
    pub fn replace_port(&mut self, port: P) {
        self.port = port;
        self.error = None;
    }

    /// Hands a frame to the port; a port that takes none of it for as long as it would take on the wire loses it.
    pub fn send(&mut self, frame: &[u8]) {
        let give_up_ns = self.clock.now_ns() + 2 * self.link.wire_ns(LONGEST_FRAME);
        let mut sent = 0;
        while sent < frame.len() && self.error.is_none() {
            match self.port.write(&frame[sent..]) {
                Ok(0) if self.clock.now_ns() >= give_up_ns => return,
                Ok(0) => self.clock.wait_until(self.clock.now_ns() + SELDOM_NS),
                Ok(count) => {
                    sent += count;
                    self.busy_until_ns = self.free_ns() + self.link.wire_ns(count);
                }
                Err(error) => self.error = Some(error),
            }
        }
    }

    /// Sends the bytes that `begin` makes of the time from which the wire is free, ns, and polls until the exchange is
    /// over; nothing where there are none.
    pub fn exchange<A: Actuators + ?Sized>(
        &mut self,
        actuators: &mut A,
        begin: impl for<'a> FnOnce(&'a mut A, u64) -> &'a [u8],
    ) {
        let request = begin(actuators, self.free_ns());
        if request.is_empty() {
            return;
        }
        self.send(request);
        let (mut chunk, mut count) = ([0; CHUNK], 0);
        loop {
            let now_ns = self.clock.now_ns();
            let end_ns = match actuators.poll(now_ns, &chunk[..count]) {
                Poll::Done => return,
                Poll::Send(bytes) => {
                    self.send(bytes);
                    None
                }
                Poll::Wait { until_ns } => (count == 0).then_some(until_ns),
            };
            if let Some(until_ns) = end_ns {
                self.pause(now_ns, actuators.soonest_end_ns(), until_ns);
            }
            count = self.receive(&mut chunk);
        }
    }

    /// When the wire has carried what was sent by now, ns. Nobody answers a request before its own bytes are through,
    /// and these wait for those before them.
    fn free_ns(&self) -> u64 {
        self.busy_until_ns.max(self.clock.now_ns())
    }

    /// What has arrived; nothing from a port that is gone.
    fn receive(&mut self, chunk: &mut [u8]) -> usize {
        self.port.read(chunk).unwrap_or_else(|error| {
            self.error = Some(error);
            0
        })
    }

    /// Asleep while the bytes cannot have come, then looking without pause, then seldom: a bounded spin.
    fn pause(&self, now_ns: u64, soonest_end_ns: u64, until_ns: u64) {
        let next_ns = if now_ns + EARLY_NS < soonest_end_ns {
            soonest_end_ns - EARLY_NS
        } else if now_ns < soonest_end_ns + BUSY_NS {
            now_ns + LOOK_NS
        } else {
            now_ns + SELDOM_NS
        };
        self.clock.wait_until(next_ns.min(until_ns));
    }
}
