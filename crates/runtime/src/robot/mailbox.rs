//! The mailbox: what operators, scripts and networks want of the robot. Putting in and taking out never wait.

use gaitway_control::arbiter::{Offer, Source};
use gaitway_control::control_stack::Asked;
use gaitway_control::supervisor::RequestedMode;
use gaitway_model::{Command, MAX_AXES};
use gaitway_platform::slot::{Slot, join, split};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use thiserror::Error;

/// Of an offer: when it ends 2, what it adds to the gait's speed, its command.
const WORDS: usize = 3 + MAX_AXES;
const SOURCES: usize = Source::ALL.len();
/// Beside the wish: it was set limp at the robot, and stays so until somebody there says otherwise.
const LIMP_AT_THE_ROBOT: u8 = 1 << 7;
/// Beside the wish: now, whatever the pose.
const AT_ONCE: u8 = 1 << 6;
const WISH: u8 = AT_ONCE - 1;

/// A source that may not do what it asked for.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("{what}: expected somebody at the robot, found {}", words(*.found))]
pub struct NotAtTheRobot {
    /// What they asked for.
    pub what: &'static str,
    /// Who asked.
    pub found: Source,
}

fn words(source: Source) -> &'static str {
    match source {
        Source::Program => "the arguments of a program",
        Source::Agent => "an agent",
        Source::Network => "a client of the local API, or a remote gamepad",
        Source::Terminal => "the terminal",
        Source::Pad => "a gamepad",
    }
}

impl NotAtTheRobot {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        "look at the robot, then do it at the terminal it was started from, or with a pad of its own"
    }
}

/// Commands on leases, the operator's wish, and the emergency stop. Each source puts from one thread.
#[derive(Debug, Default)]
pub struct Mailbox {
    offers: [Slot<WORDS>; SOURCES],
    /// With [`LIMP_AT_THE_ROBOT`] and [`AT_ONCE`]: they change with it.
    wish: AtomicU8,
    /// Nobody may make it walk.
    stands_only: AtomicBool,
    asked: AtomicBool,
    /// One bit a source that set it; any one bit stops.
    emergency_stop: AtomicU8,
    clear_faults: AtomicBool,
    /// The policy of the set that is asked for, from 1; 0 for none.
    policy: AtomicU8,
}

impl Mailbox {
    /// A mailbox in which nobody wants anything.
    pub fn new() -> Mailbox {
        Mailbox::default()
    }

    /// `source` commands until `expires_ns`; a later command of the same source replaces this one.
    pub fn offer(&self, source: Source, command: &Command, expires_ns: u64) {
        let mut words = [0; WORDS];
        words[..2].copy_from_slice(&split(expires_ns));
        words[2] = command.phase_factor_offset.to_bits();
        for (word, value) in words[3..].iter_mut().zip(command.values) {
            *word = value.to_bits();
        }
        self.offers[source as usize].put(words);
    }

    /// `source` gives up its control now.
    pub fn withdraw(&self, source: Source) {
        self.offer(source, &Command::default(), 0);
    }

    /// The offers, in the order of [`Source::ALL`].
    pub fn offers(&self) -> [Option<Offer>; SOURCES] {
        std::array::from_fn(|source| {
            let words = self.offers[source].take()?;
            let phase_factor_offset = f32::from_bits(words[2]);
            let mut command = Command { phase_factor_offset, ..Command::default() };
            for (value, word) in command.values.iter_mut().zip(&words[3..]) {
                *value = f32::from_bits(*word);
            }
            Some(Offer { command, expires_ns: join(words[0], words[1]) })
        })
    }

    /// From now on whoever wants it to walk makes it stand.
    pub fn forbid_walking(&self) {
        self.stands_only.store(true, Ordering::Relaxed);
    }

    /// False where nobody may make it walk.
    pub fn may_walk(&self) -> bool {
        !self.stands_only.load(Ordering::Relaxed)
    }

    /// What somebody at the robot wants, or the program itself; with `at_once` to be limp now, whatever the pose.
    pub fn request_mode(&self, wish: RequestedMode, at_once: bool) {
        let wish = self.allowed(wish);
        let limp = if wish == RequestedMode::Limp { LIMP_AT_THE_ROBOT } else { 0 };
        let at_once = if at_once { AT_ONCE } else { 0 };
        self.wish.store(wish as u8 | limp | at_once, Ordering::Relaxed);
        self.asked.store(true, Ordering::Release);
    }

