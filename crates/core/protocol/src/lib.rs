//! The local API: what clients of a running robot ask, and what it answers.
//!
//! A connection is a stream of lines, each one JSON object. A client says `hello` first. A request with an `id` is
//! answered by a message with the same `id`; one without is answered where there is something to tell: what was asked
//! for, a refusal, a limit. What was subscribed comes without an `id`, the latest value only.
//!
//! Nothing here opens a socket or knows a robot: `runtime::api` serves these messages.

mod limits;
mod names;
mod refusal;
mod reply;
mod request;
mod schema;
mod telemetry;

pub use limits::{
    LEASE_SECONDS, MAX_AXES, MAX_DEADLINE_NS, MAX_GAIT_TRIM, MAX_LINE_BYTES, MAX_RATE_HZ, MIN_RATE_HZ,
    PROTOCOL_VERSION,
};
pub use names::{Mode, Source, Topic};
pub use refusal::{Code, Refusal};
pub use reply::{
    Accepted, AxisInfo, Clock, CommandFate, Fate, Hello, LeaseGranted, Limit, PolicyInfo, Reply, ReplyBody,
};
pub use request::{Ask, Request};
pub use schema::json_schema;
pub use telemetry::{FaultStatus, Implausible, JointLimit, JointStatus, Status, Trim, WaitsFor};
