//! Sounds: WAV files of a folder, played by a child, `aplay`. What goes wrong with it is a word of warning, once.

use crate::clock::{Clock, MonotonicClock};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use thiserror::Error;

/// Who plays.
const PLAYER: &str = "aplay";
/// Players that may be about to end.
const ENDING: usize = 8;

/// Sounds that cannot be played.
#[derive(Debug, Error)]
pub enum SoundError {
    /// The folder.
    #[error("sounds {}: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No sound is in it.
    #[error("sounds {}: expected .wav files, found none", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// None has that name.
    #[error("sound {name:?}: expected one of {}", known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// The player does not start.
    #[error("{PLAYER}: {0}")]
    Player(io::Error),
    /// Those that were ended do not go.
    #[error("{PLAYER} does not end although it was killed")]
    Hangs,
    /// It ended badly.
    #[error("{PLAYER} ended with {status}")]
    Failed {
        /// How.
        status: String,
    },
}

impl SoundError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            SoundError::Folder { .. } | SoundError::Empty { .. } => "name a folder with .wav files",
            SoundError::Unknown { .. } => "a sound's name is its file's, without .wav",
            SoundError::Player(_) => "sudo apt-get install alsa-utils",
            SoundError::Hangs => "the sound card hangs: unplug it, or start the board again",
            SoundError::Failed { .. } => "see whether there is a sound card: aplay -l",
        }
    }
}

/// A folder of sounds, and the one that is playing.
#[derive(Debug)]
pub struct Sounds {
    files: Vec<PathBuf>,
    playing: Option<Child>,
    /// Were ended, and have not gone yet: a sound card that hangs keeps its player.
    ending: Vec<Child>,
    chance: u64,
}

impl Sounds {
    /// The `.wav` files of a folder.
    pub fn load(folder: &Path) -> Result<Sounds, SoundError> {
        let failed = |source| SoundError::Folder { path: folder.to_owned(), source };
        let entries = std::fs::read_dir(folder).map_err(failed)?;
        let is_wave =
            |path: &PathBuf| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wav"));
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_wave).collect();
        files.sort();
        if files.is_empty() {
            return Err(SoundError::Empty { path: folder.to_owned() });
        }
        // Another order every time.
        let chance = MonotonicClock::default().now_ns() | 1;
        Ok(Sounds { files, playing: None, ending: Vec::new(), chance })
    }

    /// Plays any of them, in place of the one that is playing.
    pub fn play_any(&mut self) -> Result<PathBuf, SoundError> {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        let file = self.files[(self.chance % self.files.len() as u64) as usize].clone();
        self.start(file)
    }

    /// Plays the one of this name, a file's without its ending, in place of the one that is playing.
    pub fn play(&mut self, name: &str) -> Result<PathBuf, SoundError> {
        let file = self.files.iter().find(|file| stem(file) == name).cloned();
        match file {
            Some(file) => self.start(file),
            None => Err(SoundError::Unknown {
                name: name.to_owned(),
                known: self.files.iter().map(|file| stem(file)).collect(),
            }),
        }
    }

    fn start(&mut self, file: PathBuf) -> Result<PathBuf, SoundError> {
        self.stop();
        if self.ending.len() >= ENDING {
            return Err(SoundError::Hangs);
        }
        let mut command = Command::new(PLAYER);
        command.arg("-q").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.playing = Some(command.spawn().map_err(SoundError::Player)?);
        Ok(file)
    }

    /// How the one that was playing ended, once it has.
    pub fn look(&mut self) -> Option<Result<(), SoundError>> {
        self.reap();
        let status = self.playing.as_mut()?.try_wait().ok()??;
        self.playing = None;
        Some(if status.success() { Ok(()) } else { Err(SoundError::Failed { status: status.to_string() }) })
    }

    /// Ends the one that is playing, and waits for nobody.
    fn stop(&mut self) {
        if let Some(mut child) = self.playing.take() {
            // One that has ended by itself cannot be ended.
            let _ = child.kill();
            self.ending.push(child);
        }
        self.reap();
    }

    fn reap(&mut self) {
        self.ending.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }
}

impl Drop for Sounds {
    fn drop(&mut self) {
        self.stop();
    }
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_nobody_has_is_answered_with_those_there_are() {
        let folder = std::env::temp_dir().join(format!("gaitway-sounds-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["beep1.wav", "happy1.WAV", "happy2.txt"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let error = Sounds::load(&folder).unwrap().play("happy2").unwrap_err();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(error.to_string(), "sound \"happy2\": expected one of beep1, happy1");
        assert!(error.hint().contains(".wav"));
    }
}
