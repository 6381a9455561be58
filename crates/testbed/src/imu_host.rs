//! The emulated IMU behind a local datagram socket, for a program that binds it.

use crate::twin_host::TwinHostError;
use gaitway_emulators::{Imu, ImuFault, ImuSample};
use gaitway_platform::clock::{Clock, MonotonicClock};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

/// Sums since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImuStatistics {
    /// Datagrams that somebody took.
    pub sent: u64,
    /// Datagrams that nobody took: nobody listened, or was too slow.
    pub dropped: u64,
    /// Faults that struck.
    pub faults: u64,
}

/// Sends what the IMU has, when it is due.
#[derive(Debug)]
pub struct ImuHost {
    imu: Imu,
    socket: UnixDatagram,
    path: PathBuf,
    statistics: ImuStatistics,
}

impl ImuHost {
    /// An IMU whose samples go to whoever has bound `path`, now or later. The times of `schedule` count from now.
    pub fn start(path: &Path, mut schedule: Vec<(u64, ImuFault)>) -> Result<ImuHost, TwinHostError> {
        let failed = |error| TwinHostError::System { what: "IMU socket", error };
        let socket = UnixDatagram::unbound().map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let now_ns = MonotonicClock::default().now_ns();
        for (at_ns, _) in &mut schedule {
            *at_ns = at_ns.saturating_add(now_ns);
        }
        let statistics = ImuStatistics::default();
        Ok(ImuHost { imu: Imu::new(schedule), socket, path: path.to_owned(), statistics })
    }

    /// Takes a sample; its time becomes now.
    pub fn sample(&mut self, sample: ImuSample) {
        self.imu.sample(ImuSample { sampled_ns: MonotonicClock::default().now_ns(), ..sample });
    }

    /// Sends every datagram that is due. Late ones leave with the first call after their time.
    pub fn send_due(&mut self) {
        while let Some(datagram) = self.imu.take_due(MonotonicClock::default().now_ns()) {
            // The path may come, go, and be another program's: each datagram looks for itself.
            match self.socket.send_to(&datagram, &self.path) {
                Ok(_) => self.statistics.sent += 1,
                Err(_) => self.statistics.dropped += 1,
            }
        }
    }

    /// Something goes wrong from now on.
    pub fn inject(&mut self, fault: ImuFault) {
        self.imu.inject(MonotonicClock::default().now_ns(), fault);
    }

    /// Sums since the start.
    pub fn statistics(&self) -> ImuStatistics {
        ImuStatistics { faults: self.imu.fault_count(), ..self.statistics }
    }
}
