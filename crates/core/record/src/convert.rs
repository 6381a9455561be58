//! From the loop's row to the file's tick, and from a tick back to what went into it.

use crate::readings::ReadTimes;
use crate::row::Row;
use crate::tick::{Asked, Imu, Keyframe, Offer, Policy, Slow, Tick};
use gaitway_control::arbiter::{self, Source};
use gaitway_control::imu::ImuSample;
use gaitway_control::supervisor::{Orders, RequestedMode};
use gaitway_control::{Refusal, TickRecord, control_stack};
use gaitway_feetech::heard::{Heard, MotionRegisters, SlowRegisters};
use gaitway_model::Command;

const MODES: [(RequestedMode, &str); 3] =
    [(RequestedMode::Limp, "limp"), (RequestedMode::Stand, "stand"), (RequestedMode::Walk, "walk")];

/// Makes ticks of rows, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Converter {
    /// When the slow registers that were last written were sampled, servo by servo.
    slow_ns: Vec<Option<u64>>,
}

impl Converter {
    /// The tick of the next row, and its keyframe where it has one. `dropped` rows were lost before it.
    pub fn convert(&mut self, row: &Row, dropped: u64) -> (Tick, Option<Keyframe>) {
        self.slow_ns.resize(row.heard.len(), None);
        if !row.keyframe.is_empty() {
            self.slow_ns.fill(None);
        }
        let mut tick = inputs(row);
        tick.slow = self.slow(&row.heard);
        outputs(&mut tick, row);
        tick.dropped = dropped;
        let keyframe = Keyframe { tick: row.wake.tick, brain: row.keyframe.clone() };
        (tick, Some(keyframe).filter(|keyframe| !keyframe.brain.is_empty()))
    }

    /// Slow registers that have not been written yet.
    fn slow(&mut self, heard: &[Heard]) -> Vec<Slow> {
        let mut fresh = Vec::new();
        for (servo, (heard, written_ns)) in heard.iter().zip(&mut self.slow_ns).enumerate() {
            let Some((registers, sampled_ns)) = heard.slow else { continue };
            if *written_ns != Some(sampled_ns) {
                *written_ns = Some(sampled_ns);
                fresh.push(slow_of(servo, &registers, sampled_ns));
            }
        }
        fresh
    }
}

fn inputs(row: &Row) -> Tick {
    let (wake, heard) = (&row.wake, &row.heard);
    Tick {
        tick: wake.tick,
        deadline_ns: wake.deadline_ns,
        woken_ns: wake.woken_ns,
        lateness_ns: wake.lateness_ns,
        skipped: wake.skipped,
        held: wake.held,
        read_begun_ns: row.read.begun_ns,
        read_ended_ns: row.read.ended_ns,
        servo_position: heard.iter().map(|heard| u32::from(heard.motion.position)).collect(),
        servo_speed: heard.iter().map(|heard| u32::from(heard.motion.speed)).collect(),
        servo_faults: heard.iter().map(|heard| u32::from(heard.motion.faults)).collect(),
        servo_sampled_ns: heard.iter().map(|heard| heard.sampled_ns.unwrap_or(0)).collect(),
        servo_misses: heard.iter().map(|heard| heard.misses_in_a_row).collect(),
        bus_silent_s: row.bus_silent_s,
        imu: row.imu.as_ref().map(|sample| imu_of(sample, row.contacts)),
        asked: Some(asked_of(&row.asked, row.axes)),
        is_replaced: row.is_replaced,
        ..Tick::default()
    }
}

