//! One servo: what it does with what is written to it, and what it shows of its joint.

use crate::codec::instruction;
use crate::encoder;
use crate::faults::OVERHEAT_K;
use crate::motor::JointState;
use crate::options::{LaterServos, OverloadReaction, ResponseLevels, ServoOptions};
use crate::protection::{CURRENT_UNIT_A, Measured, Protection, VOLTAGE_UNIT_V};
use crate::ramp::Ramp;
use crate::register_file::RegisterFile;
use crate::registers::{
    BAUD, D_GAIN, GOAL_COPY, GOAL_POSITION, I_GAIN, ID, MAX_TEMPERATURE, MODE, MOVING, P_GAIN,
    POSITION_OFFSET, PRESENT_CURRENT, PRESENT_LOAD, PRESENT_POSITION, PRESENT_SPEED, PRESENT_TEMPERATURE,
    PRESENT_VOLTAGE, PROTECTIVE_TORQUE, REG_WRITE_PENDING, RESPONSE_LEVEL, RETURN_DELAY, Register, STATUS,
    TORQUE_ENABLE, TORQUE_LIMIT, baud_of, error_bit,
};

/// Unit of the return delay, ns.
const RETURN_DELAY_UNIT_NS: u64 = 2_000;
/// Values of the torque register (40).
const TORQUE_OFF: u16 = 0;
const TORQUE_ON: u16 = 1;
const CALIBRATE_MIDDLE: u16 = 128;

/// What holds a joint to its goal, for whoever hosts the physics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stiffness {
    /// Register 21. The model's stiffness is 0.535 N·m/rad for each unit (facts 1.3).
    pub p_gain: u8,
    /// Register 22.
    pub d_gain: u8,
    /// Register 23.
    pub i_gain: u8,
    /// Share of the stall torque that the servo may use, 0 to 1 (register 48; 34 after an overload).
    pub torque_limit: f64,
}

/// One servo on the bus.
#[derive(Debug, Clone)]
pub struct Servo {
    registers: RegisterFile,
    options: ServoOptions,
    joint: JointState,
    protection: Protection,
    measured: Measured,
    /// A reg-write that waits for its action.
    pending: Option<(u8, Vec<u8>)>,
    silence: Option<LaterServos>,
    /// A register that shows another value than the one measured.
    shown: Option<(Register, u16)>,
    /// Steps by which the position reads too much.
    off_steps: i32,
    ramp: Ramp,
    up_at_ns: u64,
}

impl Servo {
    pub(crate) fn new(id: u8, options: ServoOptions, supply_v: f64) -> Servo {
        let temperature_c = options.motor.ambient_c;
        let mut servo = Servo {
            registers: RegisterFile::new(id, options.factory_return_delay),
            options,
            joint: JointState::default(),
            protection: Protection::default(),
            measured: Measured { voltage_v: supply_v, temperature_c, current_a: 0.0, duty: 0.0 },
            pending: None,
            silence: None,
            shown: None,
            off_steps: 0,
            ramp: Ramp::default(),
            up_at_ns: 0,
        };
        servo.set_joint(JointState::default());
        servo
    }

    /// Its id (register 5).
    pub fn id(&self) -> u8 {
        self.registers.raw(ID) as u8
    }

    /// Its memory.
    pub fn registers(&self) -> &RegisterFile {
        &self.registers
    }

    /// Its memory, to prepare the servo with [`RegisterFile::store`].
    pub fn registers_mut(&mut self) -> &mut RegisterFile {
        &mut self.registers
    }

    /// Configures it as the duck's published scripts leave a servo: no return delay, response level 1, P 32, D and
    /// I 0 (facts 2.6, 8: the bulk configurator expects these).
    pub fn configure(&mut self) {
        for (register, raw) in
            [(RETURN_DELAY, 0), (RESPONSE_LEVEL, 1), (P_GAIN, 32), (D_GAIN, 0), (I_GAIN, 0)]
        {
            self.registers.store(register, raw);
        }
    }

    /// What the joint does now; the registers show it at once.
    pub fn set_joint(&mut self, joint: JointState) {
        self.joint = joint;
        self.measured.current_a = self.options.motor.current_a(&joint);
        self.measured.duty = self.options.motor.duty(&joint, self.measured.voltage_v);
        self.show();
    }

    /// The joint as it was last set.
    pub fn joint(&self) -> JointState {
        self.joint
    }

