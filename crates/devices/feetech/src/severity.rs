//! How bad a setting of a servo is.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// The robot works worse than it could.
    Warning,
    /// The robot must not move before this is put right.
    Grave,
}
