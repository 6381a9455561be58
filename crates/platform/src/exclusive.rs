//! What only one program may use at a time, whatever its kind: devices, and sockets.
//!
//! Everything is locked before a byte is written to it, and whoever holds it is named. The kernel keeps the locks: they
//! end with the process that holds them, so none can be stale. A device is locked itself (`flock`), by whichever of its
//! names it was opened. A socket cannot be: it is locked by a listening socket in the abstract namespace, whose name is
//! the path, and whose peer credentials name the holder.

use crate::files;
use crate::port::{Holder, name_of};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Longest name in the abstract namespace, bytes.
const MAX_NAME: usize = 107;

/// Something that cannot be had for this program alone.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExclusiveError {
    /// Another program uses it.
    #[error("{}: in use by {}", path.display(), name_of(holder.as_ref()))]
    InUse {
        /// What was asked for.
        path: PathBuf,
        /// Who uses it, where the system tells.
        holder: Option<Holder>,
    },
    /// A socket shall be there, and something else is.
    #[error("{}: expected a free path or an old socket, found a file", path.display())]
    NotASocket {
        /// The path asked for.
        path: PathBuf,
    },
    /// Anything else the system says.
    #[error("{}: {source}", path.display())]
    Failed {
        /// What was asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ExclusiveError {
    /// What the person can do about it.
    pub fn hint(&self) -> String {
        match self {
            ExclusiveError::InUse { holder: Some(holder), .. } => {
                format!("end process {}, then start again", holder.pid)
            }
            ExclusiveError::InUse { path, holder: None } => {
                format!("`sudo fuser -v {}` names the program; end it, then start again", path.display())
            }
            ExclusiveError::NotASocket { .. } => "name another path: this file is not touched".to_owned(),
            ExclusiveError::Failed { source, .. } => files::known_remedy(source)
                .unwrap_or("name a path in a folder you may write to, such as /tmp/gaitway")
                .to_owned(),
        }
    }
}

/// How a socket is used: both ends of one may be ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// This program is the only one that binds it.
    Bind,
    /// This program is the only one that connects to it.
    Connect,
    /// This program is the only one that puts a symbolic link there, whatever it leads to.
    Link,
}

/// The path of a socket or of a link for this program alone, until this is dropped or the process ends.
#[derive(Debug)]
pub struct Claim {
    _listener: UnixListener,
}

impl Claim {
    /// Claims what is at `path`, which need not be there yet.
    pub fn of(path: &Path, usage: Use) -> Result<Claim, ExclusiveError> {
        let failed = |source| ExclusiveError::Failed { path: path.to_owned(), source };
        let name = claim_name(path, usage);
        let address = SocketAddr::from_abstract_name(&name).map_err(failed)?;
        match UnixListener::bind_addr(&address) {
            Ok(listener) => Ok(Claim { _listener: listener }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                Err(ExclusiveError::InUse { path: path.to_owned(), holder: claimant(&name) })
            }
            Err(source) => Err(failed(source)),
        }
    }
}

/// A socket's path to bind, ours alone; the socket goes when this is dropped.
#[derive(Debug)]
pub struct BoundPath {
    path: PathBuf,
    _claim: Claim,
}

impl BoundPath {
    /// Claims `path`, and removes a socket nobody listens at any more. One that is alive stays, and so does any other
    /// file.
    pub fn claim(path: &Path) -> Result<BoundPath, ExclusiveError> {
        let failed = |source| ExclusiveError::Failed { path: path.to_owned(), source };
        let claim = Claim::of(path, Use::Bind)?;
        match std::fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => {
                return Err(ExclusiveError::NotASocket { path: path.to_owned() });
            }
            // A program that knows nothing of claims.
            Ok(_) if is_alive(path) => {
                return Err(ExclusiveError::InUse { path: path.to_owned(), holder: listener(path) });
            }
            Ok(_) => std::fs::remove_file(path).map_err(failed)?,
            Err(_) => {}
        }
        Ok(BoundPath { path: path.to_owned(), _claim: claim })
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for BoundPath {
    fn drop(&mut self) {
        // Nobody else of ours can have bound it since. It may be gone already.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Locks an open device for this program alone; `path` is the name it was opened by.
pub fn lock_device(file: impl AsFd, path: &Path) -> Result<(), ExclusiveError> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(Errno::AGAIN) => {
            Err(ExclusiveError::InUse { path: path.to_owned(), holder: device_holder(path) })
        }
        Err(errno) => Err(ExclusiveError::Failed { path: path.to_owned(), source: errno.into() }),
    }
}

/// Who of ours uses the device or socket at `path`: who has locked the device, or connected to the socket.
pub fn holder(path: &Path) -> Option<Holder> {
    device_holder(path).or_else(|| claimant(&claim_name(path, Use::Connect)))
}

/// Who has locked a device. The kernel's own list is asked: no lock file can be stale, foreign or left behind.
pub fn device_holder(path: &Path) -> Option<Holder> {
    let about = rustix::fs::stat(path).ok()?;
    let (major, minor) = (rustix::fs::major(about.st_dev), rustix::fs::minor(about.st_dev));
    let device = format!("{major:02x}:{minor:02x}:{}", about.st_ino);
    let locks = crate::files::read_text("/proc/locks").ok()?;
    holder_in(&locks, &device).map(named)
}

/// Finds the pid in lines such as `1: FLOCK  ADVISORY  WRITE 4711 00:05:1234 0 EOF`.
fn holder_in(locks: &str, device: &str) -> Option<u32> {
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (kind, pid, place) = (words.get(1)?, words.get(4)?, words.get(5)?);
        if *kind == "FLOCK" && *place == device { pid.parse().ok() } else { None }
    })
}

