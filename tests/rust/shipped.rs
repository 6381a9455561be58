//! The robot that ships, for tests that need a whole one.

/// Its profile.
#[allow(dead_code, reason = "each test file uses a part")]
pub const SHIPPED: &str = include_str!("../../python/gaitway/robots/open_duck_mini_v2/profile.toml");

/// The contracts of policies that carry none, and of its own.
#[allow(dead_code, reason = "each test file uses a part")]
pub const SHIPPED_CONTRACTS: [&str; 2] = [
    include_str!("../../python/gaitway/robots/open_duck_mini_v2/contracts/open_duck_walk.json"),
    include_str!("../../python/gaitway/robots/open_duck_mini_v2/contracts/gaitway_walk.json"),
];

/// Its default policy.
#[allow(dead_code, reason = "each test file uses a part")]
pub const SHIPPED_POLICY: &[u8] = include_bytes!("../../python/gaitway/robots/open_duck_mini_v2/walk.onnx");
