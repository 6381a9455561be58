//! What made golden targets that ours are not: each cause is tried in turn on the golden actions, tick by tick from
//! the golden target before, and named where it explains every tick.

use super::{NOTHING, Pattern, Rows, close, order, pose, row, simplest};
use crate::action_map::ActionMap;
use gaitway_maths::scalar::limit;
use gaitway_model::Contract;
use gaitway_model::contract::{Action, FedBack};
use gaitway_model::golden::Golden;
use gaitway_model::term::Reference;

/// Golden targets, and all that ours are made of.
pub(crate) struct Targets<'a> {
    contract: &'a Contract,
    rows: &'a Rows,
    resets: Vec<bool>,
    /// Commands as the envelope let them through, in the order of the contract's axes.
    commands: &'a [Vec<f32>],
    /// Our targets after scale and filter, before the velocity limit.
    free: Vec<Vec<f32>>,
    base: Vec<f32>,
    start: Vec<f32>,
    step: Vec<f32>,
    /// The axis that is added to each joint before it is fed back: its place in the contract.
    head: Vec<Option<usize>>,
}

/// One explanation of a joint's golden targets.
#[derive(Clone, Copy)]
struct Cause {
    head: Option<usize>,
    step: f32,
    /// Factor of the action, and what is added after it.
    scale: f32,
    offset: f32,
    /// What is added to the target before the first tick.
    start_offset: f32,
    /// The joint whose action it is, and how many ticks old that is.
    action_of: usize,
    age: i32,
}

