//! Who of the clients may command: a lease for each source, held by one client at a time, for a while.

use crate::robot::Mailbox;
use gaitway_control::arbiter;
use gaitway_model::Command;
use gaitway_protocol::{Code, LeaseGranted, MAX_DEADLINE_NS, Refusal, Source};
use std::sync::Arc;

const SOURCES: usize = 2;

/// A client, as long as its connection lasts.
pub(super) type ClientId = u64;

/// Leases, and the way of their commands into the mailbox.
#[derive(Debug)]
pub struct LeaseTable {
    mailbox: Arc<Mailbox>,
    holders: [Option<Holder>; SOURCES],
    last_lease: u64,
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
        LeaseTable { mailbox, holders: [const { None }; SOURCES], last_lease: 0 }
    }

    /// A new lease, or one that is renewed. The lease of another client is never taken away before its end.
    pub(super) fn grant(
        &mut self,
        (client, name): (ClientId, &str),
        source: Source,
        seconds: f64,
        renewed: Option<u64>,
        now_ns: u64,
    ) -> Result<LeaseGranted, Refusal> {
        if let Some(lease) = renewed {
            self.source_of(client, lease, now_ns)?;
        }
        let expires_ns = now_ns + (seconds * 1e9) as u64;
        let held = self.holders[source as usize].as_mut().filter(|holder| now_ns < holder.expires_ns);
        if let Some(holder) = held {
            if holder.client != client {
                let left_s = (holder.expires_ns - now_ns) as f64 * 1e-9;
                let message = format!("{} has control for another {left_s:.1} s", holder.name);
                let hint = "wait until it gives it up, or stop the robot: that needs no lease";
                return Err(Refusal::new(Code::LeaseHeld, message, hint));
            }
            holder.expires_ns = expires_ns;
            return Ok(LeaseGranted { lease: holder.lease, source, expires_ns });
        }
        self.last_lease += 1;
        let lease = self.last_lease;
        self.holders[source as usize] =
            Some(Holder { client, name: name.to_owned(), lease, expires_ns, last_sequence: None });
        Ok(LeaseGranted { lease, source, expires_ns })
    }

    /// The source of a lease that holds.
    pub(super) fn source_of(&self, client: ClientId, lease: u64, now_ns: u64) -> Result<Source, Refusal> {
        self.place_of(client, lease, now_ns).map(|place| [Source::Agent, Source::Network][place])
    }

    fn place_of(&self, client: ClientId, lease: u64, now_ns: u64) -> Result<usize, Refusal> {
        let is_it = |holder: &Holder| holder.lease == lease && holder.client == client;
        let found = self.holders.iter().position(|holder| holder.as_ref().is_some_and(is_it));
        let ended =
            |place: &usize| self.holders[*place].as_ref().is_none_or(|holder| now_ns >= holder.expires_ns);
        match found {
            Some(place) if !ended(&place) => Ok(place),
            Some(_) => Err(no_lease(format!("lease {lease} has ended"))),
            None => Err(no_lease(format!("expected a lease of this client, found {lease}"))),
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
        let place = self.place_of(client, lease, now_ns)?;
        let Some(holder) = &mut self.holders[place] else { return Err(no_lease("no lease".to_owned())) };
        if let Some(last) = holder.last_sequence.filter(|last| sequence <= *last) {
            return Err(late("sequence", format!("more than {last}"), sequence));
        }
        if deadline_ns <= now_ns {
            return Err(late("deadline_ns", format!("one after {now_ns}, which is now"), deadline_ns));
        }
        if deadline_ns - now_ns > MAX_DEADLINE_NS {
            let latest = now_ns + MAX_DEADLINE_NS;
            return Err(Refusal::field(
                "deadline_ns",
                &format!("at most {latest}, a second from now"),
                deadline_ns,
            ));
        }
        holder.last_sequence = Some(sequence);
        let source = [Source::Agent, Source::Network][place];
        self.mailbox.offer(of_arbiter(source), command, deadline_ns.min(holder.expires_ns));
        Ok(source)
    }

    /// Gives a lease up: the velocity eases to zero.
    pub(super) fn release(&mut self, client: ClientId, lease: u64, now_ns: u64) -> Result<(), Refusal> {
        let place = self.place_of(client, lease, now_ns)?;
        self.end(place);
        Ok(())
    }

    /// A client is gone: so is what it held.
    pub(super) fn leave(&mut self, client: ClientId) {
        for place in 0..SOURCES {
            if self.holders[place].as_ref().is_some_and(|holder| holder.client == client) {
                self.end(place);
            }
        }
    }

    fn end(&mut self, place: usize) {
        self.holders[place] = None;
        self.mailbox.withdraw(of_arbiter([Source::Agent, Source::Network][place]));
    }
}