/// The name of a claim: the path by its one real name. A longer one is known by its end.
fn claim_name(path: &Path, usage: Use) -> Vec<u8> {
    // A link is not followed: it leads elsewhere each time.
    let whole = path.canonicalize().ok().filter(|_| usage != Use::Link);
    let real = whole.or_else(|| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Some(folder.unwrap_or(Path::new(".")).canonicalize().ok()?.join(path.file_name()?))
    });
    let real = real.unwrap_or_else(|| path.to_owned()).into_os_string().into_encoded_bytes();
    let usage = match usage {
        Use::Bind => b"gaitway bind ".as_slice(),
        Use::Connect => b"gaitway use ".as_slice(),
        Use::Link => b"gaitway link ".as_slice(),
    };
    let end = real.get(real.len().saturating_sub(MAX_NAME - usage.len())..).unwrap_or_default();
    [usage, end].concat()
}

/// Who holds a claim.
fn claimant(name: &[u8]) -> Option<Holder> {
    let address = SocketAddr::from_abstract_name(name).ok()?;
    peer(&UnixStream::connect_addr(&address).ok()?)
}

/// Who listens at a socket; only one of streams tells, and one whose queue is full does not.
fn listener(path: &Path) -> Option<Holder> {
    peer(&knock(path, SocketType::STREAM).ok()?)
}

/// Connects without waiting for anybody.
fn knock(path: &Path, kind: SocketType) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, kind, flags, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}

fn peer(stream: impl AsFd) -> Option<Holder> {
    let credentials = sockopt::socket_peercred(stream).ok()?;
    Some(named(u32::try_from(credentials.pid.as_raw_nonzero().get()).ok()?))
}

fn named(pid: u32) -> Holder {
    let name = crate::files::read_text(format!("/proc/{pid}/comm")).unwrap_or_default();
    Holder { pid, name: name.trim_end().to_owned() }
}

/// True where somebody has bound the socket at `path`; never waits for them.
fn is_alive(path: &Path) -> bool {
    // One whose queue is full, and one that may not be asked, is there all the same.
    let is_dead =
        |kind| matches!(knock(path, kind), Err(Errno::CONNREFUSED | Errno::NOENT | Errno::PROTOTYPE));
    !(is_dead(SocketType::STREAM) && is_dead(SocketType::DGRAM))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("gaitway-exclusive-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_live_socket_of_either_kind_stays_and_a_dead_one_goes() {
        let path = scratch("alive");
        let stream = UnixListener::bind(&path).unwrap();
        let refused = BoundPath::claim(&path).unwrap_err();
        let us = std::process::id();
        assert!(matches!(&refused, ExclusiveError::InUse { holder: Some(holder), .. } if holder.pid == us));
        // Its queue is full with those that asked: who waits for a place there waits for ever.
        rustix::net::listen(&stream, 0).unwrap();
        BoundPath::claim(&path).unwrap_err();
        drop(stream);
        drop(BoundPath::claim(&path).unwrap());
        let datagram = UnixDatagram::bind(&path).unwrap();
        assert!(matches!(BoundPath::claim(&path), Err(ExclusiveError::InUse { holder: None, .. })));
        drop(datagram);
        assert!(path.exists(), "left behind");
        let bound = BoundPath::claim(&path).unwrap();
        assert!(!path.exists() && bound.path() == path);
    }

    #[test]
    fn a_claim_is_of_the_path_by_any_name_and_names_its_holder() {
        let folder = scratch("folder");
        std::fs::create_dir_all(&folder).unwrap();
        let (path, detour) =
            (folder.join("i2c"), folder.join("../").join(folder.file_name().unwrap()).join("i2c"));
        let claim = Claim::of(&path, Use::Connect).unwrap();
        let refused = Claim::of(&detour, Use::Connect).unwrap_err();
        assert!(
            refused.to_string().contains(&format!("in use by process {}", std::process::id())),
            "{refused}"
        );
        assert!(refused.hint().contains("end process"));
        assert_eq!(holder(&detour).map(|holder| holder.pid), Some(std::process::id()));
        // Who serves it is another.
        drop(Claim::of(&path, Use::Bind).unwrap());
        drop(claim);
        assert_eq!(holder(&path), None);
        drop(Claim::of(&detour, Use::Connect).unwrap());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_is_never_touched() {
        let path = scratch("file");
        std::fs::write(&path, "precious").unwrap();
        assert!(matches!(BoundPath::claim(&path), Err(ExclusiveError::NotASocket { .. })));
        assert_eq!(crate::files::read_text(&path).unwrap(), "precious");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn long_paths_have_a_name() {
        let path = scratch("folder").join("x".repeat(200));
        assert_eq!(claim_name(&path, Use::Bind).len(), MAX_NAME);
        drop(Claim::of(&path, Use::Bind).unwrap());
    }
}
