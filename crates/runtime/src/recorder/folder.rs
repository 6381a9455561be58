//! The folder recordings lie in, and how much of it they may take.

use gaitway_platform::clock::wall_time;
use gaitway_platform::state_folder::state_folder;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Names a folder has for one second.
const NAMES: usize = 1000;

/// How much recordings may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// A file that has come to this is followed by the next, bytes.
    pub file_bytes: u64,
    /// All of them together, bytes.
    pub all_bytes: u64,
    /// Older ones are deleted.
    pub age: Duration,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { file_bytes: 64 << 20, all_bytes: 1 << 30, age: Duration::from_secs(30 * 24 * 3600) }
    }
}

/// A folder of recordings.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    bounds: Bounds,
}

impl Folder {
    /// The folder `path`, which is made when the first file is.
    pub fn new(path: PathBuf, bounds: Bounds) -> Folder {
        Folder { path, bounds }
    }

    /// Where recordings go unless another folder is named.
    pub fn default_path() -> PathBuf {
        state_folder().join("recordings")
    }

    /// How much it may take.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// A new file named by the time, with `suffix` behind it. A clock that stands still or goes back hides no file:
    /// names are counted up.
    pub fn create(&self, suffix: &str) -> io::Result<(PathBuf, File)> {
        fs::create_dir_all(&self.path)?;
        let stamp = stamp(wall_time());
        for count in 0..NAMES {
            let count = if count == 0 { String::new() } else { format!("-{count}") };
            let path = self.path.join(format!("{stamp}{count}{suffix}.mcap"));
            match File::options().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|file| (path, file)),
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{}: no name is free", self.path.display())))
    }

    /// Deletes the oldest recordings until another file has room.
    pub fn make_room(&self) {
        let mut files = self.files();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, _, len)| len).sum();
        let now = wall_time();
        for (modified, path, len) in files {
            let is_old = now.duration_since(modified).is_ok_and(|age| age > self.bounds.age);
            // One that cannot be deleted is passed over.
            if (is_old || total + self.bounds.file_bytes > self.bounds.all_bytes)
                && fs::remove_file(&path).is_ok()
            {
                total -= len;
            }
        }
    }

    /// Recordings in the folder: when they were last written, where, and how long.
    fn files(&self) -> Vec<(SystemTime, PathBuf, u64)> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let file = |entry: fs::DirEntry| {
            let (path, about) = (entry.path(), entry.metadata().ok()?);
            let is_ours = about.is_file() && is_recording(&path);
            is_ours.then_some((about.modified().ok()?, path, about.len()))
        };
        entries.filter_map(file).collect()
    }
}

/// True for the name of a recording as [`Folder::create`] gives it: one that somebody renamed is theirs to keep.
fn is_recording(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.as_encoded_bytes()).unwrap_or_default();
    let is_as_in = |(found, pattern): (&u8, &u8)| match pattern {
        b'0' => found.is_ascii_digit(),
        exact => found == exact,
    };
    let pattern = b"0000-00-00T00-00-00Z";
    name.len() > pattern.len() && name.ends_with(b".mcap") && name.iter().zip(pattern).all(is_as_in)
}

/// A moment as a name: 2026-11-22T01-17-27Z.
fn stamp(at: SystemTime) -> String {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (year, month, day) = date_of(seconds / 86400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}-{minute:02}-{second:02}Z")
}

/// Year, month and day of a day counted from 1970.
fn date_of(mut days: u64) -> (u64, u64, u64) {
    let mut year = 1970;
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month as u64 + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_our_names_is_ever_deleted() {
        let is_ours = |name: &str| is_recording(&Path::new("/recordings").join(name));
        for ours in
            ["2026-11-22T01-17-27Z.mcap", "2026-11-22T01-17-27Z-2.mcap", "2026-11-22T01-17-27Z-fell.mcap"]
        {
            assert!(is_ours(ours), "{ours}");
        }
        for theirs in [
            "best.mcap",
            "walk-2026-11-22T01-17-27Z.mcap",
            "2026-11-22T01-17-27Z",
            "2026-11-22.mcap",
            ".mcap",
        ] {
            assert!(!is_ours(theirs), "{theirs}");
        }
    }

    #[test]
    fn a_moment_has_a_name() {
        let at = |seconds| stamp(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00-00-00Z");
        assert_eq!(at(951_782_400), "2000-02-29T00-00-00Z");
        assert_eq!(at(1_795_310_247), "2026-11-22T01-17-27Z");
    }
}