    /// What `source` wants. What was set limp at the robot nobody elsewhere gets up again.
    pub fn wish_of(&self, source: Source, wish: RequestedMode) -> Result<(), NotAtTheRobot> {
        if source.is_at_the_robot() {
            self.request_mode(wish, false);
            return Ok(());
        }
        let allowed = self.allowed(wish);
        let change = |now: u8| (now & LIMP_AT_THE_ROBOT == 0).then_some(allowed as u8);
        if self.wish.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).is_err() {
            return if wish == RequestedMode::Limp { Ok(()) } else { at_the_robot("getting up", source) };
        }
        self.asked.store(true, Ordering::Release);
        Ok(())
    }

    /// `source` wants another thing where it is `from` now; what somebody else wanted meanwhile stays.
    pub fn change_wish(
        &self,
        source: Source,
        from: RequestedMode,
        to: RequestedMode,
    ) -> Result<(), NotAtTheRobot> {
        let is_near = source.is_at_the_robot();
        let to = self.allowed(to);
        let limp = if is_near && to == RequestedMode::Limp { LIMP_AT_THE_ROBOT } else { 0 };
        let change = |now: u8| {
            let may = is_near || now & LIMP_AT_THE_ROBOT == 0;
            (may && now & WISH == from as u8).then_some(to as u8 | limp)
        };
        match self.wish.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change) {
            Ok(_) => self.asked.store(true, Ordering::Release),
            Err(now) if !is_near && now & LIMP_AT_THE_ROBOT != 0 => {
                return at_the_robot("getting up", source);
            }
            Err(_) => {}
        }
        Ok(())
    }

    /// `source` wants it limp now, whatever the pose.
    pub fn limp_at_once(&self, source: Source) {
        if source.is_at_the_robot() {
            self.request_mode(RequestedMode::Limp, true);
            return;
        }
        let limp = RequestedMode::Limp as u8 | AT_ONCE;
        let change = |now: u8| (now & LIMP_AT_THE_ROBOT == 0).then_some(limp);
        if self.wish.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).is_ok() {
            self.asked.store(true, Ordering::Release);
        }
    }

    /// Whether somebody at the robot set it limp.
    pub fn is_limp_at_the_robot(&self) -> bool {
        self.wish.load(Ordering::Relaxed) & LIMP_AT_THE_ROBOT != 0
    }

    fn allowed(&self, wish: RequestedMode) -> RequestedMode {
        if wish == RequestedMode::Walk && !self.may_walk() { RequestedMode::Stand } else { wish }
    }

    /// What a tick takes out: what was said once is then gone.
    pub fn take(&self) -> Asked {
        let clear_faults = self.take_clear_faults();
        let again = self.take_asked();
        let (wish, at_once) = self.requested_mode();
        Asked {
            wish,
            at_once,
            again,
            emergency_stop: self.is_stopped(),
            clear_faults,
            policy: self.policy.load(Ordering::Relaxed).checked_sub(1),
            offers: self.offers(),
        }
    }

    /// Somebody asks for the policy at this place of the set from now on, or nobody for any.
    pub fn ask_for_policy(&self, place: Option<u8>) {
        self.policy.store(place.map_or(0, |place| place.saturating_add(1)), Ordering::Relaxed);
    }

    /// True once after [`Mailbox::request_mode`], whether the wish is another one or the same again.
    pub fn take_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed) && self.asked.swap(false, Ordering::Acquire)
    }

    /// What the operator wants, and whether at once.
    pub fn requested_mode(&self) -> (RequestedMode, bool) {
        let now = self.wish.load(Ordering::Relaxed);
        let wish = match now & WISH {
            1 => RequestedMode::Stand,
            2 => RequestedMode::Walk,
            _ => RequestedMode::Limp,
        };
        (wish, now & AT_ONCE != 0)
    }

    /// Any source may stop the robot. The stop stays until somebody at the robot clears it.
    pub fn set_emergency_stop(&self, source: Source) {
        self.emergency_stop.fetch_or(1 << source as u8, Ordering::Relaxed);
    }

    /// Clears the emergency stop, whoever set it.
    pub fn clear_emergency_stop(&self, source: Source) -> Result<(), NotAtTheRobot> {
        at_the_robot("clearing an emergency stop", source)?;
        self.emergency_stop.store(0, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the robot must be limp.
    pub fn is_stopped(&self) -> bool {
        self.emergency_stop.load(Ordering::Relaxed) != 0
    }

    /// Whether this source has stopped the robot since the stop was last cleared.
    pub fn is_stopped_by(&self, source: Source) -> bool {
        self.emergency_stop.load(Ordering::Relaxed) & (1 << source as u8) != 0
    }

    /// Says that what needed a hand is put right.
    pub fn clear_faults(&self, source: Source) -> Result<(), NotAtTheRobot> {
        at_the_robot("clearing faults", source)?;
        self.clear_faults.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Clears the emergency stop and faults. Whoever does has a hand at the robot: it must not get up by itself then.
    pub fn clear_by_hand(&self, source: Source) -> Result<(), NotAtTheRobot> {
        at_the_robot("clearing an emergency stop", source)?;
        let seen = self.emergency_stop.load(Ordering::Relaxed);
        self.request_mode(RequestedMode::Limp, false);
        // A stop that came meanwhile, by whomever, stays.
        let _ = self.emergency_stop.compare_exchange(seen, 0, Ordering::Relaxed, Ordering::Relaxed);
        self.clear_faults(source)
    }

    /// True once after [`Mailbox::clear_faults`].
    pub fn take_clear_faults(&self) -> bool {
        self.clear_faults.load(Ordering::Relaxed) && self.clear_faults.swap(false, Ordering::Relaxed)
    }
}

fn at_the_robot(what: &'static str, source: Source) -> Result<(), NotAtTheRobot> {
    if source.is_at_the_robot() { Ok(()) } else { Err(NotAtTheRobot { what, found: source }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gaitway_model::Axis;

    #[test]
    fn one_that_may_only_stand_is_never_wished_to_walk() {
        let mailbox = Mailbox::new();
        mailbox.request_mode(RequestedMode::Walk, false);
        assert_eq!(mailbox.requested_mode().0, RequestedMode::Walk);
        mailbox.forbid_walking();
        mailbox.request_mode(RequestedMode::Walk, false);
        assert_eq!((mailbox.requested_mode().0, mailbox.may_walk()), (RequestedMode::Stand, false));
        mailbox.request_mode(RequestedMode::Limp, true);
        assert_eq!(mailbox.requested_mode(), (RequestedMode::Limp, true));
    }

    #[test]
    fn offers_come_out_as_they_went_in() {
        let mailbox = Mailbox::new();
        assert_eq!(mailbox.offers(), [None; SOURCES]);
        let command = Command { phase_factor_offset: 0.3, ..Command::velocity(0.1, -0.2, f32::NAN) };
        mailbox.offer(Source::Network, &command, u64::MAX - 1);
        let offer = mailbox.offers()[Source::Network as usize].unwrap();
        assert_eq!((offer.expires_ns, offer.command.get(Axis::VY)), (u64::MAX - 1, -0.2));
        assert_eq!(offer.command.phase_factor_offset, 0.3);
        assert!(offer.command.get(Axis::WZ).is_nan(), "the envelope judges, not the mailbox");
        mailbox.withdraw(Source::Network);
        assert_eq!(mailbox.offers()[Source::Network as usize].unwrap().expires_ns, 0);
    }

    #[test]
    fn any_source_stops_and_only_somebody_at_the_robot_clears() {
        for source in Source::ALL {
            let mailbox = Mailbox::new();
            mailbox.set_emergency_stop(source);
            assert_eq!(
                Source::ALL.map(|other| mailbox.is_stopped_by(other)),
                Source::ALL.map(|other| other == source)
            );
            for other in Source::ALL {
                mailbox.set_emergency_stop(source);
                assert_eq!(mailbox.clear_emergency_stop(other).is_ok(), other >= Source::Terminal);
                assert_eq!(mailbox.is_stopped(), other < Source::Terminal);
                assert_eq!(mailbox.clear_faults(other).is_ok(), other >= Source::Terminal);
            }
        }
    }

    #[test]
    fn what_was_set_limp_at_the_robot_nobody_elsewhere_gets_up_again() {
        for far in [Source::Program, Source::Agent, Source::Network] {
            let mailbox = Mailbox::new();
            // From afar it comes and goes as it likes, until somebody at the robot says limp.
            for wish in [RequestedMode::Stand, RequestedMode::Walk, RequestedMode::Limp, RequestedMode::Stand]
            {
                mailbox.wish_of(far, wish).unwrap();
                assert_eq!(mailbox.requested_mode(), (wish, false));
            }
            mailbox.request_mode(RequestedMode::Limp, true);
            assert!(mailbox.take_asked());
            for wish in [RequestedMode::Stand, RequestedMode::Walk] {
                let refused = mailbox.wish_of(far, wish).unwrap_err();
                assert!(refused.to_string().starts_with("getting up: expected somebody at the robot"));
            }
            mailbox.wish_of(far, RequestedMode::Limp).unwrap();
            assert_eq!(
                (mailbox.requested_mode(), mailbox.take_asked()),
                ((RequestedMode::Limp, true), false),
                "as they left it"
            );
            for near in [Source::Terminal, Source::Pad] {
                mailbox.wish_of(near, RequestedMode::Stand).unwrap();
                mailbox.wish_of(far, RequestedMode::Walk).unwrap();
                mailbox.wish_of(near, RequestedMode::Limp).unwrap();
                assert!(mailbox.wish_of(far, RequestedMode::Walk).is_err());
            }
            mailbox.wish_of(Source::Pad, RequestedMode::Stand).unwrap();
            mailbox.forbid_walking();
            mailbox.wish_of(far, RequestedMode::Walk).unwrap();
            assert_eq!(mailbox.requested_mode().0, RequestedMode::Stand);
        }
    }

    #[test]
    fn a_change_leaves_what_somebody_else_wanted_meanwhile() {
        let mailbox = Mailbox::new();
        mailbox.request_mode(RequestedMode::Walk, false);
        mailbox.change_wish(Source::Pad, RequestedMode::Walk, RequestedMode::Stand).unwrap();
        assert_eq!((mailbox.requested_mode().0, mailbox.take_asked()), (RequestedMode::Stand, true));
        // A pad that was gone for a while wants a robot that walked to stand: meanwhile it was set limp.
        mailbox.request_mode(RequestedMode::Limp, true);
        assert!(mailbox.take_asked());
        mailbox.change_wish(Source::Pad, RequestedMode::Walk, RequestedMode::Stand).unwrap();
        assert_eq!((mailbox.requested_mode(), mailbox.take_asked()), ((RequestedMode::Limp, true), false));
        let far = mailbox.change_wish(Source::Network, RequestedMode::Limp, RequestedMode::Stand);
        assert!(far.is_err() && mailbox.is_limp_at_the_robot());
        mailbox.change_wish(Source::Terminal, RequestedMode::Limp, RequestedMode::Stand).unwrap();
        assert_eq!(mailbox.requested_mode(), (RequestedMode::Stand, false));
        // From afar it drops at once, and from afar it is got up again.
        mailbox.limp_at_once(Source::Network);
        assert_eq!(mailbox.requested_mode(), (RequestedMode::Limp, true));
        mailbox.wish_of(Source::Network, RequestedMode::Stand).unwrap();
        assert_eq!(mailbox.requested_mode(), (RequestedMode::Stand, false));
        mailbox.limp_at_once(Source::Terminal);
        mailbox.limp_at_once(Source::Network);
        assert!(mailbox.is_limp_at_the_robot(), "it stays limp for those elsewhere");
    }

    #[test]
    fn wishes_and_cleared_faults() {
        let mailbox = Mailbox::new();
        assert_eq!(mailbox.requested_mode(), (RequestedMode::Limp, false));
        for wish in [RequestedMode::Walk, RequestedMode::Stand, RequestedMode::Limp] {
            mailbox.request_mode(wish, true);
            assert_eq!(mailbox.requested_mode(), (wish, true));
            assert_eq!([mailbox.take_asked(), mailbox.take_asked()], [true, false]);
        }
        mailbox.clear_faults(Source::Pad).unwrap();
        assert_eq!([mailbox.take_clear_faults(), mailbox.take_clear_faults()], [true, false]);
    }
}
