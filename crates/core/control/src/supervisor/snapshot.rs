//! The supervisor's state as bytes.

use super::{Hold, Reason, State, Supervisor};
use crate::error::ControlError;
use crate::safety_filter::SafetyFilter;
use crate::state_bytes::{Reader, Writer, mismatch};
use gaitway_model::profile::FaultKind;

const HOLDS: [Hold; 3] = [Hold::Pose, Hold::Sitting, Hold::Softening];

impl Supervisor {
    pub(crate) fn save(&self, out: &mut Writer) {
        out.u64(self.state as u64);
        let (reason, of) = code(self.reason);
        out.u64(reason);
        out.u64(of);
        out.u64(self.ticks);
        out.flag(self.must_ask);
        out.u64(self.hold as u64);
        out.flag(self.has_walked);
        out.flag(self.is_ramping);
        out.f32(self.left);
        self.joints.iter().for_each(|joint| joint.save(out));
        // A profile without such faults has no such state, and recordings of it keep their bytes.
        if self.plan.steps {
            out.u64(self.stepped);
        }
        self.ramp.save(out);
        out.f32s(&self.pose_rad);
        out.f32s(self.filter_state.goals.rad());
    }

    pub(crate) fn load(&mut self, input: &mut Reader) -> Result<(), ControlError> {
        self.state = input.choice("state", &State::ALL)?;
        let (reason, of) = (input.u64()?, input.u32()? as usize);
        self.reason = reason_of(reason, of)?;
        self.ticks = input.sum()?;
        self.must_ask = input.flag()?;
        self.hold = input.choice("how it holds", &HOLDS)?;
        self.has_walked = input.flag()?;
        self.is_ramping = input.flag()?;
        self.left = input.f32()?;
        self.joints.iter_mut().try_for_each(|joint| joint.load(input))?;
        if self.plan.steps {
            self.stepped = input.sum()?;
        }
        self.ramp.load(input)?;
        input.f32s(&mut self.pose_rad)?;
        let mut goals = vec![0.0; self.pose_rad.len()];
        input.f32s(&mut goals)?;
        SafetyFilter::restore_goals(&mut self.filter_state, &goals);
        Ok(())
    }
}

fn code(reason: Reason) -> (u64, u64) {
    match reason {
        Reason::Begin => (0, 0),
        Reason::Asked => (1, 0),
        Reason::AskedAtOnce => (2, 0),
        Reason::EmergencyStop => (3, 0),
        Reason::Fault(kind) => (4, kind as u64),
        Reason::FaultGone(kind) => (5, kind as u64),
        Reason::PoseReached => (6, 0),
        Reason::TorqueNotTaken { joint } => (7, joint as u64),
        Reason::HeldTooLong => (8, 0),
        Reason::Lifted => (9, 0),
    }
}

fn reason_of(code: u64, of: usize) -> Result<Reason, ControlError> {
    let kind = || FaultKind::ALL.get(of).copied();
    let reason = match code {
        0 => Some(Reason::Begin),
        1 => Some(Reason::Asked),
        2 => Some(Reason::AskedAtOnce),
        3 => Some(Reason::EmergencyStop),
        4 => kind().map(Reason::Fault),
        5 => kind().map(Reason::FaultGone),
        6 => Some(Reason::PoseReached),
        7 => Some(Reason::TorqueNotTaken { joint: of }),
        8 => Some(Reason::HeldTooLong),
        9 => Some(Reason::Lifted),
        _ => None,
    };
    reason.ok_or_else(|| mismatch("reason", "one there is", format!("{code} of {of}")))
}
