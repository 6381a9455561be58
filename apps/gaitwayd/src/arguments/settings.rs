//! What the program was asked to do, by who needs it.
//!
//! Units are those of the flags; `None` leaves a choice to the policy, the robot or the program.

use gaitway_runtime::Overrun;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Priority asked for unless another is, of the real-time priorities 1 to 99.
pub const DEFAULT_PRIORITY: u8 = 80;

/// Where the servo bus is unless said otherwise.
pub const DEFAULT_SERIAL_PORT: &str = "/dev/ttyACM0";

/// Everything that can be asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Something to print instead of anything else.
    pub show: Option<Show>,
    /// The log is JSON lines, at a terminal, too.
    pub json: bool,
    /// Which policy runs, and how.
    pub policy: PolicySettings,
    /// Which robot it runs on, and what is done to it.
    pub robot: RobotSettings,
    /// Where IMU and foot switches are.
    pub imu: ImuSettings,
    /// Who says what to do.
    pub operator: OperatorSettings,
    /// Lamps and pulse servos.
    pub outputs: OutputSettings,
    /// The loop, its end and its real-time set-up.
    pub timing: TimingSettings,
    /// What is read from files, shown and kept.
    pub results: ResultSettings,
}

/// Something to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// The help.
    Help,
    /// The version.
    Version,
}

/// The policies that need no file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CarriedPolicy {
    /// Walks, and stands at zero command.
    #[default]
    Walk,
    /// Stands.
    Stand,
}

impl CarriedPolicy {
    /// Both.
    pub const ALL: [CarriedPolicy; 2] = [CarriedPolicy::Walk, CarriedPolicy::Stand];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            CarriedPolicy::Walk => "walk",
            CarriedPolicy::Stand => "stand",
        }
    }
}

/// Which policy runs, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PolicySettings {
    /// The policy, a file that exists. `None`: a carried one.
    pub file: Option<PathBuf>,
    /// Which, where there is no file.
    pub carried: CarriedPolicy,
    /// The folder of policies that the robot can change to. `None`: that of the file.
    pub folder: Option<PathBuf>,
    /// Name of the contract to assume for a policy that carries none.
    pub assume_contract: Option<String>,
    /// Reference motions that have the gait's period, a file that exists.
    pub poly_coefficients: Option<PathBuf>,
    /// Radians for an action of one, above 0, at most 2.
    pub action_scale: Option<f64>,
    /// P gain of the joints that follow no head command, in servo register units.
    pub leg_kp: Option<u8>,
    /// I gain of all joints, in servo register units.
    pub ki: Option<u8>,
    /// D gain of all joints, in servo register units.
    pub kd: Option<u8>,
    /// Cut-off frequency of a low-pass on the targets, 0.001 to 1000000 Hz.
    pub cutoff_hz: Option<f64>,
    /// Ticks of the loop in a second, 1 to 10000 Hz.
    pub loop_hz: Option<u32>,
}

/// Which robot it runs on, and what is done to it.
#[derive(Debug, Clone, PartialEq)]
pub struct RobotSettings {
    /// A robot profile, a file that exists. `None`: the duck's.
    pub profile: Option<PathBuf>,
    /// The published runtime's configuration, a file that exists, where it was named;
    /// [`usual_duck_config`] knows where it is otherwise.
    pub config: Option<PathBuf>,
    /// The profile alone is right: no configuration is looked for.
    pub no_config: bool,
    /// Stand in place of walking.
    pub stand: bool,
    /// Stay limp until somebody asks it up.
    pub limp: bool,
    /// The policy runs although the legs bear no weight.
    pub on_stand: bool,
    /// The servo bus.
    pub port: PathBuf,
    /// Turn of the IMU about the lateral axis that is taken off its samples, degrees, within ±45.
    pub pitch_bias_deg: f64,
    /// Nothing is written to the servos.
    pub dry_run: bool,
    /// The servos' settings are checked before anything else.
    pub audit: bool,
    /// Settings that the audit finds wrong are corrected.
    pub fix: bool,
}

impl Default for RobotSettings {
    fn default() -> Self {
        RobotSettings {
            profile: None,
            config: None,
            no_config: false,
            stand: false,
            limp: false,
            on_stand: false,
            port: DEFAULT_SERIAL_PORT.into(),
            pitch_bias_deg: 0.0,
            dry_run: false,
            audit: false,
            fix: false,
        }
    }
}

/// Where IMU and foot switches are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImuSettings {
    /// The I²C bus the IMU is on. `None`: the profile's, where there is one.
    pub bus: Option<PathBuf>,
    /// What the IMU had learned, a file that exists.
    pub calibration: Option<PathBuf>,
    /// A datagram socket that serves the IMU's samples.
    pub socket: Option<PathBuf>,
    /// The GPIO chip the foot switches are on. `None`: the board's header, where there is one.
    pub feet: Option<PathBuf>,
}

/// Who says what to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OperatorSettings {
    /// A pad says what to do.
    pub commands: bool,
    /// Which pad: an input device. `None`: the first that is found.
    pub pad: Option<PathBuf>,
    /// The terminal's keys say what to do, as a pad does.
    pub keyboard: bool,
    /// Where datagrams of a pad elsewhere are listened for.
    pub pad_listen: Option<SocketAddr>,
    /// Where the local API is served over the network.
    pub listen: Option<SocketAddr>,
    /// The key that programs and pads elsewhere have, too. `None`: the one in this person's state folder; a pad on the
    /// machine itself needs none.
    pub pad_key: Option<PathBuf>,
    /// Name or file of its layout. `None`: by its name.
    pub pad_layout: Option<PathBuf>,
    /// A folder of sounds.
    pub sounds: Option<PathBuf>,
    /// What the robot is asked to do, all the time: values by axis, in the axis's unit.
    pub command: Option<Vec<(String, f32)>>,
}

/// Lamps and pulse servos.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutputSettings {
    /// The GPIO chip they are on. `None`: the board's header, for those that the configuration says are fitted.
    pub lines: Option<PathBuf>,
    /// The folder of a PWM of the board that moves the pulse servos. `None`: their lines are timed by a thread.
    pub antenna_pwm: Option<PathBuf>,
}

/// The loop, its end and its real-time set-up.
#[derive(Debug, Clone, PartialEq)]
pub struct TimingSettings {
    /// How long to run, s.
    pub seconds: Option<f64>,
    /// What happens after a tick that took too long.
    pub overrun: Overrun,
    /// Real-time priority, 1 to 99; 0 is ordinary scheduling.
    pub priority: u8,
    /// The processor for the loop, by its number.
    pub cpu: Option<u16>,
    /// Memory is kept from being swapped out.
    pub lock_memory: bool,
}

impl Default for TimingSettings {
    fn default() -> Self {
        TimingSettings {
            seconds: None,
            overrun: Overrun::default(),
            priority: DEFAULT_PRIORITY,
            cpu: None,
            lock_memory: true,
        }
    }
}

/// What is read from files, shown and kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResultSettings {
    /// Socket of the local API; in the user's own runtime folder where left out.
    pub socket: Option<PathBuf>,
    /// Where recordings go. `None`: where this person's programs keep their state.
    pub record: Option<PathBuf>,
    /// Nothing is recorded.
    pub no_record: bool,
    /// Where observations are written.
    pub save_obs: Option<PathBuf>,
    /// Observations to run the policy on instead of its own, a file that exists.
    pub replay_obs: Option<PathBuf>,
    /// Where the measurements are written.
    pub stats_json: Option<PathBuf>,
}
