//! The key that a robot and the pads elsewhere share, in a file that only its owner may read: 64 hexadecimal digits.

use gaitway_gamepad::seal::{KEY_LEN, Key};
use gaitway_platform::state_folder::state_folder;
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

const DIGITS: usize = 2 * KEY_LEN;
/// More than a key, so that something else is seen to be longer; no more of it is read.
const MOST_BYTES: u64 = 4096;

/// A key that cannot be used or made.
#[derive(Debug, Error)]
pub enum PadKeyError {
    /// There is none.
    #[error("pad key {}: expected the key that robot and pad share, found no file", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The system does not let it be read or written.
    #[error("pad key {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A folder, a device, a pipe.
    #[error("pad key {}: expected an ordinary file, found something else", path.display())]
    NoFile {
        /// Which.
        path: PathBuf,
    },
    /// Others may read it.
    #[error("pad key {}: expected a file that only its owner may read (mode 600), found mode {mode:o}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// What is in it is no key.
    #[error("pad key {}: expected {DIGITS} hexadecimal digits, found {found}", path.display())]
    NoKey {
        /// Which.
        path: PathBuf,
        /// What is in it.
        found: String,
    },
    /// One is there already.
    #[error("pad key {}: expected no file yet, found one", path.display())]
    Exists {
        /// Which.
        path: PathBuf,
    },
}

impl PadKeyError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            PadKeyError::Missing { path } => format!(
                "make one on one side, gaitway pad pair --key {0}, and copy the file to the other",
                path.display()
            ),
            PadKeyError::File { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "it is another user's: copy it, and name the copy with --key".to_owned()
            }
            PadKeyError::File { .. } | PadKeyError::NoFile { .. } => {
                "name another file with --key".to_owned()
            }
            PadKeyError::Open { path, .. } => format!("chmod 600 {}", path.display()),
            PadKeyError::NoKey { .. } => {
                "copy it from the other side again, or delete it on both, make another \
                                          with gaitway pad pair, and copy that"
                    .to_owned()
            }
            PadKeyError::Exists { path } => format!(
                "use it as it is; for another key delete {} first, and copy the new one to every pad",
                path.display()
            ),
        }
    }
}

/// Where the key is unless another file is named.
pub fn default_path() -> PathBuf {
    state_folder().join("pad.key")
}

/// Makes a key nobody knows, in a new file.
pub fn create(path: &Path) -> Result<(), PadKeyError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => PadKeyError::Exists { path: path.to_owned() },
        _ => PadKeyError::File { path: path.to_owned(), source },
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| PadKeyError::File { path: folder.to_owned(), source })?;
    }
    let secret = made_up::<KEY_LEN>().map_err(failed)?;
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let written = file.write_all(format!("{digits}\n").as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|source| {
        // Half a key is in nobody's way.
        let _ = fs::remove_file(path);
        failed(source)
    })
}

/// The key in a file.
pub fn load(path: &Path) -> Result<Key, PadKeyError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => PadKeyError::Missing { path: path.to_owned() },
        _ => PadKeyError::File { path: path.to_owned(), source },
    };
    // A pipe nobody writes to is not waited for.
    let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let file = File::options().read(true).custom_flags(flags).open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(PadKeyError::NoFile { path: path.to_owned() });
    }
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(PadKeyError::Open { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    read(&bytes).map_err(|found| PadKeyError::NoKey { path: path.to_owned(), found })
}

/// A key, or what was found in place of one; never a part of it.
fn read(bytes: &[u8]) -> Result<Key, String> {
    let digits = bytes.trim_ascii();
    let digit = |byte: &u8| char::from(*byte).to_digit(16).map(|digit| digit as u8);
    let values: Option<Vec<u8>> = digits.iter().map(digit).collect();
    let (pairs, []) = values.as_deref().ok_or("something else")?.as_chunks::<2>() else {
        return Err(format!("{} digits", digits.len()));
    };
    let secret: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    match <[u8; KEY_LEN]>::try_from(secret) {
        Ok(secret) if secret == [0; KEY_LEN] => Err("nothing but zeros".to_owned()),
        Ok(secret) => Ok(Key::new(&secret)),
        Err(secret) if secret.is_empty() => Err("nothing".to_owned()),
        Err(secret) => Err(format!("{} digits", 2 * secret.len())),
    }
}

/// Bytes nobody can guess.
pub(super) fn made_up<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    let mut done = 0;
    while done < N {
        match getrandom(&mut bytes[done..], GetRandomFlags::empty()) {
            Ok(count) => done += count,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str) -> Temporary {
            let path = std::env::temp_dir().join(format!("gaitway-key-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Temporary(path)
        }

        fn holding(&self, content: &[u8], mode: u32) -> PathBuf {
            let path = self.0.join("key");
            let _ = fs::remove_file(&path);
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn signature(key: &Key) -> [u8; 40] {
        let mut bytes = [7; 40];
        key.sign(&mut bytes);
        bytes
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_is_another_every_time() {
        let folder = Temporary::new("made");
        let paths = ["a/b/one", "two"].map(|name| folder.0.join(name));
        paths.iter().for_each(|path| create(path).unwrap());
        let [one, two] = paths.each_ref().map(|path| load(path).unwrap());
        assert_ne!(signature(&one), signature(&two));
        assert_eq!(fs::metadata(&paths[0]).unwrap().permissions().mode() & 0o777, 0o600);
        let again = create(&paths[0]).unwrap_err();
        assert!(matches!(again, PadKeyError::Exists { .. }) && again.hint().contains("delete"), "{again}");
        assert_eq!(signature(&load(&paths[0]).unwrap()), signature(&one), "it is the old one still");
        // A link that was put there leads nowhere else.
        let (link, target) = (folder.0.join("link"), folder.0.join("target"));
        symlink(&target, &link).unwrap();
        assert!(matches!(create(&link), Err(PadKeyError::Exists { .. })) && !target.exists());
    }

    #[test]
    fn what_is_no_key_is_said_with_what_it_is_and_what_to_do() {
        let folder = Temporary::new("wrong");
        let digits = "0123456789abcdefABCDEF0123456789".repeat(2);
        load(&folder.holding(format!(" {digits}\r\n").as_bytes(), 0o400)).unwrap();
        for (content, mode, words, remedy) in [
            (digits.as_str(), 0o644, "found mode 644", "chmod 600"),
            (digits.as_str(), 0o660, "found mode 660", "chmod 600"),
            ("", 0o600, "64 hexadecimal digits, found nothing", "gaitway pad pair"),
            (" \n", 0o600, "found nothing", "gaitway pad pair"),
            (&digits[..62], 0o600, "found 62 digits", "copy it from the other side again"),
            (&digits[..63], 0o600, "found 63 digits", "copy it from the other side again"),
            (&digits.repeat(2), 0o600, "found 128 digits", "copy it from the other side again"),
            ("ssh-ed25519 \u{1b}[2J", 0o600, "found something else", "gaitway pad pair"),
            (&"0".repeat(64), 0o600, "found nothing but zeros", "gaitway pad pair"),
        ] {
            let error = load(&folder.holding(content.as_bytes(), mode)).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.hint().contains(remedy), "{}", error.hint());
            assert!(content.is_empty() || !error.to_string().contains(content), "a secret is not shown");
        }
        let missing = load(&folder.0.join("none")).unwrap_err();
        assert!(missing.hint().contains("gaitway pad pair --key"), "{missing}");
        let pipe = folder.0.join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        for other in [&folder.0, &pipe, Path::new("/dev/null")] {
            assert!(matches!(load(other), Err(PadKeyError::NoFile { .. })), "{other:?}");
        }
    }
}
