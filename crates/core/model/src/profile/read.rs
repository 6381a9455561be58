//! Profiles as text, of every schema there has been.

use super::{FILE, RobotProfile, v1};
use crate::controls::first_control;
use crate::error::{ProfileError, place};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

impl RobotProfile {
    /// Reads and validates a profile of either schema, as TOML. Unknown keys are refused.
    pub fn from_toml(text: &str) -> Result<RobotProfile, ProfileError> {
        let parse =
            || toml::Deserializer::parse(text).map_err(|error| syntax("file".to_owned(), error.to_string()));
        let head: Head = read(parse()?)?;
        let profile =
            if head.is_v1() { read::<v1::Profile, _>(parse()?)?.upgrade() } else { read(parse()?)? };
        profile.checked()
    }

    /// Reads and validates a profile of either schema, as JSON: as recordings keep it.
    pub fn from_json(text: &str) -> Result<RobotProfile, ProfileError> {
        let mut parser = serde_json::Deserializer::from_str(text);
        let head: Head = read(&mut parser)?;
        let mut parser = serde_json::Deserializer::from_str(text);
        let profile =
            if head.is_v1() { read::<v1::Profile, _>(&mut parser)?.upgrade() } else { read(&mut parser)? };
        profile.checked()
    }

    fn checked(self) -> Result<RobotProfile, ProfileError> {
        if let Some(found) = first_control(&self) {
            let (path, expected) = ("text".to_owned(), "no control characters".to_owned());
            return Err(ProfileError::Value { file: FILE, path, expected, found });
        }
        self.validate()?;
        Ok(self)
    }
}

/// What is read of a file to know how the rest is to be read.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    schema: String,
}

impl Head {
    fn is_v1(&self) -> bool {
        self.schema == v1::SCHEMA
    }
}

fn read<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, ProfileError>
where
    D::Error: std::fmt::Display,
{
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| syntax(place(error.path()), error.inner().to_string()))
}

fn syntax(path: String, problem: String) -> ProfileError {
    ProfileError::Syntax { file: FILE, path, problem: problem.trim().to_owned() }
}