impl<'a> Targets<'a> {
    /// `None` where the contract has no action map.
    pub fn new(
        contract: &'a Contract,
        golden: &Golden,
        commands: &'a [Vec<f32>],
        rows: &'a Rows,
    ) -> Option<Targets<'a>> {
        let joints = contract.action_len();
        let start: Vec<f32> = contract.action.joints.iter().map(|joint| joint.default_rad as f32).collect();
        let rate = f64::from(contract.policy_rate_hz);
        let limit_rps =
            |joint| contract.action.velocity_limit_rps.as_ref().and_then(|limit| limit.get(joint));
        let step = |joint| limit_rps(joint).map_or(f32::INFINITY, |rps: f64| (rps / rate) as f32);
        let head = match contract.action.fed_back {
            FedBack::AfterVelocityLimit => vec![None; joints],
            _ if !contract.head_command.added_to_target => vec![None; joints],
            _ => contract_head(contract),
        };
        Some(Targets {
            contract,
            rows,
            resets: golden.ticks.iter().map(|tick| tick.reset).collect(),
            commands,
            free: free_targets(contract, golden)?,
            base: match contract.action.relative_to {
                Reference::Zero => vec![0.0; joints],
                Reference::DefaultPose => start.clone(),
            },
            start,
            step: (0..joints).map(step).collect(),
            head,
        })
    }

    /// The pattern of the joints `differs`.
    pub fn pattern(&self, differs: &[usize]) -> Pattern {
        let causes = [Self::fed_back, Self::head_command, Self::velocity_limit, Self::factor, Self::order];
        let later = [Self::offset, Self::age];
        let mut patterns = causes.iter().chain(&later).filter_map(|cause| cause(self, differs));
        patterns.next().unwrap_or_else(|| row(self.rows, differs))
    }

    /// Taken before or after the head command, where ours is not.
    fn fed_back(&self, _: &[usize]) -> Option<Pattern> {
        let (before, after) = (vec![None; self.head.len()], contract_head(self.contract));
        let ours = match self.contract.action.fed_back {
            FedBack::AfterSafetyGate => "after the safety filter",
            _ if self.head == before => "before the head command",
            _ => "after the head command",
        };
        let explains = |head: &[Option<usize>]| {
            let mut joints = head.iter().enumerate();
            joints.all(|(joint, &head)| self.explains(joint, Cause { head, ..self.as_ours(joint) }))
        };
        if explains(&before) {
            return Some(Pattern::FedBack(ours, "before it"));
        }
        explains(&after).then_some(Pattern::FedBack(ours, "after it"))
    }

    /// Other axes added to the joints.
    fn head_command(&self, differs: &[usize]) -> Option<Pattern> {
        let axes = || (0..self.contract.command.len()).map(Some).chain([None]);
        let name =
            |axis: Option<usize>| axis.map_or(NOTHING, |axis| &self.contract.command[axis].axis).to_owned();
        let theirs = |&joint: &usize| {
            let head = axes().find(|&head| self.explains(joint, Cause { head, ..self.as_ours(joint) }))?;
            Some((self.joint_name(joint), name(self.head[joint]), name(head)))
        };
        differs.iter().map(theirs).collect::<Option<_>>().map(Pattern::HeadCommand)
    }

    /// Another velocity limit, or none.
    fn velocity_limit(&self, differs: &[usize]) -> Option<Pattern> {
        let all = |step: &dyn Fn(usize) -> f32| {
            let cause = |joint| Cause { step: step(joint), ..self.as_ours(joint) };
            differs.iter().all(|&joint| self.explains(joint, cause(joint)))
        };
        if all(&|_| f32::INFINITY) {
            return Some(Pattern::VelocityLimit(None));
        }
        let fastest =
            |joint| (0..self.free.len()).map(|tick| self.moved(tick, joint).abs()).fold(0.0, f32::max);
        let limit_rps = fastest(*differs.first()?) * self.contract.policy_rate_hz as f32;
        all(&fastest).then_some(Pattern::VelocityLimit(Some(limit_rps)))
    }

    /// The same factor on every joint's action.
    fn factor(&self, differs: &[usize]) -> Option<Pattern> {
        let all = |scale: f32| {
            let cause = |joint| Cause { scale, ..self.as_ours(joint) };
            differs.iter().all(|&joint| self.explains(joint, cause(joint)))
        };
        if all(-1.0) {
            return Some(Pattern::Sign);
        }
        let &joint = differs.first()?;
        let swing = |tick: &usize| self.free[*tick][joint] - self.base[joint];
        let widest = |a: &usize, b: &usize| swing(a).abs().total_cmp(&swing(b).abs());
        let tick = self.unlimited_ticks(joint).max_by(widest)?;
        let scale = (self.golden(tick, joint, self.head[joint]) - self.base[joint]) / swing(&tick);
        (scale.is_finite() && scale != 0.0 && all(scale)).then(|| Pattern::Scale(1.0 / scale))
    }

    /// The actions of other joints, added to the joint's own pose or to the other's.
    fn order(&self, differs: &[usize]) -> Option<Pattern> {
        let theirs = |&joint: &usize| {
            let mut others = differs.iter().filter(|&&other| other != joint);
            let explains = |action_of: usize| {
                let of_other = self.base[action_of] - self.base[joint];
                let cause = |offset| Cause { action_of, offset, ..self.as_ours(joint) };
                [0.0, of_other].into_iter().any(|offset| self.explains(joint, cause(offset)))
            };
            others.find(|&&other| explains(other)).map(|&other| (joint, other))
        };
        let pairs: Vec<_> = differs.iter().map(theirs).collect::<Option<_>>()?;
        // Ours of the other is theirs of the joint.
        let places: Vec<_> = pairs.iter().map(|&(joint, other)| (other, joint)).collect();
        Some(order::of_pairs(self.contract, &places).map_or(Pattern::Permuted(pairs), Pattern::Order))
    }

    /// Another pose the action is added to, or another offset.
    fn offset(&self, differs: &[usize]) -> Option<Pattern> {
        let theirs = |&joint: &usize| {
            let tick = self.unlimited_ticks(joint).next()?;
            let offset = self.golden(tick, joint, self.head[joint]) - self.free[tick][joint];
            let starts = [offset, 0.0];
            let cause = |start_offset| Cause { offset, start_offset, ..self.as_ours(joint) };
            let mut causes = starts.into_iter().map(cause);
            causes.any(|cause| self.explains(joint, cause)).then_some((joint, -offset))
        };
        let offsets: Vec<_> = differs.iter().map(theirs).collect::<Option<_>>()?;
        let simple = simplest(offsets.clone());
        if offsets.len() == self.base.len() && matches!(simple, Pattern::Offset(_)) {
            return Some(simple);
        }
        pose(self.contract, self.contract.action.relative_to, &offsets).or(Some(simple))
    }

    /// Actions of other ticks.
    fn age(&self, differs: &[usize]) -> Option<Pattern> {
        let explains = |&age: &i32| {
            let cause = |joint| Cause { age, ..self.as_ours(joint) };
            differs.iter().all(|&joint| self.explains(joint, cause(joint)))
        };
        [1, -1, 2, -2].iter().find(|age| explains(age)).map(|&age| Pattern::Shifted(-age))
    }

    /// Joint `joint` as the contract has it.
    fn as_ours(&self, joint: usize) -> Cause {
        Cause {
            head: self.head[joint],
            step: self.step[joint],
            scale: 1.0,
            offset: 0.0,
            start_offset: 0.0,
            action_of: joint,
            age: 0,
        }
    }

    /// True where `cause` makes every golden target of `joint` from the one before it.
    fn explains(&self, joint: usize, cause: Cause) -> bool {
        (0..self.free.len()).all(|tick| {
            let Some(acted) = self.rows.tick_before(tick, cause.age) else {
                return true;
            };
            let swing = self.free[acted][cause.action_of] - self.base[cause.action_of];
            let free = self.base[joint] + cause.scale * swing + cause.offset;
            let before = self.before(tick, joint, cause.head, cause.start_offset);
            let target = limit(free, before - cause.step, before + cause.step);
            close(target, self.golden(tick, joint, cause.head))
        })
    }

    /// The golden target without the head command.
    fn golden(&self, tick: usize, joint: usize, head: Option<usize>) -> f32 {
        self.rows.expected[tick][joint] - head.map_or(0.0, |axis| self.commands[tick][axis])
    }

    /// The golden target of the tick before, which before an episode is the default pose.
    fn before(&self, tick: usize, joint: usize, head: Option<usize>, start_offset: f32) -> f32 {
        if self.resets[tick] { self.start[joint] + start_offset } else { self.golden(tick - 1, joint, head) }
    }

    fn moved(&self, tick: usize, joint: usize) -> f32 {
        self.golden(tick, joint, self.head[joint]) - self.before(tick, joint, self.head[joint], 0.0)
    }

    /// Ticks within an episode in which no velocity limit held the golden target back.
    fn unlimited_ticks(&self, joint: usize) -> impl Iterator<Item = usize> {
        let step = 0.999 * self.step[joint];
        (0..self.free.len()).filter(move |&tick| !self.resets[tick] && self.moved(tick, joint).abs() < step)
    }

    fn joint_name(&self, joint: usize) -> String {
        self.contract.action.joints[joint].name.clone()
    }
}

