//! Pads as byte streams: the published runtime's mapping, byte stream in and command out, and each of its defects absent.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../../../tests/rust/fuzz_iterations.rs"]
mod fuzz_iterations;

use fuzz_iterations::iterations;
use gaitway_gamepad::datagram::{NetworkPad, RemotePad};
use gaitway_gamepad::evdev::{EVENT_BYTES, Event, Events};
use gaitway_gamepad::keyboard::Keyboard;
use gaitway_gamepad::seal::Key;
use gaitway_gamepad::{AxisRange, Button, Controls, Layout, Operator, Pad, Reach, Stick};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::collections::BTreeMap;

/// The published runtime's numbers.
const REACH: Reach = Reach {
    forward: [-0.15, 0.15],
    leftward: [-0.2, 0.2],
    turning: [-1.0, 1.0],
    head_pitch: [-0.3, 0.78],
    head_yaw: [-0.5, 0.5],
    head_roll: [-0.5, 0.5],
};
/// An Xbox pad over Bluetooth, as the kernel numbers it.
const STICKS: [(u16, Stick); 7] = [
    (0, Stick::LeftX),
    (1, Stick::LeftY),
    (2, Stick::RightX),
    (5, Stick::RightY),
    (9, Stick::RightTrigger),
    (10, Stick::LeftTrigger),
    (17, Stick::HatY),
];
const BUTTONS: [(u16, Button); 5] = [
    (0x130, Button::Pause),
    (0x131, Button::Sound),
    (0x133, Button::Lamp),
    (0x134, Button::Head),
    (0x136, Button::Sprint),
];
const MIDDLE: i32 = 32768;
const MS: u64 = 1_000_000;

/// Somebody with a pad: bytes go in as the kernel writes them.
struct Hands {
    events: Events,
    pad: Pad,
    operator: Operator,
    pressed: Vec<Button>,
}

impl Hands {
    fn new() -> Hands {
        let layout = Layout { sticks: STICKS.into(), buttons: BUTTONS.into() };
        let stick = AxisRange { min: 0, max: 65535 };
        let trigger = AxisRange { min: 0, max: 1023 };
        let ranges =
            BTreeMap::from([(0, stick), (1, stick), (2, stick), (5, stick), (9, trigger), (10, trigger)]);
        Hands {
            events: Events::default(),
            pad: Pad::new(layout, ranges),
            operator: Operator::new(REACH),
            pressed: Vec::new(),
        }
    }

    /// One event and the report behind it, in pieces of `piece` bytes.
    fn write(&mut self, kind: u16, code: u16, value: i32, piece: usize) {
        let mut bytes = Vec::new();
        for (kind, code, value) in [(kind, code, value), (0, 0, 0)] {
            let begin = bytes.len();
            bytes.resize(begin + EVENT_BYTES - 8, 7);
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(code.to_ne_bytes());
            bytes.extend(value.to_ne_bytes());
        }
        for piece in bytes.chunks(piece) {
            let (events, pad) = (&mut self.events, &mut self.pad);
            events.take(piece, |event| _ = pad.take(event));
        }
        self.tick();
    }

    /// The robot looks at the pad: as often as it likes, nothing new being there.
    fn tick(&mut self) {
        let pressed = &mut self.pressed;
        self.operator.update(&self.pad.look(), |button| pressed.push(button));
    }

    fn axis(&mut self, code: u16, value: i32) {
        self.write(3, code, value, EVENT_BYTES);
    }

    fn key(&mut self, code: u16, is_down: bool) {
        self.write(1, code, i32::from(is_down), EVENT_BYTES);
    }

    fn tap(&mut self, code: u16) {
        self.key(code, true);
        self.key(code, false);
    }

    fn asks(&self, expected: [f32; 7]) {
        let found = self.operator.command();
        let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 5e-4);
        assert!(close, "{found:?} is not {expected:?}");
    }
}

