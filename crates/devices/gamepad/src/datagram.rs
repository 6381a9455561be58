//! A pad elsewhere: how it stands, in signed datagrams. Whoever sends first has it until nothing has come for a while.
//!
//! ```text
//!  pad                                   robot
//!   │  how it stands, no moment yet ───►  not followed, but signed: answered
//!   │  ◄─── the robot's moment
//!   │  how it stands, at that moment ──►  followed, and answered with the next
//! ```
//!
//! The robot answers every datagram that is signed with its key with the **moment** it is: a number that this start of
//! it made up, and its clock. With it comes how far its sticks reach: speeds are scaled by the robot's own policy, whatever
//! the other side knows of it; and whether its emergency stop is set. A pad says the newest moment it knows with every datagram, and the robot follows only those
//! of the last second, each once and in order. So what somebody wrote down is of no use to them: a second later, after
//! the robot or the pad was started again, or twice.
//!
//! The emergency stop is everybody's who has the key, while another has the pad too, and however often it is said.

use super::seal::{Key, SIGNATURE_LEN};
use super::{Button, Controls, Mode, Reach};

/// Bytes of a datagram: `GWP3`, the moment, a number that counts up, how the pad stands, a signature.
pub const LEN: usize = NUMBER + 4 + CONTROLS_LEN + SIGNATURE_LEN;
/// Bytes of an answer: `GWA4`, the moment, how far sticks reach, whether the emergency stop is set, a signature.
pub const ANSWER_LEN: usize = ANSWER_CONTENT + SIGNATURE_LEN;
/// Bytes of the number that a start of the robot makes up.
pub const NONCE_LEN: usize = 16;

const MAGIC: [u8; 4] = *b"GWP3";
const ANSWER_MAGIC: [u8; 4] = *b"GWA4";
/// Where the number stands: behind `GWP3`, nonce and clock.
const NUMBER: usize = 4 + NONCE_LEN + 8;
/// Smallest and largest of six axes.
const REACH_LEN: usize = 6 * 8;
/// Behind the moment: how far sticks reach, and one byte that is 1 while the emergency stop is set.
const ANSWER_CONTENT: usize = NUMBER + REACH_LEN + 1;
/// Six sticks and triggers as signed words, the buttons that are down as bits in the order of [`Button::ALL`], and behind
/// them a bit for each [`Mode`] that is said.
const CONTROLS_LEN: usize = 14;
/// A stick that is all the way.
const FULL: f32 = 32767.0;
/// A sender that was not heard for so long has let go, ns.
const TIMEOUT_NS: u64 = 500_000_000;
/// A moment is old after so long, ns: as much as Wi-Fi may hold up a datagram and the answer before it.
const FRESH_NS: u64 = 1_000_000_000;

/// A moment of a robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// What this start of the robot made up.
    nonce: [u8; NONCE_LEN],
    /// Its clock.
    at_ns: u64,
}

impl Moment {
    fn read(bytes: &[u8; NUMBER]) -> Moment {
        let [_, _, _, _, nonce @ .., a, b, c, d, e, f, g, h] = *bytes;
        Moment { nonce, at_ns: u64::from_le_bytes([a, b, c, d, e, f, g, h]) }
    }

    fn write(&self, magic: [u8; 4], bytes: &mut [u8]) {
        bytes[..4].copy_from_slice(&magic);
        bytes[4..4 + NONCE_LEN].copy_from_slice(&self.nonce);
        bytes[4 + NONCE_LEN..NUMBER].copy_from_slice(&self.at_ns.to_le_bytes());
    }
}

/// The robot's side: who is heard, and how the pad stands.
#[derive(Debug, Clone)]
pub struct NetworkPad<Sender> {
    key: Key,
    nonce: [u8; NONCE_LEN],
    reach: Reach,
    sender: Option<Sender>,
    heard_ns: u64,
    /// Of the newest datagram that was followed, whoever sent it: the clock it said, and its number.
    last: (u64, u32),
    controls: Controls,
}

/// What comes of a datagram that is signed as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// What its sender is to be told: without it, it is never followed.
    pub answer: [u8; ANSWER_LEN],
    /// The pad stands as it says from now on.
    pub is_followed: bool,
    /// It is the emergency stop, whoever has the pad.
    pub stops: bool,
}

impl<Sender: PartialEq> NetworkPad<Sender> {
    /// Listens to whoever has `key`, and tells them how far sticks `reach`; `nonce` is another with every start, and
    /// nobody can guess it.
    pub fn new(key: Key, nonce: [u8; NONCE_LEN], reach: Reach) -> NetworkPad<Sender> {
        let controls = Controls::default();
        NetworkPad { key, nonce, reach, sender: None, heard_ns: 0, last: (0, 0), controls }
    }

    /// Bytes came. `None` for what is no such datagram or not signed with the key.
    pub fn take(&mut self, sender: Sender, bytes: &[u8], now_ns: u64, is_stopped: bool) -> Option<Heard> {
        self.expire(now_ns);
        let (said, number, controls) = decode(self.key.open_signed(bytes)?)?;
        let age_ns = now_ns.checked_sub(said.at_ns);
        let is_of_now = said.nonce == self.nonce && age_ns.is_some_and(|age_ns| age_ns <= FRESH_NS);
        let stops = is_of_now && controls.is_held(Button::Stop);
        let mut answer = [0; ANSWER_LEN];
        Moment { nonce: self.nonce, at_ns: now_ns }.write(ANSWER_MAGIC, &mut answer);
        write_reach(&self.reach, &mut answer[NUMBER..NUMBER + REACH_LEN]);
        // The answer to a stop confirms it.
        answer[NUMBER + REACH_LEN] = u8::from(is_stopped || stops);
        self.key.sign(&mut answer);
        // One that was overtaken on the way, or comes a second time, is behind.
        let is_next = (said.at_ns, number) > self.last;
        let is_followed = is_of_now && is_next && self.sender.as_ref().is_none_or(|owner| *owner == sender);
        if is_followed {
            (self.sender, self.last) = (Some(sender), (said.at_ns, number));
            (self.heard_ns, self.controls) = (now_ns, controls);
        }
        Some(Heard { answer, is_followed, stops })
    }

