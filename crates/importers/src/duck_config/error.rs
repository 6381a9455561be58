//! What is wrong with a configuration: every mistake, its place, and what mends it.

use std::fmt;

/// A `duck_config.json` that cannot be used, with every mistake in it. Whoever shows it says which file it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigError {
    /// In the order of the file's keys; never empty.
    pub mistakes: Vec<Mistake>,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// Where: a key's path, or a line.
    pub place: String,
    /// What is expected and found there.
    pub problem: String,
    /// What mends it.
    pub remedy: Remedy,
}

/// What mends a mistake.
#[derive(Debug, Clone, PartialEq)]
pub enum Remedy {
    /// To write what was expected.
    Correct,
    /// To measure the offset of this joint anew.
    Calibrate(String),
    /// Something else.
    Do(String),
}

impl ConfigError {
    pub(super) fn one(place: &str, problem: String, remedy: Remedy) -> ConfigError {
        ConfigError { mistakes: vec![Mistake { place: place.to_owned(), problem, remedy }] }
    }

    /// What the person can do about it; `file` is how they named the configuration.
    pub fn hint(&self, file: &str) -> String {
        let mut hints: Vec<String> = Vec::new();
        let joints: Vec<&str> = self.mistakes.iter().filter_map(Mistake::joint).collect();
        if !joints.is_empty() {
            hints
                .push(format!("measure anew: gaitway motors calibrate {} --config {file}", joints.join(" ")));
        }
        for mistake in &self.mistakes {
            let hint = match &mistake.remedy {
                Remedy::Correct => format!("correct {file}; docs/formats.md lists the keys"),
                Remedy::Do(hint) => hint.clone(),
                Remedy::Calibrate(_) => continue,
            };
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
        hints.join("; ")
    }
}

impl Mistake {
    fn joint(&self) -> Option<&str> {
        match &self.remedy {
            Remedy::Calibrate(joint) => Some(joint),
            _ => None,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Mistake { place, problem, .. }) in self.mistakes.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}at {place}: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
