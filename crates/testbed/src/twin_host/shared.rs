//! What the wire's thread and its owner share.

use super::mailbox::Mailbox;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What both threads see.
#[derive(Debug)]
pub(super) struct Shared {
    pub mailbox: Mutex<Mailbox>,
    pub has_mail: AtomicBool,
    pub stop: AtomicBool,
    pub wake: OwnedFd,
}

impl Shared {
    /// The mailbox. A thread that panicked with it left nothing half done that matters.
    pub fn lock(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the wire thread's sleep.
    pub fn rouse(&self) {
        // It fails only where the counter is full, and then the thread is roused already.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    /// The thread is up: the next sleep is a whole one.
    pub fn calm(&self) {
        let _ = rustix::io::read(&self.wake, &mut [0; 8]);
    }
}
