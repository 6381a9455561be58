//! Which instantiation of the kernels runs: the widest this CPU has, or the one the user forces.

use std::fmt;
use std::str::FromStr;

/// The environment variable that forces a path.
const VARIABLE: &str = "GAITWAY_CPU";

/// One instantiation of the kernels. All give the same bits; they differ in speed only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CpuPath {
    /// x86 with AVX-512 (F, BW, DQ, VL): 16 lanes.
    Avx512,
    /// x86 with AVX2: 8 lanes.
    Avx2,
    /// x86 with SSE2, which every x86-64 has: 4 lanes.
    Sse2,
    /// aarch64, which always has it: 4 lanes. Not 32-bit ARM, whose NEON flushes denormals to zero.
    Neon,
    /// Whatever the compiler's baseline for the target is. Always available.
    Scalar,
}

impl CpuPath {
    const ALL: [CpuPath; 5] = [CpuPath::Avx512, CpuPath::Avx2, CpuPath::Sse2, CpuPath::Neon, CpuPath::Scalar];

    /// The fastest path this CPU can run.
    pub fn detect() -> CpuPath {
        Self::ALL.into_iter().find(|path| path.is_available()).unwrap_or(CpuPath::Scalar)
    }

    /// Every path this CPU can run, the fastest first.
    pub fn available() -> Vec<CpuPath> {
        Self::ALL.into_iter().filter(|path| path.is_available()).collect()
    }

    /// Whether this CPU can run the path.
    pub fn is_available(self) -> bool {
        match self {
            CpuPath::Avx512 => has_avx512(),
            CpuPath::Avx2 => has_avx2(),
            CpuPath::Sse2 => cfg!(target_feature = "sse2"),
            CpuPath::Neon => cfg!(target_arch = "aarch64"),
            CpuPath::Scalar => true,
        }
    }

    /// The path the environment variable `GAITWAY_CPU` names, or the detected one where it is not set.
    ///
    /// # Errors
    /// Where the variable names no path, or one that this CPU lacks.
    pub fn from_environment() -> Result<CpuPath, CpuPathError> {
        match std::env::var_os(VARIABLE) {
            Some(value) => value.to_string_lossy().parse::<CpuPath>()?.require(),
            None => Ok(CpuPath::detect()),
        }
    }

    /// The path itself where this CPU can run it.
    ///
    /// # Errors
    /// `CpuPathError::Unavailable` where it cannot.
    pub fn require(self) -> Result<CpuPath, CpuPathError> {
        if self.is_available() { Ok(self) } else { Err(CpuPathError::Unavailable { path: self }) }
    }

    /// The lower-case name, as `FromStr` reads it.
    pub fn name(self) -> &'static str {
        match self {
            CpuPath::Avx512 => "avx512",
            CpuPath::Avx2 => "avx2",
            CpuPath::Sse2 => "sse2",
            CpuPath::Neon => "neon",
            CpuPath::Scalar => "scalar",
        }
    }
}

impl fmt::Display for CpuPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CpuPath {
    type Err = CpuPathError;

    fn from_str(name: &str) -> Result<CpuPath, CpuPathError> {
        Self::ALL
            .into_iter()
            .find(|path| path.name() == name)
            .ok_or_else(|| CpuPathError::Unknown { name: name.to_owned() })
    }
}

/// A kernel path that does not exist, or not on this CPU.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CpuPathError {
    /// No path has this name.
    #[error("{name:?} is no CPU path; this CPU can run: {}", available_names())]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The path exists, but this CPU cannot run it.
    #[error("this CPU cannot run the CPU path {path}; it can run: {}", available_names())]
    Unavailable {
        /// What was asked for.
        path: CpuPath,
    },
}

fn available_names() -> String {
    CpuPath::available().into_iter().map(CpuPath::name).collect::<Vec<_>>().join(", ")
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
fn has_avx512() -> bool {
    false
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
fn has_avx2() -> bool {
    false
}
