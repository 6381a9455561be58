//! Who may command: a lease for each source, held by one client at a time, for a while. Commands of every client, those
//! of pads and keys too, go through this table into the mailbox: each source has one writer.

use crate::robot::Mailbox;
use gaitway_control::arbiter::Source;
use gaitway_model::{Command, MAX_AXES};
use gaitway_protocol::{Code, LeaseGranted, MAX_DEADLINE_NS, Refusal, Source as Granted};
use std::sync::Arc;

const SOURCES: usize = Source::ALL.len();

/// A client, as long as its connection lasts.
pub(crate) type ClientId = u64;

/// Leases, and the way of their commands into the mailbox.
#[derive(Debug)]
pub struct LeaseTable {
    mailbox: Arc<Mailbox>,
    holders: [Option<Holder>; SOURCES],
    trim: CommandTrim,
    last_lease: u64,
    last_client: ClientId,
    stopped_by: Option<String>,
}

/// What is added to commands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CommandTrim {
    /// Offsets.
    pub offset: Command,
    /// Which axes are velocities: a robot that was asked for nothing stands, and no trim makes it creep.
    pub is_velocity: [bool; MAX_AXES],
}

#[derive(Debug, Clone)]
struct Holder {
    client: ClientId,
    name: String,
    lease: u64,
    expires_ns: u64,
    last_sequence: Option<u64>,
}

impl LeaseTable {
    /// A table in which nobody holds anything.
    pub fn new(mailbox: Arc<Mailbox>) -> LeaseTable {
        let holders = [const { None }; SOURCES];
        let trim = CommandTrim::default();
        LeaseTable { mailbox, holders, trim, last_lease: 0, last_client: 0, stopped_by: None }
    }

    /// A number for a client that comes.
    pub(crate) fn welcome(&mut self) -> ClientId {
        self.last_client += 1;
        self.last_client
    }

    /// The client that stopped the robot last, by the name it gave.
    pub fn stopped_by(&self) -> Option<&str> {
        self.stopped_by.as_deref()
    }

    /// Emergency stop, whoever asks; the name is kept for the log.
    pub(crate) fn stop(&mut self, source: Source, client: Option<&str>) {
        self.stopped_by = client.map(String::from);
        self.mailbox.set_emergency_stop(source);
    }

    /// A new lease, or one that is renewed. The lease of another client is never taken away before its end.
    pub(super) fn grant(
        &mut self,
        (client, name): (ClientId, &str),
        source: Granted,
        seconds: f64,
        renewed: Option<u64>,
        now_ns: u64,
    ) -> Result<LeaseGranted, Refusal> {
        if let Some(lease) = renewed
            && self.source_of(client, lease, now_ns)? != of_arbiter(source)
        {
            return Err(Refusal::field("source", "that of the lease that is renewed", "another one"));
        }
        let expires_ns = now_ns + (seconds * 1e9) as u64;
        let (lease, expires_ns) = self.hold((client, name), of_arbiter(source), expires_ns, now_ns)?;
        Ok(LeaseGranted { lease, source, expires_ns })
    }

    /// Gives the lease of a source to a client, or lengthens it; never shortens it: what was commanded under it holds
    /// no longer than it does.
    fn hold(
        &mut self,
        (client, name): (ClientId, &str),
        source: Source,
        expires_ns: u64,
        now_ns: u64,
    ) -> Result<(u64, u64), Refusal> {
        let held = self.holders[source as usize].as_mut().filter(|holder| now_ns < holder.expires_ns);
        if let Some(holder) = held {
            if holder.client != client {
                return Err(held_by(holder, now_ns));
            }
            holder.expires_ns = holder.expires_ns.max(expires_ns);
            return Ok((holder.lease, holder.expires_ns));
        }
        self.last_lease += 1;
        let (name, lease) = (name.to_owned(), self.last_lease);
        self.holders[source as usize] = Some(Holder { client, name, lease, expires_ns, last_sequence: None });
        Ok((lease, expires_ns))
    }

    /// A command of a client of this program's own, a pad or keys: it takes the lease with every command, until
    /// `expires_ns`.
    pub(crate) fn steer(
        &mut self,
        client: (ClientId, &str),
        source: Source,
        command: &Command,
        expires_ns: u64,
        now_ns: u64,
    ) -> Result<(), Refusal> {
        self.hold(client, source, expires_ns, now_ns)?;
        self.offer(source, command, expires_ns);
        Ok(())
    }