#[test]
fn full_sticks_ask_what_the_published_runtime_asked() {
    let mut hands = Hands::new();
    hands.axis(1, 0);
    hands.asks([0.15, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    hands.axis(0, 0);
    hands.asks([0.15, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0]);
    hands.axis(2, 65535);
    hands.asks([0.15, 0.2, -1.0, 0.0, 0.0, 0.0, 0.0]);
    for code in [0, 1, 2] {
        hands.axis(code, MIDDLE);
    }
    hands.asks([0.0; 7]);
    hands.axis(9, 1023);
    hands.axis(10, 90);
    assert_eq!(
        hands.operator.pulse_servos(),
        [1.0, 0.0],
        "the right trigger, and a left one in its dead zone"
    );
}

#[test]
fn in_head_mode_sticks_move_the_head_and_it_stays_where_it_was_left() {
    let mut hands = Hands::new();
    hands.axis(1, 0);
    hands.tap(0x134);
    assert!(hands.operator.moves_head());
    hands.asks([0.0, 0.0, 0.0, 0.0, 0.78, 0.0, 0.0]);
    hands.axis(1, 65535);
    hands.axis(0, 65535);
    hands.axis(2, 0);
    hands.asks([0.0, 0.0, 0.0, 0.0, -0.3, -0.5, 0.5]);
    hands.tap(0x134);
    hands.asks([-0.15, -0.2, 1.0, 0.0, -0.3, -0.5, 0.5]);
}

#[test]
fn a_held_button_is_one_press_however_often_nothing_new_comes() {
    let mut hands = Hands::new();
    hands.key(0x131, true);
    for _ in 0..100 {
        hands.tick();
        // The kernel repeats it; a repetition is no press.
        hands.write(1, 0x131, 2, EVENT_BYTES);
    }
    hands.key(0x131, false);
    hands.tap(0x131);
    assert_eq!(hands.pressed, [Button::Sound, Button::Sound]);
}

#[test]
fn a_tap_between_two_looks_is_a_press_and_so_is_a_second_one() {
    let mut hands = Hands::new();
    for _ in 0..3 {
        for is_down in [true, false] {
            hands.pad.take(Event::Key { code: 0x134, is_down });
        }
        hands.tick();
        hands.tick();
    }
    hands.key(0x134, true);
    hands.pad.take(Event::Key { code: 0x134, is_down: false });
    hands.pad.take(Event::Key { code: 0x134, is_down: true });
    hands.tick();
    hands.tick();
    assert_eq!(hands.pressed, [Button::Head; 5]);
}

#[test]
fn sprint_holds_while_it_is_held() {
    let mut hands = Hands::new();
    hands.key(0x136, true);
    for _ in 0..100 {
        hands.tick();
        assert_eq!(hands.operator.phase_factor_offset(), 0.3);
    }
    hands.key(0x136, false);
    assert_eq!(hands.operator.phase_factor_offset(), 0.0);
}

#[test]
fn one_button_let_go_lets_no_other_go() {
    let mut hands = Hands::new();
    hands.key(0x136, true);
    hands.tap(0x131);
    hands.tap(0x130);
    assert_eq!(hands.operator.phase_factor_offset(), 0.3);
    assert_eq!(hands.pressed, [Button::Sprint, Button::Sound, Button::Pause]);
}

#[test]
fn the_hat_trims_the_gait_once_a_press_and_within_bounds() {
    let mut hands = Hands::new();
    hands.axis(17, -1);
    (0..10).for_each(|_| hands.tick());
    hands.axis(17, 0);
    assert_eq!(hands.operator.phase_factor_offset(), 0.05);
    let hat = |hands: &mut Hands, way: i32, times: usize| {
        for _ in 0..times {
            hands.axis(17, way);
            hands.axis(17, 0);
        }
        hands.operator.phase_factor_offset()
    };
    assert_eq!(hat(&mut hands, 1, 100), -0.5);
    assert_eq!(hat(&mut hands, -1, 10), 0.0, "ten presses back it is exactly as it was");
    assert_eq!(hat(&mut hands, -1, 100), 0.5);
}

#[test]
fn a_sprint_comes_on_top_of_the_trim() {
    let mut hands = Hands::new();
    hands.axis(17, 1);
    hands.axis(17, 0);
    hands.key(0x136, true);
    assert_eq!(hands.operator.phase_factor_offset(), 0.25);
    for _ in 0..9 {
        hands.axis(17, -1);
        hands.axis(17, 0);
    }
    assert_eq!(hands.operator.phase_factor_offset(), 0.5, "trimmed by 0.4, and no more than 0.5 with it");
}

#[test]
fn a_pad_that_is_gone_asks_for_nothing() {
    let mut hands = Hands::new();
    hands.axis(1, 0);
    hands.key(0x136, true);
    hands.axis(9, 1023);
    hands.operator.let_go();
    hands.asks([0.0; 7]);
    assert_eq!((hands.operator.pulse_servos(), hands.operator.phase_factor_offset()), ([0.0; 2], 0.0));
}

#[test]
fn what_rests_at_an_end_is_no_stick_until_it_moves() {
    let mut hands = Hands::new();
    // Triggers of another layout in place of the right stick; the left one is truly held.
    hands.pad.stand_as(&[], &BTreeMap::from([(0, 40_000), (1, 2_000), (2, 0), (5, 65_535)]));
    hands.pad.doubt_ends();
    hands.tick();
    let command = hands.operator.command();
    assert!(command[0] > 0.1 && command[1] < -0.02 && command[2] == 0.0, "{command:?}");
    hands.axis(2, 100);
    assert!(hands.operator.command()[2] > 0.9);
}

#[test]
fn what_is_held_down_while_a_pad_is_found_is_no_press_and_the_next_one_is() {
    let mut hands = Hands::new();
    hands.pad.stand_as(&[0x130, 0x136], &BTreeMap::new());
    let stands = hands.pad.look();
    hands.operator.take_up(&stands);
    hands.tick();
    assert_eq!((hands.pressed.len(), hands.operator.phase_factor_offset()), (0, 0.3));
    hands.key(0x130, false);
    hands.tap(0x130);
    assert_eq!(hands.pressed, [Button::Pause]);
}

#[test]
fn nothing_is_pulled_and_nothing_asked_before_the_first_event() {
    let mut hands = Hands::new();
    hands.tick();
    hands.asks([0.0; 7]);
    assert_eq!((hands.operator.pulse_servos(), hands.pressed.len()), ([0.0; 2], 0));
}

#[test]
fn a_worn_stick_is_at_rest_and_a_full_one_is_full() {
    let mut hands = Hands::new();
    hands.axis(1, MIDDLE - 3000);
    hands.asks([0.0; 7]);
    hands.axis(1, MIDDLE - 3600);
    let small = hands.operator.command()[0];
    assert!(small > 0.0 && small < 0.002, "no jump where the dead zone ends: {small}");
}

#[test]
fn an_axis_whose_numbers_fall_goes_the_way_its_layout_says() {
    let falling = AxisRange { min: 255, max: 0 };
    let layout = Layout { sticks: [(0, Stick::LeftX)].into(), buttons: BTreeMap::new() };
    let mut pad = Pad::new(layout, BTreeMap::from([(0, falling.between(0, 1023))]));
    for (value, right) in [(0, 1.0), (1023, -1.0), (2000, -1.0)] {
        pad.take(Event::Axis { code: 0, value });
        assert_eq!(pad.look().left[0], right);
    }
}

#[test]
fn events_come_in_pieces_and_lost_ones_are_known() {
    for piece in 1..EVENT_BYTES {
        let mut hands = Hands::new();
        hands.write(3, 1, 0, piece);
        hands.asks([0.15, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
    let mut hands = Hands::new();
    hands.key(0x136, true);
    assert!(!hands.pad.take(Event::Dropped));
    hands.pad.stand_as(&[0x131], &BTreeMap::from([(1, 0)]));
    hands.tick();
    assert_eq!(hands.operator.phase_factor_offset(), 0.0, "it was let go while nobody listened");
    assert_eq!(hands.pressed, [Button::Sprint, Button::Sound]);
    hands.asks([0.15, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn a_key_is_held_while_the_terminal_repeats_it_and_a_little_longer() {
    let mut keyboard = Keyboard::default();
    let mut forward = Vec::new();
    for at in 0..3000 {
        // The first repetition comes late: X.Org's own 660 ms are the longest.
        if at == 1 || (661..2000).contains(&at) && at % 30 == 0 {
            assert!(keyboard.typed(if at == 1 { b'w' } else { b'W' }, at * MS));
        }
        forward.push(keyboard.controls(at * MS).left[1]);
    }
    assert_eq!((forward[0], forward[2999]), (0.0, 0.0));
    assert!(forward[402..2100].iter().all(|way| *way == 1.0), "on its way, then held");
    assert!(forward[2300] > 0.2 && forward[2550] == 0.0, "and back");
    let steps = forward.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    assert!(steps.fold(0.0, f32::max) < 0.003, "never at once");
}

#[test]
fn keys_without_a_letter_drive_nothing() {
    for sequence in ["\x1b[A", "\x1b[D", "\x1bOP", "\x1b[Z", "\x1b[1;5D", "\x1b[15~", "\x1bw"] {
        let mut keyboard = Keyboard::default();
        for byte in sequence.bytes() {
            assert!(keyboard.typed(byte, MS), "{sequence:?}");
        }
        assert_eq!(keyboard.controls(401 * MS), Controls::default(), "{sequence:?}");
        // A key of its own, right behind.
        keyboard.typed(b'w', 401 * MS);
        assert_eq!(keyboard.controls(801 * MS).left, [0.0, 1.0], "{sequence:?}");
    }
    // A lone ESC is none of them.
    let mut keyboard = Keyboard::default();
    keyboard.typed(0x1B, 0);
    keyboard.typed(b'w', 100 * MS);
    assert_eq!(keyboard.controls(500 * MS).left, [0.0, 1.0]);
}

#[test]
fn opposite_keys_are_the_middle_and_a_held_button_is_one_press() {
    let mut keyboard = Keyboard::default();
    assert!(!keyboard.typed(b'j', 0));
    keyboard.typed(b'w', 0);
    keyboard.typed(b's', 10 * MS);
    assert_eq!(keyboard.controls(500 * MS).left, [0.0, 0.0]);
    let mut operator = Operator::new(REACH);
    let mut presses = 0;
    for at in 4000..5000 {
        if at == 4000 || at > 4660 && at % 30 == 0 {
            keyboard.typed(b'z', at * MS);
        }
        operator.update(&keyboard.controls(at * MS), |_| presses += 1);
    }
    assert_eq!(presses, 1);
}

#[test]
fn keys_that_stop_clear_and_help_drive_nothing() {
    let mut keyboard = Keyboard::default();
    for byte in *b" cCh?\x03" {
        assert!(!keyboard.typed(byte, 0), "{byte}");
    }
    assert_eq!(keyboard.controls(0), Controls::default());
    for begun in [&b"\x1b"[..], b"\x1b[", b"\x1b[1;"] {
        begun.iter().for_each(|byte| _ = keyboard.typed(*byte, 0));
        assert!(!keyboard.typed(b' ', 0), "space stops whatever came before it");
    }
    assert!(keyboard.typed(b'\n', 0), "what a terminal makes of enter");
    assert!(keyboard.controls(0).is_held(Button::Motors));
    let names: Vec<&str> = Keyboard::keys().map(|(name, _)| name).collect();
    assert!(names.contains(&"enter") && names.iter().all(|name| !["space", "c", "h", "?"].contains(name)));
}

const NONCE: [u8; 16] = *b"made up at start";

fn key(byte: u8) -> Key {
    Key::new(&[byte; 32])
}

/// As docs/formats.md has it, made by nothing of the driver's.
fn datagram(secret: u8, (nonce, at_ns): ([u8; 16], u64), number: u32, forward: i16, held: u16) -> Vec<u8> {
    let mut bytes = Vec::from(*b"GWP3");
    bytes.extend(nonce);
    bytes.extend(at_ns.to_le_bytes());
    bytes.extend(number.to_le_bytes());
    for way in [0, forward, 0, 0, 0, 0] {
        bytes.extend(way.to_le_bytes());
    }
    bytes.extend(held.to_le_bytes());
    let signed = Hmac::<Sha256>::new_from_slice(&[secret; 32]).unwrap().chain_update(&bytes);
    bytes.extend(signed.finalize().into_bytes());
    bytes
}

fn is_followed<Sender: PartialEq>(
    pad: &mut NetworkPad<Sender>,
    sender: Sender,
    bytes: &[u8],
    now_ns: u64,
) -> bool {
    pad.take(sender, bytes, now_ns, false).is_some_and(|heard| heard.is_followed)
}

#[test]
fn the_first_sender_has_the_pad_until_it_is_silent() {
    let mut pad = NetworkPad::new(key(1), NONCE, REACH);
    let of = |at_ms, number, forward, held| datagram(1, (NONCE, at_ms * MS), number, forward, held);
    assert!(is_followed(&mut pad, "one", &of(5, 5, 32767, 1), 10 * MS));
    assert!(!is_followed(&mut pad, "two", &of(9, 9, -32767, 0), 100 * MS), "somebody has it");
    assert!(!is_followed(&mut pad, "one", &of(5, 4, -32767, 0), 100 * MS), "overtaken on the way");
    let controls = pad.controls(200 * MS).unwrap();
    assert_eq!((controls.left, controls.is_held(Button::Pause)), ([0.0, 1.0], true));
    assert_eq!(pad.controls(510 * MS), None);
    assert!(is_followed(&mut pad, "two", &of(600, 1, 0, 0), 600 * MS));
    assert_eq!(pad.sender(), Some(&"two"));
    for wrong in [&of(600, 2, 0, 3 << 9)[..], &of(600, 2, 0, 1 << 11), &of(600, 2, 0, 0)[..77], b"", &[0; 78]]
    {
        assert_eq!(pad.take("two", wrong, 601 * MS, false), None);
    }
    assert!(is_followed(&mut pad, "two", &of(600, 2, 0, 0), 602 * MS));
}

#[test]
fn everybody_with_the_key_stops_it_whoever_has_the_pad() {
    const STOP: u16 = 1 << Button::Stop as u16;
    let mut pad = NetworkPad::new(key(1), NONCE, REACH);
    let of = |secret, at_ms, held| datagram(secret, (NONCE, at_ms * MS), 1, 0, held);
    let walks = datagram(1, (NONCE, 8 * MS), 7, 32767, 0);
    assert!(is_followed(&mut pad, "one", &walks, 10 * MS));
    // Older than the newest of who has it: a stop waits for no turn, and takes the pad from nobody.
    let heard = pad.take("two", &of(1, 5, STOP), 20 * MS, false).unwrap();
    assert!(heard.stops && !heard.is_followed);
    let mut told = RemotePad::new(key(1));
    assert!(told.take(&heard.answer) && told.is_stopped(), "the answer to it confirms it");
    assert!(pad.take("two", &of(1, 5, STOP), 21 * MS, true).unwrap().stops, "said once more");
    assert_eq!(pad.controls(22 * MS).unwrap().left, [0.0, 1.0]);
    assert_eq!(pad.sender(), Some(&"one"));
    assert!(!pad.take("two", &of(1, 5, !STOP & 0xff), 23 * MS, true).unwrap().stops, "all other buttons");
    assert_eq!(pad.take("two", &of(2, 5, STOP), 24 * MS, false), None, "another key");
    assert!(!pad.take("two", &of(1, 5, STOP), 1006 * MS, false).unwrap().stops, "written down a second ago");
    let restarted = datagram(1, ([7; 16], 5 * MS), 1, 0, STOP);
    assert!(!pad.take("two", &restarted, 25 * MS, false).unwrap().stops);
}

#[test]
fn a_pad_elsewhere_is_told_whether_the_robot_is_stopped() {
    let (mut robot, mut pad) = (NetworkPad::new(key(1), NONCE, REACH), RemotePad::new(key(1)));
    assert!(!pad.is_stopped());
    for (at, is_stopped) in [(1, false), (2, true), (3, false)] {
        let heard = robot.take("one", &pad.datagram(&Controls::default()), at * MS, is_stopped).unwrap();
        assert!(pad.take(&heard.answer));
        assert_eq!(pad.is_stopped(), is_stopped);
    }
}

#[test]
fn what_another_key_signed_was_changed_or_cut_is_as_if_it_never_came() {
    let mut pad = NetworkPad::new(key(1), NONCE, REACH);
    let good = datagram(1, (NONCE, 0), 1, 32767, 0);
    for at in 0..good.len() {
        let mut forged = good.clone();
        forged[at] ^= 1 << (at % 8);
        assert_eq!(pad.take("one", &forged, MS, false), None, "byte {at}");
        assert_eq!(pad.take("one", &good[..at], MS, false), None, "{at} bytes of it");
    }
    let mut longer = good.clone();
    longer.push(0);
    let unsigned = [&good[..46], &[0; 32]].concat();
    let (other, open) = (datagram(2, (NONCE, 0), 1, 32767, 0), datagram(0, (NONCE, 0), 1, 32767, 0));
    // Its own answer, sent back to it, is no datagram either.
    let answer = pad.take("one", &datagram(1, (NONCE, 9 * MS), 1, 0, 0), MS, false).unwrap().answer;
    for forged in [&longer[..], &unsigned, &other, &open, &answer] {
        assert_eq!(pad.take("one", forged, MS, false), None);
    }
    assert_eq!(pad.controls(MS), None);
    assert!(is_followed(&mut pad, "one", &good, MS));
    let mut everybody = NetworkPad::new(Key::open(), NONCE, REACH);
    assert!(is_followed(&mut everybody, "one", &open, MS), "without a key who is on the machine is heard");
}

#[test]
fn what_somebody_wrote_down_is_of_no_use_to_them() {
    let (walk, now) = (|number| datagram(1, (NONCE, 2000 * MS), number, 32767, 0), 2010 * MS);
    let mut pad = NetworkPad::new(key(1), NONCE, REACH);
    assert!(is_followed(&mut pad, "one", &walk(1), now) && is_followed(&mut pad, "one", &walk(3), now + MS));
    for (number, at_ns) in [(3, now + MS), (1, now + 2 * MS), (2, now + 3 * MS), (3, now + 700 * MS)] {
        for sender in ["one", "two"] {
            assert!(!is_followed(&mut pad, sender, &walk(number), at_ns), "{number} again from {sender}");
        }
    }
    // Held back on the way: the robot's moment in it is over; one that is yet to come nobody was told.
    assert!(!is_followed(&mut pad, "one", &walk(4), 3001 * MS));
    assert!(!is_followed(&mut pad, "one", &walk(5), 1999 * MS));
    assert!(is_followed(&mut pad, "one", &walk(5), 3000 * MS));
    // The robot was started again: its clock may even go on from the same moment.
    let mut restarted = NetworkPad::new(key(1), *b"and made up anew", REACH);
    assert!(!is_followed(&mut restarted, "one", &walk(6), now));
    assert_eq!(restarted.controls(now), None);
}

#[test]
fn a_pad_is_followed_from_its_second_datagram_on_and_after_a_restart_of_either() {
    let mut robot = NetworkPad::new(key(1), NONCE, REACH);
    let mut pad = RemotePad::new(key(1));
    let forward = REACH.walk(0.15, 0.0, 0.0).unwrap();
    let talk = |robot: &mut NetworkPad<&str>, pad: &mut RemotePad, now_ns: u64| {
        let heard = robot.take("one", &pad.datagram(&forward), now_ns, false).unwrap();
        assert!(pad.take(&heard.answer));
        heard.is_followed
    };
    assert_eq!(pad.reach(), None, "before it is answered it knows nothing of the robot");
    assert!(!talk(&mut robot, &mut pad, MS) && talk(&mut robot, &mut pad, 2 * MS));
    assert_eq!(pad.reach(), Some(&REACH));
    // It was suspended for a while, then started again, then the robot was.
    assert!(!talk(&mut robot, &mut pad, 9000 * MS) && talk(&mut robot, &mut pad, 9001 * MS));
    pad = RemotePad::new(key(1));
    assert!(!talk(&mut robot, &mut pad, 9002 * MS) && talk(&mut robot, &mut pad, 9003 * MS));
    let slower = Reach { forward: [-0.05, 0.1], ..REACH };
    robot = NetworkPad::new(key(1), *b"and made up anew", slower);
    assert!(!talk(&mut robot, &mut pad, MS) && talk(&mut robot, &mut pad, 2 * MS));
    assert_eq!(pad.reach(), Some(&slower), "with another policy it reaches elsewhere");
    // Of two answers the newer one counts, in whatever order they come; what is no answer changes nothing.
    let answers = [3, 4].map(|at| robot.take("one", &pad.datagram(&forward), at * MS, false).unwrap().answer);
    assert!(pad.take(&answers[1]) && pad.take(&answers[0]));
    for wrong in [&answers[1][..59], &[0; 60], b"", &pad.clone().datagram(&forward)] {
        assert!(!pad.take(wrong));
    }
    assert!(!RemotePad::new(key(2)).take(&answers[1]));
    let newest = pad.datagram(&forward);
    assert_eq!(newest[20..28], (4 * MS).to_le_bytes());
}

/// What a robot is asked by one pad after another, each over the network.
fn asked_over_the_network(operator: &mut Operator, pads: &[Controls]) -> [f32; 7] {
    let (mut network, mut remote) = (NetworkPad::new(Key::open(), NONCE, REACH), RemotePad::new(Key::open()));
    for pad in pads {
        let told = network.take("program", &remote.datagram(pad), 0, false).unwrap();
        assert!(remote.take(&told.answer));
        assert!(network.take("program", &remote.datagram(pad), 0, false).unwrap().is_followed);
        operator.update(&network.controls(0).unwrap(), |_| {});
    }
    operator.command()
}

#[test]
fn what_a_program_wishes_is_what_the_robot_is_asked() {
    let mut operator = Operator::new(REACH);
    for share in [-1.0, -0.5, -0.01, 0.0, 0.001, 0.3, 0.999, 1.0_f32] {
        let turned = [share * if share < 0.0 { 0.3 } else { 0.78 }, -0.5 * share, 0.5 * share];
        let walks = REACH.walk(0.15 * share, -0.2 * share, share).unwrap();
        let looks = REACH.look(turned[0], turned[1], turned[2]).unwrap();
        // The head stays where it was left, and who looks stands.
        let expected = [0.15 * share, -0.2 * share, share, 0.0, turned[0], turned[1], turned[2]];
        for (pads, from) in [(&[looks, walks][..], 0), (&[walks, looks], 3)] {
            let found = asked_over_the_network(&mut operator, pads);
            let far = found.iter().zip(expected).skip(from).map(|(found, expected)| (found - expected).abs());
            assert!(far.fold(0.0, f32::max) < 5e-5, "{found:?} is not {expected:?}");
            assert!(from == 0 || found[..3] == [0.0; 3]);
        }
    }
}

#[test]
fn who_says_what_the_sticks_move_is_heard_whatever_the_head_button_said() {
    let mut operator = Operator::new(REACH);
    operator.move_head();
    let walks = REACH.walk(0.15, 0.0, 0.0).unwrap();
    assert_eq!(asked_over_the_network(&mut operator, &[walks])[0], 0.15);
    let mut forward = walks;
    forward.mode = None;
    let found = asked_over_the_network(&mut operator, &[forward]);
    assert_eq!((found[0], found[4]), (0.0, 0.78), "who does not say finds it as it was");
}

#[test]
fn a_wish_out_of_reach_is_refused_with_what_may_be() {
    for (wish, words) in [
        (REACH.walk(0.16, 0.0, 0.0), "forward: expected -0.15 to 0.15 m/s, found 0.16"),
        (REACH.walk(0.0, f32::NAN, 0.0), "leftward: expected -0.2 to 0.2 m/s, found NaN"),
        (REACH.walk(0.0, 0.0, f32::NEG_INFINITY), "turning: expected -1 to 1 rad/s, found -inf"),
        (REACH.look(-0.4, 0.0, 0.0), "pitch: expected -0.3 to 0.78 rad, found -0.4"),
    ] {
        assert_eq!(wish.unwrap_err().to_string(), words);
    }
    let stands = Reach { forward: [0.0; 2], ..REACH };
    assert!(stands.walk(0.01, 0.0, 0.0).is_err() && stands.walk(0.0, 0.0, 0.0).is_ok());
}

#[test]
fn a_million_inputs_of_any_kind_stay_within_reach() {
    let rounds = iterations(20_000) as u64;
    let mut hands = Hands::new();
    let (mut keyboard, mut network) = (Keyboard::default(), NetworkPad::new(key(1), NONCE, REACH));
    let (mut far, mut elsewhere) = (Operator::new(REACH), Operator::new(REACH));
    let (mut chance, mut moved, mut followed, mut stops) = (7_u64, 0_u64, 0_u64, 0_u64);
    for round in 0..rounds {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let raw = chance.rotate_left((round % 64) as u32);
        let now_ns = round * 7 * MS;
        if raw & 1 == 0 {
            let code = [0, 1, 2, 5, 9, 10, 17, 0x130, 0x134, 0x136][(raw >> 8) as usize % 10];
            hands.write((raw >> 4) as u16 & 3, code, (raw >> 20) as i32, 24);
        } else {
            let (events, pad) = (&mut hands.events, &mut hands.pad);
            events.take(&raw.to_le_bytes(), |event| _ = pad.take(event));
            hands.tick();
        }
        keyboard.typed((raw >> 16) as u8, now_ns);
        far.update(&keyboard.controls(now_ns), |_| {});
        // Of another key, another start, a moment that is over, changed on the way: none of it is followed.
        let (secret, nonce) = (1 + (raw >> 56 & 1) as u8, if raw >> 57 & 1 == 0 { NONCE } else { [0; 16] });
        let at_ns = now_ns.saturating_sub((raw >> 58 & 1) * 1001 * MS);
        let (forward, held) = ((raw >> 24) as i16, (raw >> 40) as u16 & 0x7ff);
        let mut bytes = datagram(secret, (nonce, at_ns), round as u32, forward, held);
        let bits = if raw >> 62 == 0 { (raw >> 32) as u8 } else { 0 };
        let at = (raw >> 3) as usize % bytes.len();
        bytes[at] ^= bits;
        if let Some(heard) = network.take(raw >> 60, &bytes, now_ns, false) {
            assert!(secret == 1 && bits == 0);
            let is_of_now = nonce == NONCE && now_ns - at_ns <= 1000 * MS;
            assert!(is_of_now || !heard.is_followed && !heard.stops);
            stops += u64::from(heard.stops);
            followed += u64::from(heard.is_followed);
        }
        match network.controls(now_ns) {
            Some(controls) => elsewhere.update(&controls, |_| {}),
            None => elsewhere.let_go(),
        }
        for operator in [&hands.operator, &far, &elsewhere] {
            let most = [0.15, 0.2, 1.0, 0.0, 0.78, 0.5, 0.5];
            let command = operator.command();
            assert!(command.iter().zip(most).all(|(asked, most)| asked.abs() <= most), "{command:?}");
            assert!(operator.phase_factor_offset().abs() <= 0.5);
            assert!(operator.pulse_servos().iter().all(|antenna| (0.0..=1.0).contains(antenna)));
            moved += u64::from(command[0] != 0.0);
        }
    }
    assert!(moved > rounds / 10 && followed > rounds / 100, "{moved} and {followed} of {rounds}");
    assert!(stops > rounds / 100, "{stops} of {rounds}");
}
