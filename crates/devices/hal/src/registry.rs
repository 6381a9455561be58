//! Drivers by the names that profiles give them.

use thiserror::Error;

/// A device that no driver of this build knows.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("{key}: expected one of {}, found {found:?}", known.join(", "))]
pub struct UnknownDevice {
    /// Key of the profile that names it.
    pub key: &'static str,
    /// What it says.
    pub found: String,
    /// Every name that there is a driver for.
    pub known: Vec<&'static str>,
}

impl UnknownDevice {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        format!("correct {} in the profile; CONTRIBUTING.md says how a driver is added", self.key)
    }
}

/// The drivers of one kind.
#[derive(Debug)]
pub struct Registry<T: 'static> {
    key: &'static str,
    drivers: &'static [(&'static str, T)],
}

impl<T> Registry<T> {
    /// `drivers` by name, one of which the profile names with `key`.
    pub const fn new(key: &'static str, drivers: &'static [(&'static str, T)]) -> Registry<T> {
        Registry { key, drivers }
    }

    /// The driver called `name`.
    ///
    /// # Errors
    /// None is: what there is, and what was asked for.
    pub fn find(&self, name: &str) -> Result<&'static T, UnknownDevice> {
        let found = self.drivers.iter().find(|(known, _)| *known == name);
        found.map(|(_, driver)| driver).ok_or_else(|| UnknownDevice {
            key: self.key,
            found: name.to_owned(),
            known: self.drivers.iter().map(|(known, _)| *known).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_device_is_refused_with_the_list_of_those_there_are() {
        static KINDS: Registry<u8> = Registry::new("imu.chip", &[("bno055", 1), ("icm20948", 2)]);
        assert_eq!(KINDS.find("icm20948"), Ok(&2));
        let error = KINDS.find("mpu6050").unwrap_err();
        assert_eq!(error.to_string(), "imu.chip: expected one of bno055, icm20948, found \"mpu6050\"");
        assert!(error.hint().contains("imu.chip"));
    }
}
