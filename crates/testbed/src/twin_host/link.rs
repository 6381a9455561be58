//! The link by which programs find the pseudo-terminal, whatever its number.

use crate::twin_host::error::TwinHostError;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where the system keeps its pseudo-terminals.
const PSEUDO_TERMINALS: &str = "/dev/pts";

/// A symbolic link that is there as long as this is.
#[derive(Debug)]
pub(super) struct Link {
    path: PathBuf,
    target: PathBuf,
}

impl Link {
    /// Makes `path` a link to `target`. A link that a twin has left behind is replaced, anything else never.
    pub fn make(path: &Path, target: &Path) -> Result<Link, TwinHostError> {
        let failed = |error| TwinHostError::Link { path: path.to_owned(), error };
        match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
            Ok(_) => remove_leftover(path)?,
        }
        std::os::unix::fs::symlink(target, path).map_err(failed)?;
        Ok(Link { path: path.to_owned(), target: target.to_owned() })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Somebody else's by now: it stays.
        if std::fs::read_link(&self.path).is_ok_and(|target| target == self.target) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Removes a link to nothing or to a pseudo-terminal.
fn remove_leftover(path: &Path) -> Result<(), TwinHostError> {
    let taken = |found| TwinHostError::LinkTaken { path: path.to_owned(), found };
    let target = std::fs::read_link(path).map_err(|_| taken("a file or a folder".to_owned()))?;
    if path.exists() && !target.starts_with(PSEUDO_TERMINALS) {
        return Err(taken(format!("a link to {}", target.display())));
    }
    std::fs::remove_file(path).map_err(|error| TwinHostError::Link { path: path.to_owned(), error })
}
