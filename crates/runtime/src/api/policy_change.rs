//! A client wants another policy: its file is looked at, and the robot must be limp, then and when it starts again.

use crate::api::leases::{ClientId, LeaseTable};
use crate::api::robot::ApiRobot;
use gaitway_protocol::{Code, Refusal, Reply, ReplyBody};
use std::sync::mpsc::{Receiver, TryRecvError};

/// A policy that a client wants, while it is looked at.
#[derive(Debug)]
pub(super) struct PolicyChange {
    id: Option<u64>,
    client: ClientId,
    lease: u64,
    name: String,
    found: Receiver<Result<(), Refusal>>,
}

impl PolicyChange {
    /// Begins to look at the policy of this name, for the client that has this lease.
    pub fn begin(
        (id, client): (Option<u64>, ClientId),
        (name, lease): (&str, u64),
        robot: &ApiRobot,
        leases: &LeaseTable,
        now_ns: u64,
    ) -> Result<PolicyChange, Refusal> {
        robot.policies.find(name)?;
        refuse(client, lease, robot, leases, now_ns)?;
        let found = robot.policies.check(name)?;
        Ok(PolicyChange { id, client, lease, name: name.to_owned(), found })
    }

    /// What came of it; `None` while it is looked at.
    pub fn answer(&self, robot: &ApiRobot, leases: &LeaseTable, now_ns: u64) -> Option<Reply> {
        let found = match self.found.try_recv() {
            Ok(found) => found,
            Err(TryRecvError::Empty) => return None,
            // It panicked, which a file from outside must not bring about.
            Err(TryRecvError::Disconnected) => Err(impossible("looking at it broke off", REPORT)),
        };
        // Meanwhile the lease may have ended, or somebody may have stopped the robot.
        let found = found.and_then(|()| refuse(self.client, self.lease, robot, leases, now_ns));
        let body = match found {
            Ok(()) if robot.policies.want(&self.name) => ReplyBody::done(),
            Ok(()) => {
                ReplyBody::Refused(impossible("the robot changes to another policy already", "connect again"))
            }
            Err(refusal) => ReplyBody::Refused(refusal),
        };
        Some(Reply::new(self.id, body))
    }
}

const REPORT: &str = "this is a bug: please report it";

/// Why the robot must not start again now. A start forgets stops and faults, which only somebody at the robot may do.
fn refuse(
    client: ClientId,
    lease: u64,
    robot: &ApiRobot,
    leases: &LeaseTable,
    now_ns: u64,
) -> Result<(), Refusal> {
    let source = leases.source_of(client, lease, now_ns)?;
    leases.refuse_stronger(source, now_ns)?;
    robot.refuse_while_stopped()?;
    if robot.mailbox.is_limp_at_the_robot() {
        let hint = "they get it up again, at the terminal it was started from or with its pad";
        return Err(Refusal::new(Code::OnlyAtTheRobot, "somebody at the robot set it limp", hint));
    }
    let status =
        robot.status().ok_or_else(|| impossible("nothing is known of the robot yet", "try again"))?;
    if let Some((kind, _)) = status.fault {
        return Err(impossible(&format!("the robot has a fault: {}", kind.name()), kind.hint()));
    }
    if status.state.is_powered() {
        let message = format!("expected the robot limp, found it {}", status.state.name());
        let hint = "make it limp first, on its stand or where it may sit down: it starts again limp";
        return Err(impossible(&message, hint));
    }
    Ok(())
}

fn impossible(message: &str, hint: &str) -> Refusal {
    Refusal::new(Code::NotPossible, message, hint)
}
