//! How long a USB adapter collects bytes before it passes them on.

use super::Item;
use crate::files;
use crate::serial::SerialPort;
use rustix::io::Errno;
use rustix::ioctl::{Getter, Opcode, Setter, ioctl};
use std::os::fd::AsFd;
use std::path::Path;

const WHAT: &str = "usb latency";
const ASKED: &str = "1 ms";

/// Asks the port's adapter to pass bytes on at once, and reports the timer it has then. Adapters of FTDI keep bytes
/// for up to 16 ms, unless told otherwise.
pub fn usb_latency(port: &SerialPort) -> Item {
    // Adapters that do not know the wish refuse it or leave it; the timer is what counts.
    let _ = port.file().map(ask_for_low_latency);
    let device = std::fs::canonicalize(port.path()).unwrap_or_else(|_| port.path().to_owned());
    let name = device.file_name().unwrap_or_default().to_string_lossy().into_owned();
    item(&name, timer_ms(Path::new("/sys"), &name))
}

/// The adapter's timer; `None` where it has none.
fn timer_ms(sys: &Path, name: &str) -> Option<u32> {
    let path = sys.join("class/tty").join(name).join("device/latency_timer");
    files::read_text(path).ok()?.trim().parse().ok()
}

fn item(name: &str, timer_ms: Option<u32>) -> Item {
    match timer_ms {
        None => Item::not_asked(WHAT, format!("{name} has no latency timer")),
        Some(1) => Item::granted(WHAT, ASKED, "1 ms"),
        Some(ms) => {
            let remedy = format!("echo 1 | sudo tee /sys/class/tty/{name}/device/latency_timer");
            Item::refused(WHAT, ASKED, format!("{ms} ms: each exchange waits up to that long"), remedy)
        }
    }
}

/// The kernel's description of a serial port (linux/serial.h); all but the flags is handed back as it came.
#[repr(C)]
struct SerialStruct {
    kind: i32,
    line: i32,
    port: u32,
    irq: i32,
    flags: i32,
    xmit_fifo_size: i32,
    custom_divisor: i32,
    baud_base: i32,
    close_delay: u16,
    io_type: u8,
    reserved: u8,
    hub6: i32,
    closing_wait: u16,
    closing_wait2: u16,
    iomem_base: *mut u8,
    iomem_reg_shift: u16,
    port_high: u32,
    iomap_base: libc::c_ulong,
}

/// Flag: pass bytes on without waiting for more.
const ASYNC_LOW_LATENCY: i32 = 1 << 13;

fn ask_for_low_latency(port: impl AsFd) -> Result<(), Errno> {
    const GET: Opcode = libc::TIOCGSERIAL as Opcode;
    const SET: Opcode = libc::TIOCSSERIAL as Opcode;
    // SAFETY: this call writes one `serial_struct`, which `SerialStruct` mirrors field by field.
    let mut settings = unsafe { ioctl(&port, Getter::<GET, SerialStruct>::new()) }?;
    settings.flags |= ASYNC_LOW_LATENCY;
    // SAFETY: this call reads one `serial_struct`, all of which the call before has filled.
    unsafe { ioctl(&port, Setter::<SET, SerialStruct>::new(settings)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real_time::Granted;

    #[test]
    fn the_mirror_has_the_kernels_size() {
        let expected = if cfg!(target_pointer_width = "64") { 72 } else { 60 };
        assert_eq!(size_of::<SerialStruct>(), expected);
    }

    #[test]
    fn a_timer_of_more_than_a_millisecond_is_told_with_the_remedy() {
        let sys = std::env::temp_dir().join(format!("gaitway-{}-sys", std::process::id()));
        let device = sys.join("class/tty/ttyUSB0/device");
        std::fs::create_dir_all(&device).unwrap();
        for (written, granted) in [("16\n", Granted::No), ("1\n", Granted::Yes)] {
            std::fs::write(device.join("latency_timer"), written).unwrap();
            let item = item("ttyUSB0", timer_ms(&sys, "ttyUSB0"));
            assert_eq!(item.granted, granted);
            assert_eq!(item.remedy.contains("ttyUSB0"), granted == Granted::No);
        }
        assert_eq!(item("ttyACM0", timer_ms(&sys, "ttyACM0")).granted, Granted::NotAsked);
        std::fs::remove_dir_all(sys).unwrap();
    }
}