    /// How it stands; `None` where nobody has it.
    pub fn controls(&mut self, now_ns: u64) -> Option<Controls> {
        self.expire(now_ns);
        self.sender.as_ref().map(|_| self.controls)
    }

    /// Who has it.
    pub fn sender(&self) -> Option<&Sender> {
        self.sender.as_ref()
    }

    fn expire(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.heard_ns) >= TIMEOUT_NS {
            self.sender = None;
        }
    }
}

/// The pad's side.
#[derive(Debug, Clone)]
pub struct RemotePad {
    key: Key,
    /// The newest the robot has told.
    moment: Moment,
    /// How far sticks reach there, once it was told.
    reach: Option<Reach>,
    is_stopped: bool,
    number: u32,
}

impl RemotePad {
    /// A pad with `key`, which no robot has answered yet.
    pub fn new(key: Key) -> RemotePad {
        RemotePad { key, moment: Moment::default(), reach: None, is_stopped: false, number: 0 }
    }

    /// How far sticks reach there; none before the robot has answered.
    pub fn reach(&self) -> Option<&Reach> {
        self.reach.as_ref()
    }

    /// Whether the robot's emergency stop was set at its last answer.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// The next datagram: the pad stands so.
    pub fn datagram(&mut self, controls: &Controls) -> [u8; LEN] {
        self.number = self.number.wrapping_add(1);
        let mut bytes = [0; LEN];
        self.moment.write(MAGIC, &mut bytes);
        bytes[NUMBER..NUMBER + 4].copy_from_slice(&self.number.to_le_bytes());
        write_controls(controls, &mut bytes[NUMBER + 4..]);
        self.key.sign(&mut bytes);
        bytes
    }

    /// Bytes came. True for an answer of a robot that has the key; one that was overtaken changes nothing.
    pub fn take(&mut self, bytes: &[u8]) -> bool {
        let content = self.key.open_signed(bytes).and_then(<[u8]>::split_first_chunk::<NUMBER>);
        let content = content.filter(|(head, rest)| head[..4] == ANSWER_MAGIC && rest.len() == REACH_LEN + 1);
        let Some((head, [reach @ .., is_stopped])) = content else { return false };
        let told = Moment::read(head);
        if told.nonce != self.moment.nonce || told.at_ns > self.moment.at_ns {
            self.moment = told;
            self.reach = Some(read_reach(reach));
            self.is_stopped = *is_stopped != 0;
        }
        true
    }
}

fn write_reach(reach: &Reach, bytes: &mut [u8]) {
    for (word, end) in bytes.chunks_exact_mut(4).zip(reach.ends().as_flattened()) {
        word.copy_from_slice(&end.to_le_bytes());
    }
}

fn read_reach(bytes: &[u8]) -> Reach {
    let (words, _) = bytes.as_chunks::<4>();
    let end = |index: usize| words.get(index).copied().map_or(0.0, f32::from_le_bytes);
    Reach::of_ends(std::array::from_fn(|axis| [end(2 * axis), end(2 * axis + 1)]))
}

fn write_controls(controls: &Controls, bytes: &mut [u8]) {
    let Controls { left, right, triggers, mode, held, .. } = controls;
    let mode = match mode {
        None => 0,
        Some(Mode::Walk) => 1,
        Some(Mode::Head) => 2,
    };
    for (word, way) in bytes[..12].chunks_exact_mut(2).zip([left, right, triggers].into_iter().flatten()) {
        word.copy_from_slice(&((way * FULL).round() as i16).to_le_bytes());
    }
    bytes[12..CONTROLS_LEN].copy_from_slice(&(held | mode << Button::ALL.len()).to_le_bytes());
}

/// Moment, number, and how the pad stands.
fn decode(content: &[u8]) -> Option<(Moment, u32, Controls)> {
    let (head, rest) = content.split_first_chunk::<NUMBER>()?;
    let (number, controls) = rest.split_first_chunk::<4>()?;
    let controls: &[u8; CONTROLS_LEN] = controls.try_into().ok()?;
    let is_ours = head[..4] == MAGIC;
    is_ours.then_some((Moment::read(head), u32::from_le_bytes(*number), read_controls(controls)?))
}

fn read_controls(bytes: &[u8; CONTROLS_LEN]) -> Option<Controls> {
    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let way = |at: usize| (f32::from(word(at) as i16) / FULL).clamp(-1.0, 1.0);
    let held = word(12);
    let mode = match held >> Button::ALL.len() {
        0 => None,
        1 => Some(Mode::Walk),
        2 => Some(Mode::Head),
        _ => return None,
    };
    let mut controls = Controls {
        left: [way(0), way(2)],
        right: [way(4), way(6)],
        triggers: [way(8).max(0.0), way(10).max(0.0)],
        mode,
        ..Controls::default()
    };
    for (place, button) in Button::ALL.into_iter().enumerate() {
        controls.set(button, held >> place & 1 == 1);
    }
    Some(controls)
}
