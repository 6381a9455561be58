//! How the chip is mounted, as its own registers say it.

use thiserror::Error;

/// A mount the chip cannot be told.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("axes of the IMU: expected each of x, y and z once, each with its sign, found {found}")]
pub struct AxesError {
    /// What was asked for.
    pub found: String,
}

/// Which axis of the chip is forward, left and up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AxisMap {
    pub(super) map: u8,
    pub(super) sign: u8,
}

impl AxisMap {
    /// From a profile's `trunk_axes`: for forward, left and up the chip's axis with its sign, such as `-y`.
    pub fn new(axes: &[String; 3]) -> Result<AxisMap, AxesError> {
        let wrong = || AxesError { found: format!("{axes:?}") };
        let (mut map, mut sign, mut seen) = (0, 0, 0);
        for (place, axis) in axes.iter().enumerate() {
            let (turned, number) = match axis.as_str() {
                "+x" => (0, 0),
                "-x" => (1, 0),
                "+y" => (0, 1),
                "-y" => (1, 1),
                "+z" => (0, 2),
                "-z" => (1, 2),
                _ => return Err(wrong()),
            };
            map |= number << (2 * place);
            // The sign register has x highest.
            sign |= turned << (2 - place);
            seen |= 1 << number;
        }
        if seen == 0b111 { Ok(AxisMap { map, sign }) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(axes: [&str; 3]) -> Option<(u8, u8)> {
        AxisMap::new(&axes.map(str::to_owned)).ok().map(|axes| (axes.map, axes.sign))
    }

    #[test]
    fn the_ducks_mounts_have_the_registers_of_the_published_runtime() {
        assert_eq!(map(["-y", "+x", "+z"]), Some((0x21, 0x04)));
        assert_eq!(map(["-y", "-x", "-z"]), Some((0x21, 0x07)));
        assert_eq!(map(["+x", "+y", "+z"]), Some((0x24, 0x00)));
        assert_eq!(map(["+x", "+x", "+z"]), None);
        assert_eq!(map(["x", "+y", "+z"]), None);
    }
}