/// For each joint the axis that the contract says it follows: its place in the contract.
fn contract_head(contract: &Contract) -> Vec<Option<usize>> {
    let follows = |name: &str| contract.head_command.joints.iter().find(|head| head.joint == name);
    let joints = contract.action.joints.iter();
    let place = |axis: &str| contract.command.iter().position(|known| known.axis == axis);
    joints.map(|joint| follows(&joint.name).and_then(|head| place(&head.axis))).collect()
}

/// Targets of the golden actions after scale and filter: the contract's own map, without its velocity limit.
fn free_targets(contract: &Contract, golden: &Golden) -> Option<Vec<Vec<f32>>> {
    let free = Action { velocity_limit_rps: None, ..contract.action.clone() };
    let map = ActionMap::new(&free, contract.policy_rate_hz)?;
    let reset_action = contract.reset.action as f32;
    let mut state = map.initial_state(reset_action);
    let mut due_rad = vec![0.0; contract.action_len()];
    let targets = golden.ticks.iter().map(|tick| {
        if tick.reset {
            map.reset(&mut state, reset_action);
        }
        let action: Vec<f32> = tick.action.iter().map(|&value| value as f32).collect();
        map.apply(&mut state, &action, &mut due_rad);
        state.target_rad.clone()
    });
    Some(targets.collect())
}
