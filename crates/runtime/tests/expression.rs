//! Lights and pulse servos on a pipe that is told what a chip would do, and on files that stand for a PWM.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use gaitway_platform::gpio::CHANGE_BYTES;
use gaitway_platform::{Clock, MonotonicClock};
use gaitway_runtime::expression::{
    Expression, ExpressionError, ExpressionSlot, Fitted, FittedPulseServos, PulseSource,
};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const BLINKERS: [u32; 2] = [24, 23];
const LAMP: u32 = 25;
const SERVOS: [u32; 2] = [13, 12];
const MS: u64 = 1_000_000;
/// Against hanging; no measurement.
const LIMIT_NS: u64 = 20_000 * MS;

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("gaitway-expression-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Until something is so.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let clock = MonotonicClock::default();
    let end_ns = clock.now_ns() + LIMIT_NS;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(clock.now_ns() < end_ns, "{what} never came");
        clock.wait_until(clock.now_ns() + MS);
    }
}

/// The other end of a pipe that stands for a chip: how every line stands, and how long each was high last.
struct Board {
    path: PathBuf,
    pipe: OwnedFd,
    levels: [bool; 64],
    since_ns: [u64; 64],
    pulses_ns: [u64; 64],
    rises: [u32; 64],
}

impl Board {
    fn new(folder: &Folder) -> Board {
        let path = folder.0.join("chip");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let pipe = rustix::fs::open(&path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
        let (levels, since_ns, pulses_ns, rises) = ([false; 64], [0; 64], [0; 64], [0; 64]);
        Board { path, pipe, levels, since_ns, pulses_ns, rises }
    }

    fn take(&mut self) {
        let mut bytes = [0; 64 * CHANGE_BYTES];
        while let Ok(len @ 1..) = rustix::io::read(&self.pipe, &mut bytes) {
            for change in bytes[..len].as_chunks::<CHANGE_BYTES>().0 {
                let at_ns = u64::from_le_bytes(change[..8].try_into().unwrap());
                let line = u32::from_le_bytes(change[8..12].try_into().unwrap()) as usize;
                let is_high = u32::from_le_bytes(change[12..].try_into().unwrap()) == 1;
                assert_ne!(is_high, self.levels[line], "only changes are told");
                if is_high {
                    self.rises[line] += 1;
                } else {
                    self.pulses_ns[line] = at_ns - self.since_ns[line];
                }
                (self.levels[line], self.since_ns[line]) = (is_high, at_ns);
            }
        }
    }

    fn wait_until(&mut self, what: &str, mut is_so: impl FnMut(&Board) -> bool) {
        wait_for(what, || {
            self.take();
            is_so(self).then_some(())
        });
    }

    /// True where the last pulse of each servo was as long as told, and no longer than a busy machine makes it.
    fn shows(&self, widths_us: [u64; 2]) -> bool {
        SERVOS.iter().zip(widths_us).all(|(line, width_us)| {
            (width_us * 1_000 - 50_000..width_us * 1_000 + 200_000).contains(&self.pulses_ns[*line as usize])
        })
    }
}

fn fitted(chip: &Path) -> Fitted {
    let servos = FittedPulseServos { directions: vec![1, -1], pulses: PulseSource::Lines(SERVOS.to_vec()) };
    Fitted {
        chip: Some(chip.to_owned()),
        blinkers: BLINKERS.to_vec(),
        lamps: vec![LAMP],
        pulse_servos: Some(servos),
    }
}

#[test]
fn lights_blink_the_lamp_obeys_and_pulses_follow_until_all_is_off() {
    let folder = Folder::new("lines");
    let mut board = Board::new(&folder);
    let slot = Arc::new(ExpressionSlot::default());
    let shown = Expression::start(&fitted(&board.path), None, Arc::clone(&slot)).unwrap();
    let high = |board: &Board, line: u32| board.levels[line as usize];
    board.wait_until("lights", |board| BLINKERS.iter().all(|line| high(board, *line)));
    board.wait_until("neutral servos", |board| board.shows([1_500, 1_500]));
    assert!(!high(&board, LAMP));
    slot.toggle_lamps();
    board.wait_until("the lamp", |board| high(board, LAMP));
    slot.set_pulse_servos(&[1.0, 1.0]);
    board.wait_until("servos at an end", |board| board.shows([2_000, 1_000]));
    slot.set_pulse_servos(&[-0.5, f32::NAN]);
    board.wait_until("another pose", |board| board.shows([1_250, 1_000]));
    slot.toggle_lamps();
    board.wait_until("no lamp", |board| !high(board, LAMP));
    slot.toggle_lamps();
    board.wait_until("a blink", |board| BLINKERS.iter().all(|line| board.rises[*line as usize] > 1));
    let figures = shown.figures();
    assert!(figures.pulse_ends > 10 && figures.failures == 0, "{figures:?}");
    let before = board.rises[SERVOS[0] as usize];
    drop(shown);
    board.take();
    assert!(board.levels.iter().all(|level| !level), "everything is off");
    assert!(board.rises[SERVOS[0] as usize] > before + 5, "it was neutral for a moment");
    let ended_at = board.pulses_ns[SERVOS[1] as usize];
    assert!(ended_at > 1_200_000, "the last pulses were neutral: {ended_at} ns");
}

#[test]
fn what_is_not_fitted_is_left_alone() {
    let folder = Folder::new("lights");
    let mut board = Board::new(&folder);
    let slot = Arc::new(ExpressionSlot::default());
    let lights = Fitted { chip: Some(board.path.clone()), blinkers: BLINKERS.to_vec(), ..Fitted::default() };
    let shown = Expression::start(&lights, None, Arc::clone(&slot)).unwrap();
    slot.toggle_lamps();
    slot.set_pulse_servos(&[1.0, 1.0]);
    board.wait_until("a blink", |board| board.rises[BLINKERS[0] as usize] > 1);
    drop(shown);
    board.take();
    let moved: Vec<usize> = (0..64).filter(|line| board.rises[*line] > 0).collect();
    assert_eq!(moved, [23, 24]);
}

#[test]
fn without_a_chip_nothing_is_begun() {
    let slot = Arc::new(ExpressionSlot::default());
    let error = Expression::start(&Fitted { chip: None, ..fitted(Path::new("")) }, None, Arc::clone(&slot));
    assert!(matches!(error, Err(ExpressionError::NoChip)));
    let error = Expression::start(&fitted(Path::new("/dev/null")), None, slot).unwrap_err();
    assert!(error.to_string().contains("/dev/null") && !error.hint().is_empty());
}

fn text(path: &Path) -> String {
    gaitway_platform::files::read_text(path).unwrap_or_default()
}

fn pwm_servos(chip: &Path) -> Fitted {
    let pulses = PulseSource::Pwm { chip: chip.to_owned(), channels: vec![1, 0] };
    Fitted { pulse_servos: Some(FittedPulseServos { directions: vec![1, -1], pulses }), ..Fitted::default() }
}

fn make_channel(chip: &Path, channel: u32) {
    let folder = chip.join(format!("pwm{channel}"));
    fs::create_dir_all(&folder).unwrap();
    for name in ["period", "duty_cycle", "enable"] {
        fs::write(folder.join(name), "").unwrap();
    }
}

#[test]
fn a_pwm_of_the_board_keeps_time_for_the_servos() {
    let folder = Folder::new("pwm");
    let chip = folder.0.clone();
    for name in ["export", "unexport"] {
        fs::write(chip.join(name), "").unwrap();
    }
    make_channel(&chip, 0);
    // As the kernel does it: the channel comes a moment after it was asked for.
    let kernel = std::thread::spawn({
        let chip = chip.clone();
        move || {
            wait_for("the request", || (text(&chip.join("export")) == "1").then_some(()));
            make_channel(&chip, 1);
        }
    });
    let slot = Arc::new(ExpressionSlot::default());
    let shown = Expression::start(&pwm_servos(&chip), None, Arc::clone(&slot)).unwrap();
    kernel.join().unwrap();
    let channel = |channel: u32, name: &str| text(&chip.join(format!("pwm{channel}")).join(name));
    let state = || [1, 0].map(|at| ["period", "duty_cycle", "enable"].map(|name| channel(at, name)));
    assert_eq!(state(), [["20000000", "1500000", "1"]; 2]);
    slot.set_pulse_servos(&[0.5, 1.0]);
    let widths = || [1, 0].map(|at| channel(at, "duty_cycle"));
    wait_for("a pose", || (widths() == ["1750000", "1000000"]).then_some(()));
    drop(shown);
    assert_eq!(state(), [["20000000", "1500000", "0"]; 2]);
    assert_eq!(text(&chip.join("unexport")), "1", "the other one was there before");
}

#[test]
fn a_pwm_that_is_not_there_is_refused_with_a_remedy() {
    let folder = Folder::new("no-pwm");
    let fitted = pwm_servos(&folder.0.join("pwmchip7"));
    let error = Expression::start(&fitted, None, Arc::new(ExpressionSlot::default())).unwrap_err();
    assert!(error.to_string().contains("pwmchip7") && error.hint().contains("dtoverlay"), "{error}");
}