/// The source by which the control loop knows it.
pub(super) fn of_arbiter(source: Source) -> arbiter::Source {
    match source {
        Source::Agent => arbiter::Source::Agent,
        Source::Network => arbiter::Source::Network,
    }
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

    fn offered(mailbox: &Mailbox, source: arbiter::Source) -> Option<(f32, u64)> {
        let offer = mailbox.offers()[source as usize]?;
        Some((offer.command.get(Axis::VX), offer.expires_ns))
    }

    #[test]
    fn one_client_holds_a_source_until_its_lease_ends() {
        let (mut table, _) = table();
        let lease = table.grant(ANNA, Source::Network, 1.0, None, 0).unwrap();
        assert_eq!((lease.source, lease.expires_ns), (Source::Network, S));
        let refused = table.grant(BEN, Source::Network, 1.0, None, S / 2).unwrap_err();
        assert_eq!(
            (refused.code, refused.message.as_str()),
            (Code::LeaseHeld, "anna has control for another 0.5 s")
        );
        // Another source is another lease.
        assert!(table.grant(BEN, Source::Agent, 1.0, None, S / 2).is_ok());
        let renewed = table.grant(ANNA, Source::Network, 1.0, Some(lease.lease), S / 2).unwrap();
        assert_eq!((renewed.lease, renewed.expires_ns), (lease.lease, S + S / 2));
        assert!(table.grant(BEN, Source::Network, 1.0, None, S + S / 2 - 1).is_err());
        let next = table.grant(BEN, Source::Network, 1.0, None, S + S / 2).unwrap();
        assert_ne!(next.lease, lease.lease);
        let late = table.grant(ANNA, Source::Network, 1.0, Some(lease.lease), 2 * S).unwrap_err();
        assert_eq!((late.code, late.field.as_deref()), (Code::NoLease, Some("lease")));
    }

    #[test]
    fn a_command_holds_until_its_deadline_or_the_end_of_its_lease() {
        let (mut table, mailbox) = table();
        let lease = table.grant(ANNA, Source::Network, 1.0, None, 0).unwrap().lease;
        assert_eq!(table.command(1, (lease, 1, S / 4), &walk(0.1), 5), Ok(Source::Network));
        assert_eq!(offered(&mailbox, arbiter::Source::Network), Some((0.1, S / 4)));
        table.command(1, (lease, 2, S + S / 2), &walk(0.2), S - S / 4).unwrap();
        assert_eq!(offered(&mailbox, arbiter::Source::Network), Some((0.2, S)), "its lease ends before");
        let ended = table.command(1, (lease, 3, 2 * S), &walk(0.1), S).unwrap_err();
        assert_eq!((ended.code, ended.message.as_str()), (Code::NoLease, "lease 1 has ended"));
    }

    #[test]
    fn commands_that_are_old_late_too_long_or_anothers_are_refused_and_change_nothing() {
        let (mut table, mailbox) = table();
        let lease = table.grant(ANNA, Source::Network, 10.0, None, 0).unwrap().lease;
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
        assert_eq!(offered(&mailbox, arbiter::Source::Network), Some((0.1, S / 4)));
    }

    #[test]
    fn who_gives_up_or_goes_commands_no_more() {
        let (mut table, mailbox) = table();
        let lease = table.grant(ANNA, Source::Network, 1.0, None, 0).unwrap().lease;
        table.command(1, (lease, 1, S / 4), &walk(0.1), 0).unwrap();
        assert!(table.release(2, lease, 0).is_err(), "it is not Ben's");
        table.release(1, lease, 0).unwrap();
        assert_eq!(offered(&mailbox, arbiter::Source::Network).unwrap().1, 0);
        let lease = table.grant(BEN, Source::Agent, 1.0, None, 0).unwrap().lease;
        table.command(2, (lease, 1, S / 4), &walk(0.1), 0).unwrap();
        table.leave(1);
        assert_eq!(offered(&mailbox, arbiter::Source::Agent), Some((0.1, S / 4)));
        table.leave(2);
        assert_eq!(offered(&mailbox, arbiter::Source::Agent).unwrap().1, 0);
        assert!(table.grant(ANNA, Source::Agent, 1.0, None, 0).is_ok());
    }
}