    /// Where the servo drives its joint, rad; `None` when it is limp, damping, or in a mode that has no goal.
    pub fn goal_rad(&self) -> Option<f64> {
        let is_driving = self.registers.raw(TORQUE_ENABLE) == TORQUE_ON && self.registers.raw(MODE) == 0;
        is_driving.then(|| encoder::goal_rad(&self.registers, self.ramp.step(&self.registers)))
    }

    /// How stiffly it holds the goal.
    pub fn stiffness(&self) -> Stiffness {
        let gain = |register| self.registers.raw(register) as u8;
        let mut torque_limit = f64::from(self.registers.raw(TORQUE_LIMIT)) / 1000.0;
        if self.protection.latched() & error_bit::OVERLOAD != 0 {
            torque_limit = torque_limit.min(f64::from(self.registers.raw(PROTECTIVE_TORQUE)) / 100.0);
        }
        Stiffness {
            p_gain: gain(P_GAIN),
            d_gain: gain(D_GAIN),
            i_gain: gain(I_GAIN),
            torque_limit: torque_limit.min(1.0),
        }
    }

    /// The error byte of its answers (facts 2.1).
    pub fn error(&self) -> u8 {
        self.protection.error()
    }

    /// Temperature, °C.
    pub fn temperature_c(&self) -> f64 {
        self.measured.temperature_c
    }

    /// What it takes from the supply, A: the bridge passes the winding's current for its duty of the time.
    pub(crate) fn supply_current_a(&self) -> f64 {
        self.measured.current_a * self.measured.duty.abs()
    }

    /// `dt_ns` of warming and watching at this supply.
    pub(crate) fn step(&mut self, dt_ns: u64, supply_v: f64) {
        let measured = &mut self.measured;
        measured.voltage_v = supply_v;
        measured.duty = self.options.motor.duty(&self.joint, supply_v);
        let dt_s = dt_ns as f64 * 1e-9;
        measured.temperature_c = self.options.motor.warm_c(measured.temperature_c, measured.current_a, dt_s);
        self.protection.watch(dt_ns, &self.registers, &self.measured);
        self.cut_torque();
        let is_driven = self.registers.raw(TORQUE_ENABLE) == TORQUE_ON;
        let from = self.registers.value(PRESENT_POSITION);
        self.ramp.advance(dt_s, &self.registers, if is_driven { None } else { Some(from) });
        self.show();
    }

    /// The host's write, with everything it sets off.
    pub(crate) fn write(&mut self, address: u8, data: &[u8]) {
        let torque_before = self.registers.raw(TORQUE_ENABLE);
        self.registers.write(address, data);
        let has_goal = GOAL_POSITION.is_touched_by(address, data.len());
        if TORQUE_ENABLE.is_touched_by(address, data.len()) {
            self.torque_written(torque_before, has_goal);
        } else if has_goal
            && torque_before == TORQUE_OFF
            && self.protection.latched() == 0
            && self.options.goal_switches_torque_on
        {
            self.registers.set(TORQUE_ENABLE, i32::from(TORQUE_ON));
        }
        self.show();
    }

    fn torque_written(&mut self, before: u16, has_goal: bool) {
        match self.registers.raw(TORQUE_ENABLE) {
            TORQUE_ON => {
                self.protection.clear_latched();
                if before != TORQUE_ON && !has_goal && self.options.torque_on_holds_pose {
                    self.registers.set(GOAL_POSITION, self.registers.value(PRESENT_POSITION));
                }
            }
            CALIBRATE_MIDDLE => {
                self.registers.set(TORQUE_ENABLE, i32::from(before));
                self.registers
                    .set(POSITION_OFFSET, encoder::step_at(self.joint.position_rad) - encoder::ZERO_STEP);
            }
            _ => {}
        }
    }

    /// Keeps a write for [`Servo::act`]; a second one replaces it.
    pub(crate) fn reg_write(&mut self, address: u8, data: &[u8]) {
        self.pending = Some((address, data.to_vec()));
        self.show();
    }

    /// Does what was kept.
    pub(crate) fn act(&mut self) {
        if let Some((address, data)) = self.pending.take() {
            self.write(address, &data);
        }
    }

    /// EEPROM back to the factory's values.
    pub(crate) fn factory_reset(&mut self) {
        self.registers.factory_reset(self.options.factory_reset_keeps_id);
        self.show();
    }

