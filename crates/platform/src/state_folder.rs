//! Where Gaitway's programs keep what they write by themselves.

use std::ffi::OsString;
use std::path::PathBuf;

/// Of the machine, where it is nobody's own.
const OF_THE_MACHINE: &str = "/var/lib/gaitway";

/// The folder: where programs of this person keep their state, else of the machine.
pub fn state_folder() -> PathBuf {
    of(std::env::var_os("XDG_STATE_HOME"), std::env::var_os("HOME"))
}

/// A path that is empty or counted from the working folder is none: the XDG specification has it so, too.
fn of(state: Option<OsString>, home: Option<OsString>) -> PathBuf {
    let whole = |path: Option<OsString>| path.map(PathBuf::from).filter(|path| path.is_absolute());
    let state = whole(state).or_else(|| Some(whole(home)?.join(".local/state")));
    state.map_or_else(|| PathBuf::from(OF_THE_MACHINE), |folder| folder.join("gaitway"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_empty_or_relative_is_none() {
        let found = |state: Option<&str>, home: Option<&str>| of(state.map(Into::into), home.map(Into::into));
        assert_eq!(found(Some("/s"), Some("/h")), PathBuf::from("/s/gaitway"));
        for state in [None, Some(""), Some("s"), Some("./s"), Some("~/s")] {
            assert_eq!(found(state, Some("/h")), PathBuf::from("/h/.local/state/gaitway"), "{state:?}");
            for home in [None, Some(""), Some("h"), Some(".")] {
                assert_eq!(found(state, home), PathBuf::from(OF_THE_MACHINE), "{state:?} {home:?}");
            }
        }
    }
}
