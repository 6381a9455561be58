//! One client: what it has asked for, and what it is answered. It knows no socket and no clock.

use crate::api::leases::{ClientId, LeaseTable};
use crate::api::policy_change::PolicyChange;
use crate::api::robot::ApiRobot;
use crate::robot::mailbox::NotAtTheRobot;
use gaitway_control::arbiter;
use gaitway_control::supervisor::{RequestedMode, State};
use gaitway_platform::budget::Budget;
use gaitway_protocol::{
    Accepted, Ask, Clock, Code, CommandFate, Fate, Mode, Refusal, Reply, ReplyBody, Request, Topic,
};

/// Requests that are answered at once, and in each second from then on.
const REQUESTS: u32 = 200;
const REQUESTS_PER_SECOND: u32 = 400;

/// A client of the robot.
#[derive(Debug)]
pub(super) struct Session {
    id: ClientId,
    /// What it calls itself; none before its hello.
    name: Option<String>,
    requests: Budget,
    topics: Vec<Topic>,
    every_ns: u64,
    due_ns: u64,
    /// A policy that it wants, while it is looked at.
    change: Option<PolicyChange>,
}

impl Session {
    /// A client that has said nothing yet.
    pub fn new(id: ClientId) -> Session {
        let requests = Budget::new(REQUESTS, REQUESTS_PER_SECOND);
        let (every_ns, due_ns) = (u64::MAX, u64::MAX);
        Session { id, name: None, requests, topics: Vec::new(), every_ns, due_ns, change: None }
    }

    /// What it calls itself.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Answers a line, where there is something to answer. Of a flood most lines are refused unread, once a second;
    /// never one that stops the robot.
    pub fn hear(
        &mut self,
        line: &[u8],
        robot: &ApiRobot,
        leases: &mut LeaseTable,
        now_ns: u64,
    ) -> Option<Reply> {
        let has_room = self.requests.take(now_ns);
        if !has_room && !is_stop(line) {
            return self.requests.left_out(now_ns).map(|count| Reply::new(None, too_fast(count)));
        }
        let request = match Request::from_line(line) {
            Ok(request) => request,
            Err((id, refusal)) => return Some(Reply::new(id, ReplyBody::Refused(refusal))),
        };
        if let Ask::Policy { name, lease } = &request.ask {
            let refused = self.begin_change(request.id, (name, *lease), robot, leases, now_ns).err();
            return refused.map(|refusal| Reply::new(request.id, ReplyBody::Refused(refusal)));
        }
        let body = self.answer(&request.ask, robot, leases, now_ns).unwrap_or_else(ReplyBody::Refused);
        let is_news = match &body {
            ReplyBody::Accepted(_) => false,
            ReplyBody::Fate(fate) => fate.fate != Fate::Followed || !fate.limits.is_empty(),
            _ => true,
        };
        (request.id.is_some() || is_news).then(|| Reply::new(request.id, body))
    }

    /// When its next messages are due, ns.
    pub fn due_ns(&self) -> u64 {
        self.due_ns
    }

    /// The answer to who wanted another policy, once there is one.
    pub fn take_changed(&mut self, robot: &ApiRobot, leases: &LeaseTable, now_ns: u64) -> Option<Reply> {
        let reply = self.change.as_mut()?.answer(robot, leases, now_ns)?;
        self.change = None;
        Some(reply)
    }

    /// The messages it has subscribed to, where they are due. What it missed is not sent later.
    pub fn tell(&mut self, robot: &ApiRobot, leases: &LeaseTable, now_ns: u64) -> Vec<Reply> {
        if now_ns < self.due_ns {
            return Vec::new();
        }
        self.due_ns = (self.due_ns + self.every_ns).max(now_ns);
        let Some(status) = robot.status() else { return Vec::new() };
        let message = |topic: &Topic| Reply::new(None, robot.topic(*topic, &status, leases, now_ns));
        self.topics.iter().map(message).collect()
    }

    /// The messages that are due are left out: it has not read those before them.
    pub fn miss(&mut self, now_ns: u64) {
        if now_ns >= self.due_ns {
            self.due_ns = now_ns.saturating_add(self.every_ns);
        }
    }

