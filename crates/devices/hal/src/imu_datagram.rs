//! Samples of an IMU that somebody else reads, as datagrams of 44 bytes; of 48 for a robot with more than four contacts.

/// Bytes of a datagram, with room for four contacts.
pub const LEN: usize = 44;
/// The same, with room for [`CONTACTS`].
pub const LONG_LEN: usize = 48;
/// Most contacts in a datagram.
pub const CONTACTS: usize = 8;

const MAGIC: [u8; 4] = *b"GWI1";

/// One sample as it was sent, in the trunk frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datagram {
    /// Counts up by one from one sample to the next.
    pub sequence: u32,
    /// When it was taken, ns of the machine's monotonic clock.
    pub sampled_ns: u64,
    /// Angular velocity, rad/s.
    pub gyro_rps: [f32; 3],
    /// Specific force, m/s².
    pub accel_mps2: [f32; 3],
    /// Contacts in the order of the profile: true on the ground.
    pub contact: [bool; CONTACTS],
}

/// The sample in `bytes`; `None` where they are no such datagram.
pub fn decode(bytes: &[u8]) -> Option<Datagram> {
    let len = bytes.len();
    if len != LEN && len != LONG_LEN {
        return None;
    }
    let word = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    let number = |at: usize| f32::from_le_bytes(word(at));
    let low = u64::from(u32::from_le_bytes(word(8)));
    let high = u64::from(u32::from_le_bytes(word(12)));
    let contacts = &bytes[40..];
    (word(0) == MAGIC && contacts.iter().all(|contact| *contact <= 1)).then(|| Datagram {
        sequence: u32::from_le_bytes(word(4)),
        sampled_ns: low | high << 32,
        gyro_rps: [number(16), number(20), number(24)],
        accel_mps2: [number(28), number(32), number(36)],
        contact: std::array::from_fn(|index| contacts.get(index) == Some(&1)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_is_read_field_by_field_and_anything_else_is_not() {
        let mut bytes = Vec::from(*b"GWI1");
        bytes.extend(7u32.to_le_bytes());
        bytes.extend(0x1_2345_6789_u64.to_le_bytes());
        for number in [0.1f32, 0.2, 0.3, 1.0, 2.0, 9.81] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend([1, 0, 0, 0]);
        let sample = decode(&bytes).unwrap();
        assert_eq!((sample.sequence, sample.sampled_ns), (7, 0x1_2345_6789));
        assert_eq!((sample.gyro_rps, sample.accel_mps2), ([0.1, 0.2, 0.3], [1.0, 2.0, 9.81]));
        assert_eq!(sample.contact, [true, false, false, false, false, false, false, false]);
        assert_eq!(decode(&bytes[..43]), None);
        let long = decode(&[&bytes[..], &[0, 0, 1, 1]].concat()).unwrap();
        assert_eq!(long.contact, [true, false, false, false, false, false, true, true]);
        for at in [0, 3, 40, 41, 43] {
            let mut other = bytes.clone();
            other[at] ^= 0x40;
            assert_eq!(decode(&other), None, "byte {at}");
        }
    }
}
