//! The axes along which a robot can be commanded.

/// Most axes a robot can have.
pub const MAX_AXES: usize = 16;

/// Name and unit of the axes of a walking robot with a head, in the order of their rows: those of every robot whose
/// profile is older than the list of axes in it, and the only ones that contracts of that time can name.
pub const STANDARD_AXES: [(&str, &str); 7] = [
    ("vx", "m/s"),
    ("vy", "m/s"),
    ("wz", "rad/s"),
    ("neck_pitch", "rad"),
    ("head_pitch", "rad"),
    ("head_yaw", "rad"),
    ("head_roll", "rad"),
];

/// Place of an axis in the commands of a robot: its place in the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis(u8);

impl Axis {
    /// The standard axes: forward velocity, leftward velocity, and turning rate about the vertical.
    pub const VX: Axis = Axis(0);
    /// Leftward.
    pub const VY: Axis = Axis(1);
    /// Turning, left positive.
    pub const WZ: Axis = Axis(2);

    /// The axis at this place; `None` where no robot has so many.
    pub fn at(index: usize) -> Option<Axis> {
        u8::try_from(index).ok().filter(|_| index < MAX_AXES).map(Axis)
    }

    /// Its place.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// True for a unit of velocities: what is commanded in one goes to zero where nobody commands any more.
pub fn is_velocity(unit: &str) -> bool {
    unit.ends_with("/s")
}

/// What the robot is asked to do: one value for every axis, and how fast its gait shall be.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Command {
    /// Values in the order and units of the profile's axes; zero behind the last.
    pub values: [f32; MAX_AXES],
    /// Added to the speed of the gait clock, one being the contract's: a sprint, or a trim.
    pub phase_factor_offset: f32,
}

impl Command {
    /// A command along the first three axes: over the ground, where these are the standard ones.
    pub fn velocity(vx_mps: f32, vy_mps: f32, wz_rps: f32) -> Command {
        Command::of(&[vx_mps, vy_mps, wz_rps])
    }

    /// A command of these values, one for each axis; what is missing is zero.
    pub fn of(values: &[f32]) -> Command {
        let mut command = Command::default();
        command.values.iter_mut().zip(values).for_each(|(to, value)| *to = *value);
        command
    }

    /// The value along one axis.
    pub fn get(&self, axis: Axis) -> f32 {
        self.values[axis.index()]
    }
}