/// Adds what came of a tick: the same for one that was recorded and one that was run again.
pub(crate) fn outputs(tick: &mut Tick, row: &Row) {
    let joints = &row.joints;
    tick.joint_position_rad = joints.iter().map(|joint| joint.position_rad).collect();
    tick.joint_velocity_rps = joints.iter().map(|joint| joint.velocity_rps).collect();
    tick.joint_age_s = joints.iter().map(|joint| joint.age_s).collect();
    tick.imu_age_s = row.imu_age_s;
    if let Some(alarm) = &row.alarm {
        tick.fault = alarm.kind.name().to_owned();
        tick.fault_reaction = alarm.reaction.name().to_owned();
        tick.fault_joint = alarm.joint.map_or(0, |joint| joint as u32 + 1);
        tick.fault_value = alarm.value;
    }
    tick.state = row.state.name().to_owned();
    tick.reason = row.reason.to_string();
    tick.obstacle = row.obstacle.map(|obstacle| obstacle.to_string()).unwrap_or_default();
    tick.command = row.decision.command.values[..row.axes].to_vec();
    tick.phase_factor_offset = row.decision.command.phase_factor_offset;
    tick.owner = row.decision.owner.map(|owner| owner.name().to_owned()).unwrap_or_default();
    tick.cause = row.decision.cause.name().to_owned();
    tick.slowed = row.decision.slowed;
    tick.policy = row.has_stepped.then(|| policy_of(&row.controller, row.axes));
    orders(tick, &row.orders);
    tick.goal_rad.clone_from(&row.goal_rad);
    tick.goal_limits = row.joint_limits.iter().map(|bits| u32::from(*bits)).collect();
    tick.read_ns = row.durations.read_ns;
    tick.compute_ns = row.durations.compute_ns;
    tick.write_ns = row.durations.write_ns;
    tick.tick_ns = row.durations.tick_ns;
}

fn orders(tick: &mut Tick, orders: &Orders) {
    let marks = |flags: &[bool]| flags.iter().map(|flag| u32::from(*flag)).collect();
    tick.cut = orders.cut;
    tick.told_settings = marks(&orders.settings);
    tick.told_torque = marks(&orders.energise);
    tick.told_goal = marks(&orders.goal);
    tick.torque_limit.clone_from(&orders.torque_limit);
    tick.asked_servo = orders.ask.map_or(0, |servo| servo as u32 + 1);
}

pub(crate) fn policy_of(record: &TickRecord, axes: usize) -> Policy {
    let limits = record.command_limits;
    let bits = [limits.non_finite, limits.no_such_axis, limits.out_of_range, limits.rate];
    let refusal = match record.refusal {
        Refusal::None => "",
        Refusal::NonFiniteObservation => "non-finite observation",
        Refusal::NonFiniteAction => "non-finite action",
    };
    Policy {
        tick: record.tick,
        up: record.up.to_vec(),
        tilt_rad: record.tilt_rad,
        fallen: record.fallen,
        ran: record.policy_ran,
        stood: record.stood,
        command: record.command.values[..axes].to_vec(),
        command_limits: bits.to_vec(),
        phase_step: record.phase_step,
        observation: record.observation.clone(),
        action: record.action.clone(),
        refusal: refusal.to_owned(),
        action_clipped: record.action_clipped,
        target_rad: record.target_rad.clone(),
        goal_rad: record.goal_rad.clone(),
        joint_limits: record.joint_limits.iter().map(|bits| u32::from(*bits)).collect(),
        fed_back_rad: record.fed_back_rad.clone(),
        counters: record.counters.as_array().to_vec(),
        imu_age_s: record.imu_age_s,
        oldest_joint_age_s: record.oldest_joint_age_s,
    }
}

fn imu_of(sample: &ImuSample, contacts: usize) -> Imu {
    Imu {
        sampled_ns: sample.sampled_ns,
        gyro_rps: sample.gyro_rps.to_vec(),
        accel_mps2: sample.accel_mps2.to_vec(),
        foot_contact: sample.contact[..contacts].to_vec(),
    }
}

fn asked_of(asked: &control_stack::Asked, axes: usize) -> Asked {
    let offers = Source::ALL.into_iter().zip(asked.offers);
    let offer = |(source, offer): (Source, Option<arbiter::Offer>)| {
        let arbiter::Offer { command, expires_ns } = offer?;
        let Command { values, phase_factor_offset } = command;
        let source = source.name().to_owned();
        Some(Offer { source, expires_ns, command: values[..axes].to_vec(), phase_factor_offset })
    };
    let wish = MODES.into_iter().find(|(wish, _)| *wish == asked.wish);
    Asked {
        wish: wish.map(|(_, name)| name.to_owned()).unwrap_or_default(),
        at_once: asked.at_once,
        again: asked.again,
        emergency_stop: asked.emergency_stop,
        clear_faults: asked.clear_faults,
        offers: offers.filter_map(offer).collect(),
    }
}