    fn answer(
        &mut self,
        ask: &Ask,
        robot: &ApiRobot,
        leases: &mut LeaseTable,
        now_ns: u64,
    ) -> Result<ReplyBody, Refusal> {
        if let Ask::Stop {} = ask {
            // Whoever it is.
            leases.stop(arbiter::Source::Network, self.name.as_deref());
            return Ok(ReplyBody::done());
        }
        if let Ask::Hello { client, .. } = ask {
            self.name = Some(client.clone());
            return Ok(ReplyBody::Hello(robot.hello(now_ns)));
        }
        let name = self.name.as_ref().ok_or_else(no_hello)?;
        match ask {
            Ask::Hello { .. } | Ask::Stop {} | Ask::Policy { .. } => Ok(ReplyBody::done()),
            Ask::Clock {} => Ok(ReplyBody::Clock(Clock { clock_ns: now_ns })),
            Ask::Subscribe { topics, rate_hz } => {
                self.subscribe(topics, *rate_hz, now_ns);
                Ok(ReplyBody::done())
            }
            Ask::Lease { source, seconds, lease } => {
                leases.grant((self.id, name), *source, *seconds, *lease, now_ns).map(ReplyBody::Lease)
            }
            Ask::Release { lease } => leases.release(self.id, *lease, now_ns).map(|()| ReplyBody::done()),
            Ask::Command { lease, sequence, deadline_ns, axes } => {
                let command = robot.command(axes)?;
                robot.refuse_while_stopped()?;
                let order = (*lease, *sequence, *deadline_ns);
                let source = leases.command(self.id, order, &command, now_ns)?;
                let (fate, limits) = (fate(robot, source, now_ns), robot.limits(&command));
                Ok(ReplyBody::Fate(CommandFate { sequence: *sequence, fate, limits }))
            }
            Ask::Mode { mode, lease } => self.mode(*mode, *lease, robot, leases, now_ns),
            Ask::ClearStop {} => {
                robot.mailbox.clear_emergency_stop(arbiter::Source::Network).map_err(only_at_the_robot)?;
                Ok(ReplyBody::done())
            }
            Ask::Policies {} => Ok(ReplyBody::Policies { policies: robot.policies.list() }),
            Ask::Trim { lease, axes, gait_speed } => {
                let source = leases.source_of(self.id, *lease, now_ns)?;
                leases.refuse_stronger(source, now_ns)?;
                leases.set_trim(robot.trim(axes, *gait_speed)?);
                Ok(ReplyBody::done())
            }
            Ask::Mark { text } => robot.mark(text).map(|()| ReplyBody::done()),
        }
    }

    fn subscribe(&mut self, topics: &[Topic], rate_hz: f64, now_ns: u64) {
        self.topics = topics.to_vec();
        self.topics.sort_unstable();
        self.topics.dedup();
        self.every_ns = (1e9 / rate_hz) as u64;
        self.due_ns = if self.topics.is_empty() { u64::MAX } else { now_ns };
    }

    fn begin_change(
        &mut self,
        id: Option<u64>,
        wanted: (&str, u64),
        robot: &ApiRobot,
        leases: &LeaseTable,
        now_ns: u64,
    ) -> Result<(), Refusal> {
        self.name.as_ref().ok_or_else(no_hello)?;
        if self.change.is_some() {
            let message = "a policy is looked at already";
            return Err(Refusal::new(Code::NotPossible, message, "wait for the answer"));
        }
        self.change = Some(PolicyChange::begin((id, self.id), wanted, robot, leases, now_ns)?);
        Ok(())
    }

    /// Everybody may make the robot limp, and who has a lease everything else.
    fn mode(
        &self,
        mode: Mode,
        lease: Option<u64>,
        robot: &ApiRobot,
        leases: &LeaseTable,
        now_ns: u64,
    ) -> Result<ReplyBody, Refusal> {
        let source = match (mode, lease) {
            // With a lease or without, one that has ended too.
            (Mode::Limp, _) => arbiter::Source::Network,
            (_, Some(lease)) => leases.source_of(self.id, lease, now_ns)?,
            (_, None) => {
                let hint = "ask for a lease first; limp and stop need none";
                return Err(Refusal::new(Code::NoLease, "expected a lease, found none", hint));
            }
        };
        if mode == Mode::Off {
            robot.mailbox.limp_at_once(source);
            return Ok(ReplyBody::Accepted(Accepted { mode: Some(Mode::Off) }));
        }
        if mode != Mode::Limp {
            robot.refuse_while_stopped()?;
            leases.refuse_stronger(source, now_ns)?;
        }
        robot.mailbox.wish_of(source, requested(mode)).map_err(only_at_the_robot)?;
        let wanted = if mode == Mode::Run && !robot.mailbox.may_walk() { Mode::Stand } else { mode };
        Ok(ReplyBody::Accepted(Accepted { mode: Some(wanted) }))
    }
}

/// Read before anything else is: a client that says too much may still stop the robot.
pub(super) fn is_stop(line: &[u8]) -> bool {
    matches!(Request::from_line(line), Ok(Request { ask: Ask::Stop {}, .. }))
}

fn requested(mode: Mode) -> RequestedMode {
    match mode {
        Mode::Off | Mode::Limp => RequestedMode::Limp,
        Mode::Stand => RequestedMode::Stand,
        Mode::Run => RequestedMode::Walk,
    }
}

fn fate(robot: &ApiRobot, source: arbiter::Source, now_ns: u64) -> Fate {
    let offers = robot.mailbox.offers();
    let stronger = offers.iter().skip(source as usize + 1).flatten();
    if stronger.into_iter().any(|offer| now_ns < offer.expires_ns) {
        return Fate::Overridden;
    }
    match robot.status() {
        Some(status) if status.state == State::Running => Fate::Followed,
        _ => Fate::NotRunning,
    }
}

fn no_hello() -> Refusal {
    let hint = "begin with {\"kind\": \"hello\", \"protocol\": 1, \"client\": NAME}";
    Refusal::new(Code::NoHello, "expected hello first, found another request", hint)
}

fn only_at_the_robot(refused: NotAtTheRobot) -> Refusal {
    Refusal::new(Code::OnlyAtTheRobot, refused.to_string(), refused.hint())
}

fn too_fast(count: u64) -> ReplyBody {
    let message = format!("expected at most {REQUESTS_PER_SECOND} requests a second, found {count} more");
    ReplyBody::Refused(Refusal::new(Code::TooFast, message, "say less; stop is always heard"))
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
