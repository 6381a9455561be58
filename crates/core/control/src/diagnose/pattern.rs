//! The ways in which two series can differ, and the words for them.

use super::order::Order;
use gaitway_model::term::Reference;
use std::fmt;

/// How two series differ, over all ticks.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// Ours is minus theirs.
    Sign,
    /// Ours is theirs times a factor.
    Scale(f32),
    /// Ours is theirs times a factor of each number's own: index within the term, factor.
    Scales(Vec<(usize, f32)>),
    /// Theirs is ours less a mean, over a deviation, each number's own: lowest and highest mean and deviation.
    Unnormalised { mean: (f32, f32), deviation: (f32, f32) },
    /// Ours is theirs plus a constant, the same for every number.
    Offset(f32),
    /// Ours is theirs plus a constant of each number's own: index within the term, constant.
    Offsets(Vec<(usize, f32)>),
    /// Another default pose: joint, ours minus theirs in rad.
    DefaultPose(Vec<(String, f32)>),
    /// The default poses of these joints are exchanged: joint of ours, joint of theirs.
    JointOrder(Vec<(String, String)>),
    /// The joints are in another order.
    Order(Order),
    /// Ours is measured from the first, theirs from the second.
    Reference(Reference, Reference),
    /// Ours and another term are in the other order.
    SwappedWith(String),
    /// Ours has the numbers that another term has, too.
    NumbersOf(String),
    /// Ours has the numbers that lie so many places further on.
    Moved(i64),
    /// Ours has these numbers in another order: (ours, theirs) indices within the term.
    Permuted(Vec<(usize, usize)>),
    /// Ours is theirs of so many ticks before; negative: of ticks to come.
    Shifted(i32),
    /// Only ticks that reach back before the start of an episode differ.
    Start,
    /// Ticks of a gait, ours and theirs.
    Period(f32, f32),
    /// Ours stays within bounds theirs exceeds.
    Clipped(f32, f32),
    /// Theirs stays within bounds ours exceeds.
    NotClipped(f32, f32),
    /// Fastest the golden target moves, rad/s; `None` where it has no limit.
    VelocityLimit(Option<f32>),
    /// Where in the tick the target is taken that is fed back, ours and theirs.
    FedBack(&'static str, &'static str),
    /// Which axis is added to a joint: joint, ours, theirs.
    HeadCommand(Vec<(String, String, String)>),
    /// None of these.
    Unknown,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Pattern::Sign => write!(f, "the sign is reversed"),
            Pattern::Scale(factor) => write!(f, "scaled: ours is {factor:.5} times the golden one"),
            Pattern::Scales(factors) => {
                let each = list(factors, |(index, factor)| format!("{factor:.5} times at {index}"));
                write!(f, "scaled: ours is the golden one {each}")
            }
            Pattern::Unnormalised { mean, deviation } => write!(
                f,
                "observations look unnormalised by a mean of {:.5} to {:.5} and a deviation of {:.5} to {:.5}, each \
                 number's own: the trainer's normaliser belongs into the network",
                mean.0, mean.1, deviation.0, deviation.1
            ),
            Pattern::Order(order) => order.fmt(f),
            Pattern::Offset(offset) => write!(f, "offset: ours is the golden one plus {offset:.5}"),
            Pattern::Offsets(offsets) => {
                let each = list(offsets, |(index, offset)| format!("{offset:+.5} at {index}"));
                write!(f, "offset: ours is the golden one {each}")
            }
            Pattern::DefaultPose(joints) => {
                let each = list(joints, |(joint, offset)| format!("{joint} by {offset:+.5} rad"));
                write!(f, "default pose: ours differs at {each}")
            }
            Pattern::JointOrder(pairs) => {
                let each = list(pairs, |(ours, theirs)| format!("{ours} where the golden one has {theirs}"));
                write!(f, "joints in another order: ours has {each}")
            }
            Pattern::Reference(ours, theirs) => {
                let name = |reference: &Reference| match reference {
                    Reference::Zero => "zero",
                    Reference::DefaultPose => "the default pose",
                };
                write!(
                    f,
                    "relative to: ours is taken from {}, the golden one from {}",
                    name(ours),
                    name(theirs)
                )
            }
            Pattern::SwappedWith(term) => write!(f, "swapped with {term}: the two are in the other order"),
            Pattern::NumbersOf(term) => write!(f, "swapped: ours has the numbers of {term}"),
            Pattern::Moved(places) if *places > 0 => write!(f, "moved: ours lies {places} places too early"),
            Pattern::Moved(places) => write!(f, "moved: ours lies {} places too late", -places),
            Pattern::Permuted(pairs) => {
                write!(
                    f,
                    "swapped within the term: {}",
                    list(pairs, |(ours, theirs)| format!("{ours}<-{theirs}"))
                )
            }
            Pattern::Shifted(ticks) if *ticks > 0 => write!(f, "shifted: ours is {ticks} tick(s) too old"),
            Pattern::Shifted(ticks) => write!(f, "shifted: ours is {} tick(s) too new", -ticks),
            Pattern::Start => {
                write!(f, "start: only the first ticks of an episode differ, by the values before them")
            }
            Pattern::Period(ours, theirs) => {
                write!(f, "gait period: ours has {ours:.3} ticks, the golden one {theirs:.3}")
            }
            Pattern::Clipped(low, high) => write!(f, "clipped: ours stays within {low:.5} to {high:.5}"),
            Pattern::NotClipped(low, high) => {
                write!(f, "not clipped: the golden one stays within {low:.5} to {high:.5}")
            }
            Pattern::VelocityLimit(None) => write!(f, "velocity limit: the golden target has none"),
            Pattern::VelocityLimit(Some(limit)) => {
                write!(f, "velocity limit: the golden target moves at most {limit:.3} rad/s")
            }
            Pattern::FedBack(ours, theirs) => write!(
                f,
                "fed back: ours is the target {ours}, the golden one {theirs} (action.fed_back, \
                 head_command.added_to_target)"
            ),
            Pattern::HeadCommand(joints) => {
                let each = list(joints, |(joint, ours, theirs)| {
                    format!("{joint} has {ours} added, the golden one {theirs}")
                });
                write!(f, "head command: {each}")
            }
            Pattern::Unknown => write!(f, "no simple pattern"),
        }
    }
}

fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}
