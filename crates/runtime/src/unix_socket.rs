//! Places in the file system that one program at a time has: sockets, and links to pseudo-terminals.

use crate::files;
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Longest part of a name that goes into a claim: an address has 107 bytes.
const NAME_BYTES: usize = 40;

/// Makes room for a socket at `path`: one nobody listens at any more is removed. Refuses where somebody does, and names
/// who; refuses what is no socket.
pub(crate) fn make_room(path: &Path) -> io::Result<()> {
    let address = SocketAddrUnix::new(path)?;
    if let Some(holder) = listener_at(&address) {
        return Err(taken(&holder));
    }
    match std::fs::symlink_metadata(path) {
        Ok(about) if about.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(io::Error::new(
            ErrorKind::AlreadyExists,
            "expected a free path or an old socket, found a file",
        )),
        Err(_) => Ok(()),
    }
}

/// A place that is this program's until it ends, however it ends.
#[derive(Debug)]
pub(crate) struct Claim(#[expect(dead_code, reason = "the kernel frees its name when it is closed")] OwnedFd);

impl Claim {
    /// Claims `path`, whatever is there. Refuses where another program, or another part of this, has claimed it.
    pub fn of(path: &Path) -> io::Result<Claim> {
        let address = address_of(path)?;
        let socket = socket()?;
        match rustix::net::bind(&socket, &address) {
            Err(Errno::ADDRINUSE) => Err(taken(&listener_at(&address).unwrap_or_default())),
            bound => {
                bound?;
                rustix::net::listen(&socket, 1)?;
                Ok(Claim(socket))
            }
        }
    }
}

/// An address in no folder, which is gone with the program: folder by its number, and the name in it.
fn address_of(path: &Path) -> io::Result<SocketAddrUnix> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = std::fs::metadata(parent.unwrap_or(&PathBuf::from(".")))?;
    let name = path.file_name().unwrap_or_default().as_bytes();
    let end = &name[name.len().saturating_sub(NAME_BYTES)..];
    let text = format!("gaitway/{:x}/{:x}/{:x}/", folder.dev(), folder.ino(), name.len());
    Ok(SocketAddrUnix::new_abstract_name(&[text.as_bytes(), end].concat())?)
}

/// Who listens there, as far as it is known; never waits for them.
fn listener_at(address: &SocketAddrUnix) -> Option<String> {
    let knocking = socket().ok()?;
    match rustix::net::connect(&knocking, address) {
        Ok(()) => {}
        // One whose queue is full is there all the same.
        Err(Errno::AGAIN) => return Some(String::new()),
        Err(_) => return None,
    }
    let pid = socket_peercred(&knocking).ok()?.pid.as_raw_nonzero();
    let name = files::read_text(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(format!("{} (process {pid})", name.trim()))
}

fn taken(holder: &str) -> io::Error {
    let holder = if holder.is_empty() { "another program" } else { holder };
    io::Error::new(ErrorKind::AddrInUse, format!("expected a place nobody uses, found {holder} there"))
}

fn socket() -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}
