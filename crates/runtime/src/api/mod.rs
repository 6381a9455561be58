//! The local API: clients on a socket, each with a session; none of them is ever waited for.
//!
//! One thread serves all clients. What they want goes into the mailbox, what the robot shows comes out of the status
//! slot: the loop knows nothing of them.

mod client;
mod leases;
mod lines;
mod network;
mod policies;
mod policy_change;
mod robot;
mod secure;
mod server;
mod session;
mod telemetry;

pub(crate) use leases::ClientId;
pub use leases::LeaseTable;
pub use network::NetworkDoor;
pub use policies::{LiveSwap, PolicyShelf};
pub use robot::ApiRobot;
pub use secure::{SecureChannel, SecureError};
pub use server::ApiServer;