    /// The source of a lease that holds.
    pub(super) fn source_of(&self, client: ClientId, lease: u64, now_ns: u64) -> Result<Source, Refusal> {
        let is_it = |holder: &Holder| holder.lease == lease && holder.client == client;
        for source in Source::ALL {
            match &self.holders[source as usize] {
                Some(holder) if is_it(holder) && now_ns < holder.expires_ns => return Ok(source),
                Some(holder) if is_it(holder) => return Err(no_lease(format!("lease {lease} has ended"))),
                _ => {}
            }
        }
        Err(no_lease(format!("expected a lease of this client, found {lease}")))
    }

    /// Name of the client that holds the strongest lease.
    pub(crate) fn strongest(&self, now_ns: u64) -> Option<&str> {
        let mut holders = self.holders.iter().rev().flatten();
        holders.find(|holder| now_ns < holder.expires_ns).map(|holder| holder.name.as_str())
    }

    /// Who has control in spite of a lease of `source`.
    pub(super) fn refuse_stronger(&self, source: Source, now_ns: u64) -> Result<(), Refusal> {
        let mut stronger = self.holders.iter().skip(source as usize + 1).rev().flatten();
        match stronger.find(|holder| now_ns < holder.expires_ns) {
            Some(holder) => Err(held_by(holder, now_ns)),
            None => Ok(()),
        }
    }

    /// Who else holds the lease of a source.
    pub(crate) fn refuse_another(
        &self,
        client: ClientId,
        source: Source,
        now_ns: u64,
    ) -> Result<(), Refusal> {
        match &self.holders[source as usize] {
            Some(holder) if holder.client != client && now_ns < holder.expires_ns => {
                Err(held_by(holder, now_ns))
            }
            _ => Ok(()),
        }
    }

    /// Puts a command into the mailbox, until its deadline or the end of its lease.
    pub(super) fn command(
        &mut self,
        client: ClientId,
        (lease, sequence, deadline_ns): (u64, u64, u64),
        command: &Command,
        now_ns: u64,
    ) -> Result<Source, Refusal> {
        let source = self.source_of(client, lease, now_ns)?;
        let Some(holder) = &mut self.holders[source as usize] else {
            return Err(no_lease("no lease".to_owned()));
        };
        if let Some(last) = holder.last_sequence.filter(|last| sequence <= *last) {
            return Err(late("sequence", format!("more than {last}"), sequence));
        }
        if deadline_ns <= now_ns {
            return Err(late("deadline_ns", format!("one after {now_ns}, which is now"), deadline_ns));
        }
        if deadline_ns - now_ns > MAX_DEADLINE_NS {
            let expected = format!("at most {}, a second from now", now_ns + MAX_DEADLINE_NS);
            return Err(Refusal::field("deadline_ns", &expected, deadline_ns));
        }
        holder.last_sequence = Some(sequence);
        let expires_ns = deadline_ns.min(holder.expires_ns);
        self.offer(source, command, expires_ns);
        Ok(source)
    }

    /// What is added to commands from the next one on.
    pub(super) fn set_trim(&mut self, trim: CommandTrim) {
        self.trim = trim;
    }

    /// See [`LeaseTable::set_trim`].
    pub(super) fn trim(&self) -> &Command {
        &self.trim.offset
    }

    fn offer(&self, source: Source, command: &Command, expires_ns: u64) {
        self.mailbox.offer(source, &self.trim.applied(command), expires_ns);
    }

    /// Gives a lease up: the velocity eases to zero.
    pub(super) fn release(&mut self, client: ClientId, lease: u64, now_ns: u64) -> Result<(), Refusal> {
        let source = self.source_of(client, lease, now_ns)?;
        self.end(source);
        Ok(())
    }

    /// A client is gone: so is what it held.
    pub(crate) fn leave(&mut self, client: ClientId) {
        for source in Source::ALL {
            if self.holders[source as usize].as_ref().is_some_and(|holder| holder.client == client) {
                self.end(source);
            }
        }
    }

    fn end(&mut self, source: Source) {
        self.holders[source as usize] = None;
        self.mailbox.withdraw(source);
    }
}

impl CommandTrim {
    fn applied(&self, command: &Command) -> Command {
        let mut sum = *command;
        let mut axes = command.values.iter().zip(self.is_velocity);
        let is_moving = axes.any(|(value, is_velocity)| is_velocity && *value != 0.0);
        for (axis, value) in sum.values.iter_mut().enumerate() {
            if is_moving || !self.is_velocity[axis] {
                *value += self.offset.values[axis];
            }
        }
        if is_moving {
            sum.phase_factor_offset += self.offset.phase_factor_offset;
        }
        sum
    }
}

