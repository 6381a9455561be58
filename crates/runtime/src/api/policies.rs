//! Policies a robot can change to: which there are, whether one fits, and which is wanted next.

use gaitway_model::Contract;
use gaitway_protocol::{Code, PolicyInfo, Refusal};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Builder;

const STACK_BYTES: usize = 2 * 1024 * 1024;

type Check = dyn Fn(&str) -> Result<(), Refusal> + Send + Sync;
type Prepare = dyn Fn(&str) -> Result<Box<dyn LiveSwap>, Refusal> + Send + Sync;

/// A policy that was looked at, and is ready to take over on a robot that runs another one.
pub trait LiveSwap: Send {
    /// What the loop is to run from then on.
    fn contract(&self) -> &Contract;

    /// Hands it to the loop.
    fn give(&mut self) -> Result<(), Refusal>;

    /// True once the loop has taken it.
    fn is_taken(&mut self) -> bool;
}

/// What looking at a policy came to: for a robot that runs, one that is ready to take over.
pub(super) type Looked = Result<Option<Box<dyn LiveSwap>>, Refusal>;

/// The policies at hand. A copy is the same shelf.
#[derive(Clone)]
pub struct PolicyShelf {
    policies: Arc<Mutex<Vec<PolicyInfo>>>,
    check: Arc<Check>,
    prepare: Option<Arc<Prepare>>,
    is_checking: Arc<AtomicBool>,
    wanted: Arc<OnceLock<String>>,
}

impl PolicyShelf {
    /// These policies; `check` says whether the one of that name runs on the robot. It may take its time: it is called
    /// on a thread of its own.
    pub fn new(
        policies: Vec<PolicyInfo>,
        check: impl Fn(&str) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> PolicyShelf {
        PolicyShelf {
            policies: Arc::new(Mutex::new(policies)),
            check: Arc::new(check),
            prepare: None,
            is_checking: Arc::default(),
            wanted: Arc::default(),
        }
    }

    /// The same; `prepare` makes the policy of that name ready to take over while the robot runs. It may take its time,
    /// too.
    #[must_use]
    pub fn with_live(
        self,
        prepare: impl Fn(&str) -> Result<Box<dyn LiveSwap>, Refusal> + Send + Sync + 'static,
    ) -> PolicyShelf {
        PolicyShelf { prepare: Some(Arc::new(prepare)), ..self }
    }

    /// True where a policy can take over while the robot runs.
    pub(super) fn is_live(&self) -> bool {
        self.prepare.is_some()
    }

    /// The policy of that name runs now.
    pub(super) fn runs(&self, name: &str) {
        for policy in self.known().iter_mut() {
            policy.runs = policy.name == name;
        }
    }

    fn known(&self) -> MutexGuard<'_, Vec<PolicyInfo>> {
        self.policies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The policy that is wanted in place of the one that runs, once somebody wants one.
    pub fn wanted(&self) -> Option<&str> {
        self.wanted.get().map(String::as_str)
    }

    pub(super) fn list(&self) -> Vec<PolicyInfo> {
        self.known().clone()
    }

    /// Refuses a name that is not among them.
    pub(super) fn find(&self, name: &str) -> Result<(), Refusal> {
        let policies = self.known();
        if policies.iter().any(|policy| policy.name == name) {
            return Ok(());
        }
        let known: Vec<&str> = policies.iter().map(|policy| policy.name.as_str()).collect();
        let refusal = Refusal::field("name", &format!("one of {}", known.join(", ")), name);
        Err(Refusal { hint: "policies lists them; put the file beside the others".to_owned(), ..refusal })
    }

    /// Begins to look whether the policy of that name fits, or makes it ready to take over where the robot `runs`; the
    /// answer comes by the receiver.
    pub(super) fn check(&self, name: &str, runs: bool) -> Result<Receiver<Looked>, Refusal> {
        if self.is_checking.swap(true, Ordering::AcqRel) {
            return Err(Refusal::new(Code::NotPossible, "another policy is looked at just now", "try again"));
        }
        let (answer, answered) = channel();
        let (check, is_checking, name) =
            (Arc::clone(&self.check), Arc::clone(&self.is_checking), name.to_owned());
        let prepare = self.prepare.clone().filter(|_| runs);
        let look = move || {
            let _busy = Busy(is_checking);
            let looked = match prepare {
                Some(prepare) => prepare(&name).map(Some),
                None => check(&name).map(|()| None),
            };
            // Who has gone need not know.
            let _ = answer.send(looked);
        };
        let begun = Builder::new().name("policy check".to_owned()).stack_size(STACK_BYTES).spawn(look);
        begun.map(|_| answered).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> Refusal {
        self.is_checking.store(false, Ordering::Release);
        Refusal::new(Code::NotPossible, format!("a thread cannot be started: {error}"), "end other programs")
    }

    /// From now on that policy is wanted; false where another one is already.
    pub(super) fn want(&self, name: &str) -> bool {
        self.wanted.set(name.to_owned()).is_ok()
    }
}

/// A policy is looked at until this is dropped, by a panic too.
struct Busy(Arc<AtomicBool>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Default for PolicyShelf {
    fn default() -> PolicyShelf {
        PolicyShelf::new(Vec::new(), |_| Ok(()))
    }
}

impl fmt::Debug for PolicyShelf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PolicyShelf").field("policies", &self.known()).finish_non_exhaustive()
    }
}
