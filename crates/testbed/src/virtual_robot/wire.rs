//! Wire and clock in one: whoever waits lets the emulated servos work, the IMU's samples arrive, and faults strike.

use crate::servo_view::ServoView;
use crate::virtual_robot::chip::ChipPath;
use crate::virtual_robot::torque::TorqueWatch;
use gaitway_emulators::{Fault, Imu, ImuFault, ServoBus, TwinError};
use gaitway_hal::imu_datagram;
use gaitway_platform::allocations;
use gaitway_platform::clock::Clock;
use gaitway_platform::port::{Port, PortError};
use gaitway_runtime::robot::ImuSlot;
use gaitway_runtime::robot::imu::sample_of;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The loop is starved for so long at most, ns, and however starvations follow each other.
pub const MAX_STARVED_NS: u64 = 10_000_000_000;
/// Steps of the physics that are kept for a host that does not take them; older ones are left out.
const MAX_STEPS: usize = 100_000;

/// Something that goes wrong around a robot.
#[derive(Debug, Clone, PartialEq)]
pub enum Trouble {
    /// On the servo bus.
    Bus(Fault),
    /// With the IMU.
    Imu(ImuFault),
    /// The loop gets no processor for so long, from its next wait on, ns.
    Starved(u64),
}

/// The clock, the port, and what lies behind it. Clones are the same wire.
#[derive(Debug, Clone)]
pub struct Wire {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub twin: ServoBus,
    pub imu: Imu,
    /// A chip on an I²C bus, where the samples come from one instead.
    pub chip: Option<ChipPath>,
    pub torque: TorqueWatch,
    pub now_ns: u64,
    /// Length of a step of the physics, ns.
    pub step_ns: u64,
    /// When the next step begins, ns.
    next_step_ns: u64,
    /// What drove the joints in each step that has begun, all servos of a step one behind the other.
    drives: VecDeque<ServoView>,
    /// What goes wrong, and when.
    troubles: Vec<(u64, Trouble)>,
    /// What has come from the servos and was not read yet.
    inbox: VecDeque<u8>,
    /// What the host has written since somebody looked.
    pub written: Vec<u8>,
    imu_slot: Arc<ImuSlot>,
    /// Allocations of everything here, which are not the robot's.
    pub allocations: u64,
}

impl Wire {
    pub(super) fn new(twin: ServoBus, start_ns: u64, step_ns: u64, imu_slot: Arc<ImuSlot>) -> Wire {
        let shared = Shared {
            torque: TorqueWatch::default(),
            twin,
            imu: Imu::default(),
            chip: None,
            now_ns: start_ns,
            step_ns,
            next_step_ns: start_ns,
            drives: VecDeque::new(),
            troubles: Vec::new(),
            inbox: VecDeque::new(),
            written: Vec::new(),
            imu_slot,
            allocations: 0,
        };
        Wire { shared: Arc::new(Mutex::new(shared)) }
    }

    /// Looks at the emulated servos.
    pub fn with_twin<T>(&self, look: impl FnOnce(&mut ServoBus) -> T) -> T {
        self.act(|shared| look(&mut shared.twin))
    }

    /// Does something with everything behind the port, and counts what it allocates.
    pub(super) fn act<T>(&self, act: impl FnOnce(&mut Shared) -> T) -> T {
        let before = allocations::count();
        let mut shared = self.lock();
        let result = act(&mut shared);
        shared.allocations += allocations::count() - before;
        result
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Wire {
    fn now_ns(&self) -> u64 {
        self.lock().now_ns
    }

    fn wait_until(&self, deadline_ns: u64) {
        self.act(|shared| shared.pass_until(deadline_ns));
    }
}

impl Port for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, PortError> {
        self.act(|shared| {
            let now_ns = shared.now_ns;
            shared.twin.advance(now_ns);
            if !shared.twin.is_plugged() {
                return Err(PortError::Gone);
            }
            let taken = shared.twin.host_writes(now_ns, bytes);
            shared.written.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        })
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, PortError> {
        self.act(|shared| {
            let now_ns = shared.now_ns;
            if !shared.twin.is_plugged() {
                return Err(PortError::Gone);
            }
            shared.inbox.extend(shared.twin.host_reads(now_ns));
            let count = buffer.len().min(shared.inbox.len());
            for (place, byte) in buffer.iter_mut().zip(shared.inbox.drain(..count)) {
                *place = byte;
            }
            Ok(count)
        })
    }
}

impl Shared {
    /// Lets something go wrong at `at_ns`. Refuses a servo there is not.
    pub fn plan(&mut self, at_ns: u64, trouble: Trouble) -> Result<(), TwinError> {
        if let Trouble::Bus(fault) = &trouble {
            fault.check(self.twin.servos().len())?;
        }
        let place = self.troubles.partition_point(|(other_ns, _)| *other_ns <= at_ns);
        self.troubles.insert(place, (at_ns, trouble));
        Ok(())
    }

    /// Due steps of the physics that were driven in the same way, and by what: none, where the next is not over.
    pub fn take_steps(&mut self, views: &mut [ServoView]) -> usize {
        let count = self.twin.servos().len();
        let mut taken = 0;
        while self.drives.len() >= 2 * count {
            let same = (0..count).all(|servo| self.drives[servo] == views[servo]);
            if taken > 0 && !same {
                break;
            }
            for (view, drive) in views.iter_mut().zip(self.drives.drain(..count)) {
                *view = drive;
            }
            taken += 1;
        }
        taken
    }

    fn pass_until(&mut self, deadline_ns: u64) {
        let mut until_ns = self.now_ns.max(deadline_ns);
        let latest_ns = until_ns.saturating_add(MAX_STARVED_NS);
        while let Some((at_ns, _)) = self.troubles.first().filter(|(at_ns, _)| *at_ns <= until_ns) {
            let at_ns = (*at_ns).max(self.now_ns);
            self.pass(at_ns);
            match self.troubles.remove(0).1 {
                // It was checked when it was planned.
                Trouble::Bus(fault) => _ = self.twin.inject(at_ns, fault),
                Trouble::Imu(fault) => self.imu.inject(at_ns, fault),
                Trouble::Starved(for_ns) => {
                    until_ns = until_ns.max(at_ns.saturating_add(for_ns).min(latest_ns));
                }
            }
            self.torque.plug(at_ns, self.twin.is_plugged());
        }
        self.pass(until_ns);
    }

    /// Time goes by; every step of the physics that begins meanwhile is noted with what drives the joints then.
    fn pass(&mut self, until_ns: u64) {
        while self.next_step_ns <= until_ns {
            let at_ns = self.next_step_ns;
            self.twin.advance(at_ns);
            let servos = self.twin.servos();
            if self.drives.len() >= MAX_STEPS * servos.len() {
                self.drives.drain(..servos.len());
            }
            self.drives.extend(servos.iter().map(ServoView::from));
            self.torque.look(at_ns, self.twin.servos());
            self.next_step_ns += self.step_ns;
        }
        self.now_ns = until_ns;
        if let Some(chip) = &mut self.chip {
            chip.read_until(until_ns, &self.imu_slot);
        }
        while let Some(datagram) = self.imu.take_due(until_ns) {
            if let Some(sample) = imu_datagram::decode(&datagram) {
                self.imu_slot.put(&sample_of(sample));
            }
        }
    }
}
