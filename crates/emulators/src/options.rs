//! What a bus and its servos are like, where the sources leave it open or a test wants it otherwise.

use crate::error::{MAX_BAUD, MIN_BAUD, TwinError};
use crate::motor::MotorModel;

/// What servos later in a sync read do where one before them is silent. Unknown for the STS3215, so both are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaterServos {
    /// They let its slot pass and answer.
    Answer,
    /// They wait for ever; the next request frees them.
    Wait,
}

/// What the values of register 8 mean (facts 2.2: sources differ).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseLevels {
    /// Vendor's table: 0 answers ping and reads only, anything else answers everything.
    PingReadOrAll,
    /// Dynamixel's manner: 0 ping only, 1 ping and reads, 2 and more everything.
    PingThenReadThenAll,
}

/// What an overload does to a servo whose unload conditions (19) name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverloadReaction {
    /// Torque off, register 40 reads 0.
    Cut,
    /// Torque stays on at the protective torque (34), as the vendor's table describes it.
    ProtectiveTorque,
}

/// One kind of servo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServoOptions {
    /// Factory value of register 7, 2 µs. Default 250 (500 µs, LeRobot); the vendor's table says 0.
    pub factory_return_delay: u8,
    /// What register 8 means. Default: the vendor's table.
    pub response_levels: ResponseLevels,
    /// A goal written while torque is off switches it on. Default true: inferred in facts 2.6 from the fact that the
    /// Python runtime never writes register 40. A latched fault is not cleared this way.
    pub goal_switches_torque_on: bool,
    /// Torque switched on through register 40 makes the present position the goal. Default false, the harsher of
    /// two unknowns: a host that forgets the goal register sees the robot jump to step 0.
    pub torque_on_holds_pose: bool,
    /// Answers a broadcast ping. Default true, as the vendor's manual has it for a bus of one servo; several answer
    /// at once and garble each other.
    pub answers_broadcast_ping: bool,
    /// Factory reset (06) leaves the id. Default true.
    pub factory_reset_keeps_id: bool,
    /// What an overload does. Default: torque off.
    pub overload: OverloadReaction,
    /// Deaf and mute for so long after power-on or reboot, ns. Default 50 ms, assumed.
    pub boot_ns: u64,
    /// Motor and case.
    pub motor: MotorModel,
}

impl Default for ServoOptions {
    fn default() -> ServoOptions {
        ServoOptions {
            factory_return_delay: 250,
            response_levels: ResponseLevels::PingReadOrAll,
            goal_switches_torque_on: true,
            torque_on_holds_pose: false,
            answers_broadcast_ping: true,
            factory_reset_keeps_id: true,
            overload: OverloadReaction::Cut,
            boot_ns: 50_000_000,
            motor: MotorModel::default(),
        }
    }
}

/// The wire, the adapter and the supply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BusOptions {
    /// Baud rate of the host, bits per second; ten bits a byte (8N1). Default 1 000 000.
    pub baud: u32,
    /// No servo answers sooner than this after the wire fell silent, ns, whatever its return delay. Default 0; one
    /// memory table says 100 µs and that register 7 does nothing (facts 2.2).
    pub min_turnaround_ns: u64,
    /// From the host's write to the first bit on the wire, ns. Default 0.
    pub usb_to_servos_ns: u64,
    /// From the last bit of a byte on the wire to the host, ns. Default 0.
    pub usb_to_host_ns: u64,
    /// USB hands replies over at multiples of this, ns; 0 (default): byte by byte. Full speed has frames of 1 ms.
    pub usb_frame_ns: u64,
    /// What later servos do where an id in a sync read belongs to nobody. Default: answer. A servo that is silent by
    /// a fault has its own.
    pub absent: LaterServos,
    /// How much longer than the reply itself the slot of a silent servo lasts, ns. Default 0: no source.
    pub silent_slot_margin_ns: u64,
    /// A silence of this length makes servos forget a frame that has begun, ns. Default 10 ms: no source.
    pub frame_gap_ns: u64,
    /// The battery without load, V. Default 7.4, the voltage of facts 1.3.
    pub supply_v: f64,
    /// Resistance of battery and wires, Ω. Default 0.05, assumed.
    pub supply_ohm: f64,
    /// How many of the last exchanges are kept for [`crate::ServoBus::take_exchanges`]. Default 0: none.
    pub exchanges: usize,
    /// The servos, all alike.
    pub servo: ServoOptions,
}

impl Default for BusOptions {
    fn default() -> BusOptions {
        BusOptions {
            baud: 1_000_000,
            min_turnaround_ns: 0,
            usb_to_servos_ns: 0,
            usb_to_host_ns: 0,
            usb_frame_ns: 0,
            absent: LaterServos::Answer,
            silent_slot_margin_ns: 0,
            frame_gap_ns: 10_000_000,
            supply_v: 7.4,
            supply_ohm: 0.05,
            exchanges: 0,
            servo: ServoOptions::default(),
        }
    }
}

impl BusOptions {
    /// Refuses what cannot be emulated.
    pub(crate) fn check(&self) -> Result<(), TwinError> {
        check_baud(self.baud)?;
        let motor = &self.servo.motor;
        let positive = [
            ("supply_v", self.supply_v),
            ("servo.motor.torque_constant_nm_per_a", motor.torque_constant_nm_per_a),
            ("servo.motor.resistance_ohm", motor.resistance_ohm),
            ("servo.motor.thermal_time_s", motor.thermal_time_s),
        ];
        let not_negative =
            [("supply_ohm", self.supply_ohm), ("servo.motor.heating_k_per_w", motor.heating_k_per_w)];
        let finite = [("servo.motor.ambient_c", motor.ambient_c)];
        let check = |options: &[(&'static str, f64)], range, is_good: fn(f64) -> bool| match options
            .iter()
            .find(|(_, value)| !value.is_finite() || !is_good(*value))
        {
            Some(&(option, found)) => Err(TwinError::Option { option, range, found }),
            None => Ok(()),
        };
        check(&positive, "above 0", |value| value > 0.0)?;
        check(&not_negative, "of at least 0", |value| value >= 0.0)?;
        check(&finite, "of any sign", |_| true)
    }
}

/// Refuses a baud rate that nobody emulates.
pub(crate) fn check_baud(baud: u32) -> Result<(), TwinError> {
    if (MIN_BAUD..=MAX_BAUD).contains(&baud) { Ok(()) } else { Err(TwinError::Baud { found: baud }) }
}
