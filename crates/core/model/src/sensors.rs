//! What the robot senses in one tick.

/// One tick's samples, joints in the order of the robot profile. Every quantity carries its age, because a bus may
/// lose a packet and a stale value must be known to be stale.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensors {
    /// Angular velocity in the trunk frame, rad/s.
    pub gyro_rps: [f32; 3],
    /// Specific force in the trunk frame, m/s²: +9.81 on z when the robot stands.
    pub accel_mps2: [f32; 3],
    /// Seconds since the IMU was sampled.
    pub imu_age_s: f32,
    /// Contacts in the order of the profile: 1 on the ground, 0 in the air.
    pub contact: Vec<f32>,
    /// Joint positions, rad.
    pub joint_position_rad: Vec<f32>,
    /// Joint velocities, rad/s.
    pub joint_velocity_rps: Vec<f32>,
    /// Seconds since each joint answered.
    pub joint_age_s: Vec<f32>,
}

impl Sensors {
    /// Fresh samples of a robot that stands still on all of its contacts with every joint at zero.
    pub fn still(joints: usize, contacts: usize) -> Sensors {
        Sensors {
            gyro_rps: [0.0; 3],
            accel_mps2: [0.0, 0.0, gaitway_maths::gravity::GRAVITY_MPS2],
            imu_age_s: 0.0,
            contact: vec![1.0; contacts],
            joint_position_rad: vec![0.0; joints],
            joint_velocity_rps: vec![0.0; joints],
            joint_age_s: vec![0.0; joints],
        }
    }

    /// How many numbers [`Sensors::copy_from_flat`] takes.
    pub fn flat_len(joints: usize, contacts: usize) -> usize {
        7 + contacts + 3 * joints
    }

    /// Takes the samples from one flat row: gyro 3, accel 3, IMU age 1, contacts, positions, velocities, ages.
    /// `false`, with nothing changed, where the row has another length.
    #[must_use]
    pub fn copy_from_flat(&mut self, row: &[f32]) -> bool {
        let (joints, contacts) = (self.joint_position_rad.len(), self.contact.len());
        if row.len() != Self::flat_len(joints, contacts) {
            return false;
        }
        let (head, rest) = row.split_at(7);
        let (contact, rest) = rest.split_at(contacts);
        self.gyro_rps.copy_from_slice(&head[0..3]);
        self.accel_mps2.copy_from_slice(&head[3..6]);
        self.imu_age_s = head[6];
        self.contact.copy_from_slice(contact);
        let (position, rest) = rest.split_at(joints);
        let (velocity, age) = rest.split_at(joints);
        self.joint_position_rad.copy_from_slice(position);
        self.joint_velocity_rps.copy_from_slice(velocity);
        self.joint_age_s.copy_from_slice(age);
        true
    }
}
