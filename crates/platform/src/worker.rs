//! A thread beside the loop that ends, and is waited for, when its owner is dropped.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

/// Tells a thread when its owner is gone.
#[derive(Debug, Clone, Default)]
pub struct End(Arc<AtomicBool>);

impl End {
    /// True where the thread shall end.
    pub fn has_come(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The owner's side.
#[derive(Debug)]
pub struct Worker {
    end: End,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts a thread, which looks at its [`End`] now and then.
    pub fn start(
        name: &str,
        stack_bytes: usize,
        work: impl FnOnce(&End) + Send + 'static,
    ) -> io::Result<Worker> {
        let end = End::default();
        let theirs = end.clone();
        let builder = Builder::new().name(name.to_owned()).stack_size(stack_bytes);
        let thread = builder.spawn(move || work(&theirs))?;
        Ok(Worker { end, thread: Some(thread) })
    }

    /// Ends the thread, and waits for it.
    pub fn stop(&mut self) {
        self.end.0.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
    }
}