/// The source by which the control loop knows it.
pub(super) fn of_arbiter(source: Granted) -> Source {
    match source {
        Granted::Agent => Source::Agent,
        Granted::Network => Source::Network,
    }
}

fn held_by(holder: &Holder, now_ns: u64) -> Refusal {
    let left_s = holder.expires_ns.saturating_sub(now_ns) as f64 * 1e-9;
    let message = format!("{} has control for another {left_s:.1} s", holder.name);
    let hint = "wait until it gives it up, or stop the robot: that needs no lease";
    Refusal::new(Code::LeaseHeld, message, hint)
}

fn no_lease(message: String) -> Refusal {
    let refusal = Refusal::new(Code::NoLease, message, "ask for a lease, and renew it before it ends");
    Refusal { field: Some("lease".to_owned()), ..refusal }
}

fn late(field: &str, expected: String, found: u64) -> Refusal {
    let message = format!("{field}: expected {expected}, found {found}");
    let hint = "deadlines are on the robot's clock: ask for it with {\"kind\": \"clock\"}";
    Refusal { field: Some(field.to_owned()), ..Refusal::new(Code::TooLate, message, hint) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gaitway_model::Axis;

    const S: u64 = 1_000_000_000;
    const ANNA: (ClientId, &str) = (1, "anna");
    const BEN: (ClientId, &str) = (2, "ben");

    fn table() -> (LeaseTable, Arc<Mailbox>) {
        let mailbox = Arc::new(Mailbox::new());
        (LeaseTable::new(Arc::clone(&mailbox)), mailbox)
    }

    fn walk(vx: f32) -> Command {
        Command::velocity(vx, 0.0, 0.0)
    }

    fn offered(mailbox: &Mailbox, source: Source) -> Option<(f32, u64)> {
        let offer = mailbox.offers()[source as usize]?;
        Some((offer.command.get(Axis::VX), offer.expires_ns))
    }

    #[test]
    fn one_client_holds_a_source_until_its_lease_ends() {
        let (mut table, _) = table();
        let lease = table.grant(ANNA, Granted::Network, 1.0, None, 0).unwrap();
        assert_eq!((lease.source, lease.expires_ns), (Granted::Network, S));
        let refused = table.grant(BEN, Granted::Network, 1.0, None, S / 2).unwrap_err();
        assert_eq!(
            (refused.code, refused.message.as_str()),
            (Code::LeaseHeld, "anna has control for another 0.5 s")
        );
        // Another source is another lease.
        assert!(table.grant(BEN, Granted::Agent, 1.0, None, S / 2).is_ok());
        let renewed = table.grant(ANNA, Granted::Network, 1.0, Some(lease.lease), S / 2).unwrap();
        assert_eq!((renewed.lease, renewed.expires_ns), (lease.lease, S + S / 2));
        assert!(table.grant(BEN, Granted::Network, 1.0, None, S + S / 2 - 1).is_err());
        let next = table.grant(BEN, Granted::Network, 1.0, None, S + S / 2).unwrap();
        assert_ne!(next.lease, lease.lease);
        let late = table.grant(ANNA, Granted::Network, 1.0, Some(lease.lease), 2 * S).unwrap_err();
        assert_eq!((late.code, late.field.as_deref()), (Code::NoLease, Some("lease")));
    }

    #[test]
    fn a_command_holds_until_its_deadline_or_the_end_of_its_lease() {
        let (mut table, mailbox) = table();
        let lease = table.grant(ANNA, Granted::Network, 1.0, None, 0).unwrap().lease;
        assert_eq!(table.command(1, (lease, 1, S / 4), &walk(0.1), 5), Ok(Source::Network));
        assert_eq!(offered(&mailbox, Source::Network), Some((0.1, S / 4)));
        table.command(1, (lease, 2, S + S / 2), &walk(0.2), S - S / 4).unwrap();
        assert_eq!(offered(&mailbox, Source::Network), Some((0.2, S)), "its lease ends before");
        let ended = table.command(1, (lease, 3, 2 * S), &walk(0.1), S).unwrap_err();
        assert_eq!((ended.code, ended.message.as_str()), (Code::NoLease, "lease 1 has ended"));
    }

    #[test]
    fn commands_that_are_old_late_too_long_or_anothers_are_refused_and_change_nothing() {
        let (mut table, mailbox) = table();
        let lease = table.grant(ANNA, Granted::Network, 10.0, None, 0).unwrap().lease;
        table.command(1, (lease, 7, S / 4), &walk(0.1), 0).unwrap();
        for (client, order, code) in [
            (1, (lease, 7, S / 2), Code::TooLate),
            (1, (lease, 6, S / 2), Code::TooLate),
            (1, (lease, 8, S / 8), Code::TooLate),
            (1, (lease, 8, u64::MAX), Code::BadField),
            (2, (lease, 8, S / 2), Code::NoLease),
            (1, (lease + 1, 8, S / 2), Code::NoLease),
        ] {
            let refused = table.command(client, order, &walk(9.0), S / 8).unwrap_err();
            assert_eq!(refused.code, code, "{refused}");
        }
        assert_eq!(offered(&mailbox, Source::Network), Some((0.1, S / 4)));
    }

    #[test]
    fn who_gives_up_or_goes_commands_no_more() {
        let (mut table, mailbox) = table();
        let lease = table.grant(ANNA, Granted::Network, 1.0, None, 0).unwrap().lease;
        table.command(1, (lease, 1, S / 4), &walk(0.1), 0).unwrap();
        assert!(table.release(2, lease, 0).is_err(), "it is not Ben's");
        table.release(1, lease, 0).unwrap();
        assert_eq!(offered(&mailbox, Source::Network).unwrap().1, 0);
        let lease = table.grant(BEN, Granted::Agent, 1.0, None, 0).unwrap().lease;
        table.command(2, (lease, 1, S / 4), &walk(0.1), 0).unwrap();
        table.leave(1);
        assert_eq!(offered(&mailbox, Source::Agent), Some((0.1, S / 4)));
        table.leave(2);
        assert_eq!(offered(&mailbox, Source::Agent).unwrap().1, 0);
        assert!(table.grant(ANNA, Granted::Agent, 1.0, None, 0).is_ok());
    }

    #[test]
    fn pads_and_programs_never_have_the_same_source_at_once() {
        let (mut table, mailbox) = table();
        let pad = (table.welcome(), "pad elsewhere");
        table.steer(pad, Source::Network, &walk(0.1), S / 5, 0).unwrap();
        assert_eq!(table.strongest(0), Some("pad elsewhere"));
        assert!(table.refuse_another(pad.0, Source::Network, 0).is_ok());
        assert_eq!(table.refuse_another(9, Source::Network, 0).unwrap_err().code, Code::LeaseHeld);
        assert_eq!(
            table.grant((9, "anna"), Granted::Network, 1.0, None, 0).unwrap_err().message,
            "pad elsewhere has control for another 0.2 s"
        );
        table.grant((9, "anna"), Granted::Network, 1.0, None, S / 5).unwrap();
        assert!(table.steer(pad, Source::Network, &walk(0.2), S, S / 5).is_err());
        assert_eq!(offered(&mailbox, Source::Network), Some((0.1, S / 5)));
        // A pad at the robot is another source, and a stronger one.
        table.steer((7, "pad"), Source::Pad, &walk(0.0), S, S / 5).unwrap();
        assert_eq!(table.strongest(S / 5), Some("pad"));
        table.leave(9);
        assert_eq!(offered(&mailbox, Source::Network).unwrap().1, 0, "it was anna's last");
    }

    #[test]
    fn a_trim_is_added_to_what_moves() {
        let (mut table, mailbox) = table();
        let mut is_velocity = [false; MAX_AXES];
        is_velocity[..3].fill(true);
        let offset = Command { phase_factor_offset: 0.1, ..Command::of(&[0.01, 0.0, -0.2, 0.0, 0.3]) };
        table.set_trim(CommandTrim { offset, is_velocity });
        let mut offered = |command: Command| {
            table.steer((1, "anna"), Source::Network, &command, S, 0).unwrap();
            mailbox.offers()[Source::Network as usize].unwrap().command
        };
        let moving = offered(walk(0.1));
        assert_eq!((moving.get(Axis::VX), moving.get(Axis::WZ)), (0.11, -0.2));
        assert_eq!((moving.values[4], moving.phase_factor_offset), (0.3, 0.1));
        let at_rest = offered(Command::of(&[0.0, 0.0, 0.0, 0.5]));
        assert_eq!((at_rest.get(Axis::WZ), at_rest.phase_factor_offset), (0.0, 0.0), "it does not creep");
        assert_eq!((at_rest.values[3], at_rest.values[4]), (0.5, 0.3));
    }
}
