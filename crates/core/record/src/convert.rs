//! From the loop's row to the file's tick, and from a tick back to what went into it.

use crate::device::DeviceLog;
use crate::readings::ReadTimes;
use crate::row::Row;
use crate::tick::{Asked, Imu, Keyframe, Offer, Policy, Tick};
use gaitway_control::arbiter::{self, Source};
use gaitway_control::imu::ImuSample;
use gaitway_control::supervisor::{Orders, RequestedMode};
use gaitway_control::{Refusal, TickRecord, control_stack};
use gaitway_model::Command;

const MODES: [(RequestedMode, &str); 3] =
    [(RequestedMode::Limp, "limp"), (RequestedMode::Stand, "stand"), (RequestedMode::Walk, "walk")];

/// Makes ticks of rows, one after the other.
#[derive(Debug)]
pub struct Converter {
    log: Box<dyn DeviceLog>,
}

impl Converter {
    /// Of rows in which the actuators of this `log` left what they said.
    pub fn new(log: Box<dyn DeviceLog>) -> Converter {
        Converter { log }
    }

    /// The tick of the next row, and its keyframe where it has one. `dropped` rows were lost before it.
    pub fn convert(&mut self, row: &Row, dropped: u64) -> (Tick, Option<Keyframe>) {
        let mut tick = inputs(row);
        tick.actuators = self.log.pack(&row.device, !row.keyframe.is_empty());
        outputs(&mut tick, row);
        tick.dropped = dropped;
        let keyframe = Keyframe { tick: row.wake.tick, brain: row.keyframe.clone() };
        (tick, Some(keyframe).filter(|keyframe| !keyframe.brain.is_empty()))
    }
}

fn inputs(row: &Row) -> Tick {
    let wake = &row.wake;
    Tick {
        tick: wake.tick,
        deadline_ns: wake.deadline_ns,
        woken_ns: wake.woken_ns,
        lateness_ns: wake.lateness_ns,
        skipped: wake.skipped,
        held: wake.held,
        read_begun_ns: row.read.begun_ns,
        read_ended_ns: row.read.ended_ns,
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
        policy: record.policy as u32,
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
        policy: asked.policy.map_or(0, |place| u32::from(place) + 1),
    }
}

/// What went into a recorded tick, beside the actuators.
pub(crate) fn read_inputs(tick: &Tick) -> Inputs {
    Inputs {
        read: ReadTimes { begun_ns: tick.read_begun_ns, ended_ns: tick.read_ended_ns },
        imu: tick.imu.as_ref().map(sample_of),
        asked: tick.asked.as_ref().map(read_asked).unwrap_or_default(),
    }
}

/// What went into a tick, beside the actuators.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Inputs {
    pub read: ReadTimes,
    pub imu: Option<ImuSample>,
    pub asked: control_stack::Asked,
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
        policy: asked.policy.checked_sub(1).and_then(|place| u8::try_from(place).ok()),
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
