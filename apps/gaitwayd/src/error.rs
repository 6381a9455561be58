//! Why the program could not run, or ended badly.

use crate::load::LoadError;
use gaitway_feetech::error::BusError;
use gaitway_platform::files;
use gaitway_platform::gpio::GpioError;
use gaitway_platform::guard::GuardError;
use gaitway_platform::termination::TerminationError;
use gaitway_platform::{ExclusiveError, OpenError};
use gaitway_record::RecordError;
use gaitway_runtime::PacerError;
use gaitway_runtime::devices::DeviceError;
use gaitway_runtime::observation_file::ObservationFileError;
use gaitway_runtime::pad::LayoutError;
use gaitway_runtime::pad::key_file::PadKeyError;
use gaitway_runtime::robot::imu_chip::ImuChipError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use thiserror::Error;

/// Why the program could not run, or ended badly.
#[derive(Debug, Error)]
pub enum DaemonError {
    /// Files.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The port.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The guard.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// Signals.
    #[error(transparent)]
    Termination(#[from] TerminationError),
    /// The IMU's socket.
    #[error(transparent)]
    ImuSocket(#[from] ExclusiveError),
    /// The IMU's chip.
    #[error(transparent)]
    ImuChip(#[from] ImuChipError),
    /// A device without a driver, or one that does not fit.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// What the IMU had learned.
    #[error("calibration {}: {problem}", path.display())]
    Calibration {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The contact switches.
    #[error(transparent)]
    Contacts(#[from] GpioError),
    /// The pad's layout.
    #[error(transparent)]
    PadLayout(#[from] LayoutError),
    /// The key of a pad elsewhere.
    #[error(transparent)]
    PadKey(#[from] PadKeyError),
    /// The address where it is listened for.
    #[error("--pad-listen {address}: {source}")]
    PadListen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The address where the local API is served over the network.
    #[error("--listen {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// An axis the robot lacks.
    #[error("--command: expected one of the axes {axes}, found {found:?}")]
    NoSuchAxis {
        /// Those it has.
        axes: String,
        /// What was asked for.
        found: String,
    },
    /// Nobody can press keys.
    #[error("--keyboard: expected to be started from a terminal, found none")]
    NoTerminal,
    /// Observations.
    #[error(transparent)]
    Observations(#[from] ObservationFileError),
    /// The period.
    #[error(transparent)]
    Pacer(#[from] PacerError),
    /// The bus.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The recording.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Something that was to be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Anything the system says.
    #[error("{doing}: {source}")]
    System {
        /// What was tried.
        doing: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// A tick panicked. The torque was cut.
    #[error("the loop broke off; the torque was cut")]
    Broken,
}

impl DaemonError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            DaemonError::Load(error) => error.hint(),
            DaemonError::Open(error) => error.hint(),
            DaemonError::Guard(error) => error.hint().to_owned(),
            DaemonError::Termination(error) => error.hint().to_owned(),
            DaemonError::ImuSocket(error) => error.hint(),
            DaemonError::ImuChip(error) => error.hint(),
            DaemonError::Device(error) => error.hint(),
            DaemonError::Calibration { .. } => "make another: gaitway imu calibrate -o FILE".to_owned(),
            DaemonError::Contacts(error) => error.hint().to_owned(),
            DaemonError::PadLayout(error) => error.hint(),
            DaemonError::PadKey(error) => error.hint(),
            DaemonError::PadListen { address, source } | DaemonError::Listen { address, source } => {
                listen_hint(address, source)
            }
            DaemonError::NoSuchAxis { axes, .. } => match axes.split(", ").next() {
                Some(axis) if !axis.is_empty() => format!("write it as in: gaitwayd --command {axis}=0.1"),
                _ => "leave --command out".to_owned(),
            },
            DaemonError::NoTerminal => "over ssh, ask for one: ssh -t HOST gaitwayd --keyboard".to_owned(),
            DaemonError::Observations(error) => error.hint().to_string(),
            DaemonError::Pacer(error) => error.hint().to_owned(),
            DaemonError::Bus(error) => error.hint().to_owned(),
            DaemonError::Record(error) => error.hint().to_owned(),
            DaemonError::Write { source, .. } | DaemonError::System { source, .. } => {
                files::remedy(source).to_owned()
            }
            DaemonError::Broken => "this is a bug: please report it with the lines above".to_owned(),
        }
    }
}

fn listen_hint(address: &SocketAddr, source: &io::Error) -> String {
    let port = address.port();
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            format!("another program listens there (`ss -tulpn 'sport = :{port}'` names it): end it, or name another port")
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine has no such address (`ip address` lists those it has): 0.0.0.0 listens at all of them"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => "name a port above 1023, as in 0.0.0.0:9871".to_owned(),
        _ => "name another address, as in 0.0.0.0:9871".to_owned(),
    }
}
