//! A client wants another policy: its file is looked at. A robot that is limp starts again with it; one that runs goes
//! over to it, where the program can do that.

use crate::api::leases::{ClientId, LeaseTable};
use crate::api::policies::{LiveSwap, Looked};
use crate::api::robot::ApiRobot;
use gaitway_protocol::{Code, Refusal, Reply, ReplyBody};
use std::fmt;
use std::sync::mpsc::{Receiver, TryRecvError};

/// The loop takes a policy within so long, ns: at the latest when it has waited for a safe phase in vain.
const TAKEN_WITHIN_NS: u64 = 5_000_000_000;

/// A policy that a client wants, while it is looked at or on its way to the loop.
pub(super) struct PolicyChange {
    id: Option<u64>,
    client: ClientId,
    lease: u64,
    name: String,
    found: Receiver<Looked>,
    /// On its way to the loop, since when.
    given: Option<(Box<dyn LiveSwap>, u64)>,
}

impl fmt::Debug for PolicyChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PolicyChange").field("name", &self.name).finish_non_exhaustive()
    }
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
        let found = robot.policies.check(name, runs(robot))?;
        Ok(PolicyChange { id, client, lease, name: name.to_owned(), found, given: None })
    }

    /// What came of it; `None` while it is looked at.
    pub fn answer(&mut self, robot: &ApiRobot, leases: &LeaseTable, now_ns: u64) -> Option<Reply> {
        if let Some((swap, since_ns)) = &mut self.given {
            if swap.is_taken() {
                robot.policies.runs(&self.name);
                robot.runs(swap.contract());
                return Some(Reply::new(self.id, ReplyBody::done()));
            }
            let is_late = now_ns > *since_ns + TAKEN_WITHIN_NS;
            let refusal =
                || impossible("the control loop has not taken the policy", "see whether gaitwayd still runs");
            return is_late.then(|| Reply::new(self.id, ReplyBody::Refused(refusal())));
        }
        let found = match self.found.try_recv() {
            Ok(found) => found,
            Err(TryRecvError::Empty) => return None,
            // It panicked, which a file from outside must not bring about.
            Err(TryRecvError::Disconnected) => Err(impossible("looking at it broke off", REPORT)),
        };
        // Meanwhile the lease may have ended, or somebody may have stopped the robot.
        let found = found.and_then(|ready| {
            refuse(self.client, self.lease, robot, leases, now_ns)?;
            match ready {
                Some(mut swap) => {
                    swap.give()?;
                    Ok(Some(swap))
                }
                // It was limp when it was looked at.
                None if runs(robot) => Err(impossible("the robot has got up meanwhile", "ask again")),
                None => Ok(None),
            }
        });
        let body = match found {
            Ok(Some(swap)) => {
                self.given = Some((swap, now_ns));
                return None;
            }
            Ok(None) if robot.policies.want(&self.name) => ReplyBody::done(),
            Ok(None) => {
                ReplyBody::Refused(impossible("the robot changes to another policy already", "connect again"))
            }
            Err(refusal) => ReplyBody::Refused(refusal),
        };
        Some(Reply::new(self.id, body))
    }
}

const REPORT: &str = "this is a bug: please report it";

/// True for a robot whose servos are driven, and which can go over to another policy all the same.
fn runs(robot: &ApiRobot) -> bool {
    robot.policies.is_live() && robot.status().is_some_and(|status| status.state.is_powered())
}

/// Why the robot must not have another policy now. A start forgets stops and faults, which only somebody at the robot may
/// do.
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
    if status.state.is_powered() && !robot.policies.is_live() {
        let message = format!("expected the robot limp, found it {}", status.state.name());
        let hint = "make it limp first, on its stand or where it may sit down: it starts again limp";
        return Err(impossible(&message, hint));
    }
    Ok(())
}

fn impossible(message: &str, hint: &str) -> Refusal {
    Refusal::new(Code::NotPossible, message, hint)
}