    /// Power off and on: limp, and deaf while it boots.
    pub(crate) fn power_cycle(&mut self, now_ns: u64) {
        self.registers.power_cycle();
        self.protection = Protection::default();
        self.pending = None;
        self.shown = None;
        self.up_at_ns = now_ns.saturating_add(self.options.boot_ns);
        self.show();
    }

    /// An overload from outside, as if the protection time had passed.
    pub(crate) fn force_overload(&mut self) {
        self.protection.latch(error_bit::OVERLOAD);
        self.cut_torque();
        self.show();
    }

    /// Heat from outside; it cools as it would have from there.
    pub(crate) fn overheat(&mut self) {
        self.measured.temperature_c = f64::from(self.registers.raw(MAX_TEMPERATURE)) + OVERHEAT_K;
        self.step(0, self.measured.voltage_v);
    }

    pub(crate) fn show_instead(&mut self, register: Register, raw: u16) {
        self.shown = Some((register, raw));
        self.show();
    }

    pub(crate) fn set_position_off(&mut self, steps: i32) {
        self.off_steps = steps;
        self.show();
    }

    pub(crate) fn set_silence(&mut self, silence: Option<LaterServos>) {
        self.silence = silence;
    }

    /// What servos after this one do, where it does not answer although it hears.
    pub(crate) fn silence(&self) -> Option<LaterServos> {
        self.silence
    }

    pub(crate) fn options(&self) -> &ServoOptions {
        &self.options
    }

    /// Whether it has power and has booted.
    pub(crate) fn is_up(&self, now_ns: u64) -> bool {
        now_ns >= self.up_at_ns
    }

    /// Whether it understands a host that talks at `baud`.
    pub(crate) fn hears(&self, now_ns: u64, baud: u32) -> bool {
        self.is_up(now_ns) && baud_of(self.registers.raw(BAUD) as u8) == Some(baud)
    }

    /// Whether its response level lets it answer.
    pub(crate) fn answers(&self, instruction: u8) -> bool {
        let is_ping = instruction == instruction::PING;
        let is_read = matches!(instruction, instruction::READ | instruction::SYNC_READ);
        match (self.options.response_levels, self.registers.raw(RESPONSE_LEVEL)) {
            (ResponseLevels::PingReadOrAll, 0) | (ResponseLevels::PingThenReadThenAll, 1) => {
                is_ping || is_read
            }
            (ResponseLevels::PingThenReadThenAll, 0) => is_ping,
            _ => true,
        }
    }

    /// From the end of a request, or of the servo's before it, to the first bit of its answer, ns.
    pub(crate) fn return_delay_ns(&self) -> u64 {
        u64::from(self.registers.raw(RETURN_DELAY)) * RETURN_DELAY_UNIT_NS
    }

    fn cut_torque(&mut self) {
        let keeps = match self.options.overload {
            OverloadReaction::Cut => 0,
            OverloadReaction::ProtectiveTorque => error_bit::OVERLOAD,
        };
        if self.protection.latched() & !keeps != 0 {
            self.registers.set(TORQUE_ENABLE, i32::from(TORQUE_OFF));
        }
    }

    /// Brings the registers that only the servo writes up to date.
    fn show(&mut self) {
        let speed = encoder::speed(&self.registers, self.joint.velocity_rps);
        let measured = self.measured;
        let values = [
            // The offset is taken off, as LeRobot's calibration expects; the facts give no direction.
            (
                PRESENT_POSITION,
                encoder::step_at(self.joint.position_rad) - self.registers.value(POSITION_OFFSET)
                    + self.off_steps,
            ),
            (PRESENT_SPEED, speed),
            (PRESENT_LOAD, (1000.0 * measured.duty).round() as i32),
            (PRESENT_VOLTAGE, (measured.voltage_v / VOLTAGE_UNIT_V).round() as i32),
            (PRESENT_TEMPERATURE, measured.temperature_c.round() as i32),
            (REG_WRITE_PENDING, i32::from(self.pending.is_some())),
            (STATUS, i32::from(self.protection.error())),
            (MOVING, i32::from(speed != 0)),
            (PRESENT_CURRENT, (measured.current_a / CURRENT_UNIT_A).round() as i32),
            (GOAL_COPY, self.registers.value(GOAL_POSITION)),
        ];
        for (register, value) in values {
            self.registers.set(register, value);
        }
        if let Some((register, raw)) = self.shown {
            self.registers.store(register, raw);
        }
    }
}
