//! Files that a person names: ordinary ones alone, read whole up to a bound, written whole or not at all. And what to do
//! about what the system refuses.

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Longest file that is read whole, bytes.
pub const MAX_BYTES: u64 = 64 << 20;

/// Numbers by which the system says what is wrong are below.
const ERRNOS: i32 = 4096;

/// Names that are tried for a file that is being written, where others are taken.
const NAMES: u32 = 100;

/// Opens an ordinary file to be read. A pipe nobody writes to would never open, and a device never end.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(no_ordinary_file()) }
}

/// The bytes of a file.
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Its length is only what it says: files of /proc say nothing, and others grow.
    open(path.as_ref())?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "expected at most 64 MiB, found more"));
    }
    Ok(bytes)
}

/// The text of a file.
pub fn read_text(path: impl AsRef<Path>) -> io::Result<String> {
    String::from_utf8(read(path.as_ref())?).map_err(|error| {
        let message = format!("expected text, found other bytes at {}", error.utf8_error().valid_up_to());
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

/// Writes a file, in place of an older one of that name.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut whole = WholeFile::create(path)?;
    whole.file().write_all(bytes)?;
    whole.keep()
}

/// A file under another name until it is whole. It lies beside its place, with `.part` behind its name, and vanishes with
/// this, unless it is kept or left.
#[derive(Debug)]
pub struct WholeFile {
    /// Where it goes: of a link, what it names.
    path: PathBuf,
    part: PathBuf,
    /// `None` once it is settled what becomes of it.
    file: Option<File>,
}

impl WholeFile {
    /// Creates the file beside `path`. What is already there under its name, a link too, stays as it is: another name is
    /// taken.
    pub fn create(path: &Path) -> io::Result<WholeFile> {
        // A link is followed, so that it stays one.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        check_place(&path)?;
        for number in 0..NAMES {
            let part = part_of(&path, number);
            match File::options().read(true).write(true).create_new(true).open(&part) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                opened => return Ok(WholeFile { path, part, file: Some(opened?) }),
            }
        }
        let message = format!("expected a free name like {}, found none", part_of(&path, 0).display());
        Err(io::Error::new(io::ErrorKind::AlreadyExists, message))
    }

    /// Where it lies while it is written.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// The file.
    pub fn file(&mut self) -> impl Write {
        Writer(self.file.as_mut())
    }

    /// The file, for whoever reads and writes it by place.
    pub fn as_file(&self) -> io::Result<&File> {
        self.file.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// It stays under the name it has: a part of something is better than nothing.
    pub fn leave(&mut self) {
        self.file = None;
    }

    /// Gives it its name, with the permissions of the file that was there.
    pub fn keep(mut self) -> io::Result<()> {
        check_place(&self.path)?;
        if let Some(permissions) = old_permissions(&self.path) {
            self.as_file()?.set_permissions(permissions)?;
        }
        // Without this a power cut could leave the name on a file without content.
        self.as_file()?.sync_all()?;
        std::fs::rename(&self.part, &self.path)?;
        self.leave();
        Ok(())
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

struct Writer<'a>(Option<&'a mut File>);

impl Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_mut().ok_or(io::ErrorKind::NotFound)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Nothing but an ordinary file is replaced.
fn check_place(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(about) if !about.is_file() => Err(no_ordinary_file()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn old_permissions(path: &Path) -> Option<Permissions> {
    Some(std::fs::symlink_metadata(path).ok()?.permissions())
}

fn part_of(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(if number == 0 { ".part".to_owned() } else { format!(".{number}.part") });
    PathBuf::from(name)
}

fn no_ordinary_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "expected an ordinary file, found something else")
}

/// What the person can do about what the system says; where it says nothing that is known, to look at the path.
pub fn remedy(error: &io::Error) -> &'static str {
    known_remedy(error).unwrap_or("check the path")
}

/// The same where it is known from what the system says; None where the caller has to know.
pub fn known_remedy(error: &io::Error) -> Option<&'static str> {
    let known = error.raw_os_error().filter(|number| (1..ERRNOS).contains(number));
    Some(match known.map(Errno::from_raw_os_error) {
        Some(Errno::NOENT | Errno::NOTDIR) => "check the path: every folder in it must be there",
        Some(Errno::ACCESS | Errno::PERM) => {
            "this user may not: check its permissions, or name another place"
        }
        Some(Errno::NOSPC | Errno::DQUOT) => "the disk is full: make room (df -h), or name another disk",
        Some(Errno::FBIG) => "it grew to the largest file allowed here: raise the limit (ulimit -f)",
        Some(Errno::ROFS) => "the file system is read-only: name another place, or remount it to be written",
        Some(Errno::MFILE) => "this program may not open more files: raise the limit (ulimit -n)",
        Some(Errno::NFILE) => "the system may not open more files: end programs, or raise fs.file-max",
        Some(Errno::ADDRINUSE) => {
            "another program is there: end it (ss -tulpn names it), or name another port"
        }
        Some(Errno::ADDRNOTAVAIL) => "this computer has no such address: ip addr lists those it has",
        Some(Errno::ISDIR) => "name a file in it",
        Some(Errno::LOOP) => "its links lead in a circle: name the file itself",
        Some(Errno::NAMETOOLONG) => "name a shorter path",
        Some(Errno::IO) => "the disk or card fails: copy what is on it, and take another",
        Some(Errno::AGAIN | Errno::NOMEM) => "the system is short of processes or memory: end other programs",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("gaitway-files-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = std::fs::read_dir(&self.0).unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_is_no_ordinary_file_is_neither_read_nor_replaced() {
        let folder = Folder::new("others");
        let pipe = folder.0.join("pipe");
        let made = rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        );
        made.unwrap();
        let linked = folder.0.join("linked");
        symlink("/dev/full", &linked).unwrap();
        for path in [Path::new("/dev/zero"), &pipe, &folder.0, &linked, Path::new("/dev/full")] {
            for error in [read(path).unwrap_err(), write(path, b"new").unwrap_err()] {
                assert!(error.to_string().contains("ordinary file"), "{}: {error}", path.display());
            }
        }
        assert_eq!(folder.names(), ["linked", "pipe"]);
    }

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let folder = Folder::new("bound");
        let path = folder.0.join("large");
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("64 MiB"));
        write(&path, b"text\xff").unwrap();
        assert!(read_text(&path).unwrap_err().to_string().contains("other bytes at 4"));
        assert!(!read_text("/proc/self/status").unwrap().is_empty());
    }

    #[test]
    fn a_planted_link_is_not_followed_and_a_link_of_the_place_is() {
        let folder = Folder::new("links");
        let [victim, place, link] = ["victim", "place", "link"].map(|name| folder.0.join(name));
        write(&victim, b"precious").unwrap();
        symlink(&victim, part_of(&place, 0)).unwrap();
        let whole = WholeFile::create(&place).unwrap();
        assert_eq!(whole.part(), part_of(&place, 1));
        whole.keep().unwrap();
        assert_eq!(read(&victim).unwrap(), b"precious");
        symlink(&place, &link).unwrap();
        std::fs::set_permissions(&place, Permissions::from_mode(0o600)).unwrap();
        write(&link, b"new").unwrap();
        assert_eq!(read(&place).unwrap(), b"new");
        assert!(std::fs::read_link(&link).is_ok());
        assert_eq!(std::fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_not_kept_vanishes_and_what_is_left_stays() {
        let folder = Folder::new("kept");
        let path = folder.0.join("figures");
        drop(WholeFile::create(&path).unwrap());
        assert!(folder.names().is_empty());
        WholeFile::create(&path).unwrap().leave();
        assert_eq!(folder.names(), ["figures.part"]);
    }

    #[test]
    fn what_the_system_says_has_its_own_remedy() {
        let of = |errno: Errno| remedy(&errno.into());
        let known = [
            Errno::NOENT,
            Errno::ACCESS,
            Errno::NOSPC,
            Errno::FBIG,
            Errno::ROFS,
            Errno::MFILE,
            Errno::NFILE,
            Errno::ADDRINUSE,
        ];
        let mut remedies: Vec<&str> = known.map(of).to_vec();
        remedies.sort_unstable();
        remedies.dedup();
        assert_eq!(remedies.len(), known.len());
        assert_eq!(of(Errno::SRCH), remedy(&io::Error::other("anything")));
        for number in [i32::MIN, -1, 0, 4096, i32::MAX] {
            assert_eq!(remedy(&io::Error::from_raw_os_error(number)), of(Errno::SRCH), "{number}");
        }
    }
}