fn slow_of(servo: usize, registers: &SlowRegisters, sampled_ns: u64) -> Slow {
    let state = registers.state(sampled_ns);
    Slow {
        servo: servo as u32,
        sampled_ns,
        load: u32::from(registers.load),
        voltage: u32::from(registers.voltage),
        temperature: u32::from(registers.temperature),
        current: u32::from(registers.current),
        gains: registers.gains.map(u32::from).to_vec(),
        torque_enable: u32::from(registers.torque_enable),
        torque_limit: u32::from(registers.torque_limit),
        lock: u32::from(registers.lock),
        voltage_v: state.voltage_v,
        temperature_c: state.temperature_c,
        current_a: state.current_a,
        load_share: state.load,
    }
}

/// What went into a recorded tick. `heard` is what was known of each servo before, and what is known now.
pub(crate) fn read_inputs(tick: &Tick, heard: &mut [Heard]) -> Inputs {
    for (servo, heard) in heard.iter_mut().enumerate() {
        let at = |row: &[u32]| row.get(servo).copied().unwrap_or(0);
        heard.motion = MotionRegisters {
            position: at(&tick.servo_position) as u16,
            speed: at(&tick.servo_speed) as u16,
            faults: at(&tick.servo_faults) as u8,
        };
        heard.sampled_ns = tick.servo_sampled_ns.get(servo).copied().filter(|sampled_ns| *sampled_ns > 0);
        heard.misses_in_a_row = at(&tick.servo_misses);
    }
    for slow in &tick.slow {
        if let Some(heard) = heard.get_mut(slow.servo as usize) {
            heard.slow = Some((registers_of(slow), slow.sampled_ns));
        }
    }
    Inputs {
        read: ReadTimes { begun_ns: tick.read_begun_ns, ended_ns: tick.read_ended_ns },
        imu: tick.imu.as_ref().map(sample_of),
        asked: tick.asked.as_ref().map(read_asked).unwrap_or_default(),
    }
}

/// What went into a tick, beside the servos.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Inputs {
    pub read: ReadTimes,
    pub imu: Option<ImuSample>,
    pub asked: control_stack::Asked,
}

fn registers_of(slow: &Slow) -> SlowRegisters {
    let mut gains = [0; 3];
    gains.iter_mut().zip(&slow.gains).for_each(|(gain, found)| *gain = *found as u8);
    SlowRegisters {
        load: slow.load as u16,
        voltage: slow.voltage as u8,
        temperature: slow.temperature as u8,
        current: slow.current as u16,
        gains,
        torque_enable: slow.torque_enable as u8,
        torque_limit: slow.torque_limit as u16,
        lock: slow.lock as u8,
    }
}

fn sample_of(imu: &Imu) -> ImuSample {
    ImuSample {
        sampled_ns: imu.sampled_ns,
        gyro_rps: fixed(&imu.gyro_rps),
        accel_mps2: fixed(&imu.accel_mps2),
        contact: fixed(&imu.foot_contact),
    }
}

fn read_asked(asked: &Asked) -> control_stack::Asked {
    let wish = MODES.into_iter().find(|(_, name)| *name == asked.wish);
    let mut found = control_stack::Asked {
        wish: wish.map_or(RequestedMode::Limp, |(wish, _)| wish),
        at_once: asked.at_once,
        again: asked.again,
        emergency_stop: asked.emergency_stop,
        clear_faults: asked.clear_faults,
        ..control_stack::Asked::default()
    };
    for offer in &asked.offers {
        if let Some(source) = Source::ALL.into_iter().find(|source| source.name() == offer.source) {
            let (values, phase_factor_offset) = (fixed(&offer.command), offer.phase_factor_offset);
            let command = Command { values, phase_factor_offset };
            found.offers[source as usize] = Some(arbiter::Offer { command, expires_ns: offer.expires_ns });
        }
    }
    found
}

/// A row of known length; what is missing is zero.
fn fixed<const N: usize>(values: &[f32]) -> [f32; N] {
    std::array::from_fn(|index| values.get(index).copied().unwrap_or(0.0))
}
