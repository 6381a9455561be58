//! Stdout at its reader's pace: one that does not read, a pager or a terminal that hangs, keeps nobody else waiting.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::thread::Builder;
use std::time::Duration;

/// Lines that may wait to be read.
const WAITING: usize = 1024;
const STACK_BYTES: usize = 64 * 1024;
/// At the end what waits to be read is waited for so long.
const LAST: Duration = Duration::from_secs(1);

/// Prints texts on a thread.
#[derive(Debug)]
pub(crate) struct Printer {
    lines: Option<SyncSender<String>>,
    is_lost: Arc<AtomicBool>,
    /// Closed once the thread has ended.
    end: Receiver<()>,
}

impl Printer {
    /// Prints to `to`.
    pub fn start(to: impl Write + Send + 'static) -> io::Result<Printer> {
        let (lines, waiting) = sync_channel(WAITING);
        let is_lost = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&is_lost);
        let (ending, end) = channel();
        let builder = Builder::new().name("log".to_owned()).stack_size(STACK_BYTES);
        builder.spawn(move || {
            let _ending = ending;
            if print(to, &waiting).is_err() {
                theirs.store(true, Ordering::Relaxed);
            }
        })?;
        Ok(Printer { lines: Some(lines), is_lost, end })
    }

    /// Prints a text, now or once there is somebody who reads. False where too many wait already: it is left out.
    pub fn print(&self, text: String) -> bool {
        let sent = self.lines.as_ref().map(|lines| lines.try_send(text));
        !matches!(sent, Some(Err(TrySendError::Full(_))))
    }

    /// True once nobody can read any more.
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.lines = None;
        // Nothing ever comes through it.
        let _ = self.end.recv_timeout(LAST);
    }
}

fn print(mut to: impl Write, waiting: &Receiver<String>) -> io::Result<()> {
    for text in waiting {
        to.write_all(text.as_bytes())?;
        to.flush()?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::Sender;

    /// Takes a line whenever it is allowed to.
    struct Slow {
        may: Receiver<()>,
        read: Arc<Mutex<String>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.may.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.read.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Sender<()>, Arc<Mutex<String>>, Printer) {
        let ((allow, may), read) = (channel(), Arc::default());
        let printer = Printer::start(Slow { may, read: Arc::clone(&read) }).unwrap();
        (allow, read, printer)
    }

    #[test]
    fn lines_come_in_order_at_last() {
        let (allow, read, printer) = slow();
        assert!((0..100).all(|line| printer.print(format!("{line}\n"))));
        (0..100).for_each(|_| allow.send(()).unwrap());
        drop(printer);
        let expected: String = (0..100).map(|line| format!("{line}\n")).collect();
        assert_eq!(*read.lock().unwrap(), expected);
    }

    #[test]
    fn a_reader_that_does_not_read_keeps_nobody_waiting() {
        let (_allow, read, printer) = slow();
        let taken = (0..2 * WAITING).filter(|line| printer.print(line.to_string())).count();
        assert!((WAITING..=WAITING + 1).contains(&taken), "{taken}");
        drop(printer);
        assert_eq!(*read.lock().unwrap(), "");
    }

    #[test]
    fn a_reader_that_is_gone_is_known_to_be() {
        let (allow, _, printer) = slow();
        printer.print("\n".to_owned());
        drop(allow);
        printer.end.recv().unwrap_err();
        assert!(printer.is_lost());
        assert!(printer.print("nobody minds".to_owned()));
    }
}
