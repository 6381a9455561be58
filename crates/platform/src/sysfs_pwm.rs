//! Channels of the board's own PWM (/sys/class/pwm): pulses that no thread has to keep time for.

use crate::clock::{Clock, MonotonicClock};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A channel is given to its group a moment after it appears; so long that is waited for, ns, and looked so often.
const APPEAR_NS: u64 = 1_000_000_000;
const LOOK_NS: u64 = 10_000_000;

/// A channel that cannot be had.
#[derive(Debug, Error)]
#[error("PWM {}, channel {channel}: {source}", chip.display())]
pub struct PwmError {
    chip: PathBuf,
    channel: u32,
    source: io::Error,
}

impl PwmError {
    /// What the person can do about it.
    pub fn hint(&self) -> &'static str {
        match self.source.kind() {
            io::ErrorKind::PermissionDenied => {
                "add yourself to the group of the device: sudo usermod -aG gpio $USER, then log in again"
            }
            io::ErrorKind::ResourceBusy => "a driver of the kernel has it; leave its overlay out",
            _ => {
                "see which there are: ls /sys/class/pwm; on a Raspberry Pi give its pins to the PWM with \
                 dtoverlay=pwm-2chan,pin=12,func=4,pin2=13,func2=4 in /boot/firmware/config.txt"
            }
        }
    }
}

/// A channel that is on. It is off, and given back, when this is dropped.
#[derive(Debug)]
pub struct PwmChannel {
    chip: PathBuf,
    channel: u32,
    /// Nobody had it before us.
    is_ours: bool,
    width_ns: u64,
}

impl PwmChannel {
    /// Switches a channel of the folder `chip` on, with pulses of this period and width.
    pub fn open(chip: &Path, channel: u32, period_ns: u64, width_ns: u64) -> Result<PwmChannel, PwmError> {
        let failed = |source| PwmError { chip: chip.to_owned(), channel, source };
        let is_ours = !chip.join(format!("pwm{channel}")).exists();
        if is_ours {
            write(&chip.join("export"), u64::from(channel)).map_err(failed)?;
        }
        let opened = PwmChannel { chip: chip.to_owned(), channel, is_ours, width_ns };
        opened.switch_on(period_ns).map_err(failed)?;
        Ok(opened)
    }

    /// The width of its pulses from now on.
    pub fn set_width(&mut self, width_ns: u64) -> io::Result<()> {
        if width_ns != self.width_ns {
            self.put("duty_cycle", width_ns)?;
            self.width_ns = width_ns;
        }
        Ok(())
    }

    fn switch_on(&self, period_ns: u64) -> io::Result<()> {
        let clock = MonotonicClock::default();
        let end_ns = clock.now_ns() + APPEAR_NS;
        // Its files come, and are given to the group, one by one.
        while let Err(error) = self.try_to_switch_on(period_ns) {
            let may_come = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
                && self.is_ours;
            if !may_come || clock.now_ns() >= end_ns {
                return Err(error);
            }
            clock.sleep_until(clock.now_ns() + LOOK_NS);
        }
        Ok(())
    }

    fn try_to_switch_on(&self, period_ns: u64) -> io::Result<()> {
        // Off, so that what another program left makes no pulse of ours; one that never had a period is off, and
        // the kernel refuses to switch it.
        match self.put("enable", 0) {
            Err(error) if error.kind() != io::ErrorKind::InvalidInput => return Err(error),
            _ => {}
        }
        // A width above the period is refused, and so is any before the first period.
        let _ = self.put("duty_cycle", 0);
        self.put("period", period_ns)?;
        self.put("duty_cycle", self.width_ns)?;
        self.put("enable", 1)
    }

    fn put(&self, name: &str, value: u64) -> io::Result<()> {
        write(&self.chip.join(format!("pwm{}", self.channel)).join(name), value)
    }
}

impl Drop for PwmChannel {
    fn drop(&mut self) {
        // One that is gone is off.
        let _ = self.put("enable", 0);
        if self.is_ours {
            let _ = write(&self.chip.join("unexport"), u64::from(self.channel));
        }
    }
}

/// Writes a number into a file that is there.
fn write(path: &Path, value: u64) -> io::Result<()> {
    use std::io::Write;
    let mut file = std::fs::File::options().write(true).truncate(true).open(path)?;
    file.write_all(value.to_string().as_bytes())
}
