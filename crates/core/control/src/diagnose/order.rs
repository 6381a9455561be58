//! Joints in another order than the golden ones: what a list of pairs of numbers does not tell anybody.

use super::Rows;
use gaitway_model::Contract;
use gaitway_model::term::{Source, Term};
use std::fmt;

/// So many joints in other places are told as pairs; more of them are an order.
const AS_PAIRS: usize = 3;
/// Joints of an order that are told.
const TOLD: usize = 8;
/// Names of the two sides, as parts of a joint's name.
const SIDES: [[&str; 2]; 8] = [
    ["left", "right"],
    ["l", "r"],
    ["fl", "fr"],
    ["rl", "rr"],
    ["hl", "hr"],
    ["bl", "br"],
    ["lf", "rf"],
    ["lh", "rh"],
];

/// The order that the golden numbers are in, and what else differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    kind: Kind,
    /// Joints, in the golden order.
    theirs: Vec<String>,
    /// Ours is theirs times this, once it is in their order.
    factor: f32,
    /// Joints whose sign is reversed, too.
    reversed: Vec<String>,
    /// Ours has an offset of each joint's own, too: it is measured from another pose.
    has_offsets: bool,
}

/// How the two orders differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Theirs has left beside right, ours goes limb by limb.
    TheirsInterleaved,
    /// Ours has left beside right, theirs goes limb by limb.
    OursInterleaved,
    /// Left and right are exchanged.
    Mirrored,
    /// In no way that has a name.
    Other,
}

/// Where a golden number is found again: in which joint's place, times which factor, plus what.
struct Match {
    place: usize,
    factor: f32,
    offset: f32,
}

/// Pairs (ours, theirs) of places among the joints as an order, where they are more than a few.
pub(super) fn of_pairs(contract: &Contract, pairs: &[(usize, usize)]) -> Option<Order> {
    let matches = pairs.iter().map(|&(ours, place)| (ours, Match { place, factor: 1.0, offset: 0.0 }));
    of_matches(contract, matches.collect())
}

/// Pairs (ours, theirs) of numbers of a term as an order of its joints, where all its ticks say the same.
pub(super) fn of_term(contract: &Contract, term: &Term, pairs: &[(usize, usize)]) -> Option<Order> {
    let joints = joints_of(contract, term)?;
    let of_tick = |tick: usize| -> Vec<_> {
        let within = |&(ours, theirs): &(usize, usize)| {
            let belongs = ours / joints == tick && theirs / joints == tick;
            belongs.then_some((ours % joints, theirs % joints))
        };
        pairs.iter().filter_map(within).collect()
    };
    let first = of_tick(0);
    let ticks = term.width as usize / joints;
    let alike = (0..ticks).all(|tick| of_tick(tick) == first) && first.len() * ticks == pairs.len();
    alike.then(|| of_pairs(contract, &first)).flatten()
}

/// The order of a term's joints where ours is theirs in other places, and another sign, scale or pose, too.
pub(super) fn of_columns(contract: &Contract, term: &Term, rows: &Rows, start: usize) -> Option<Order> {
    let joints = joints_of(contract, term)?;
    // The ticks of a history that follow the first differ as it does.
    let matched = |ours: usize| {
        let mut places = (0..joints).filter_map(|place| {
            let (factor, offset) = rows.line(start + ours, start + place)?;
            Some((ours, Match { place, factor, offset }))
        });
        places.next()
    };
    of_matches(contract, (0..joints).map(matched).collect::<Option<_>>()?)
}

/// Joints of a term that has a number for each of them.
fn joints_of(contract: &Contract, term: &Term) -> Option<usize> {
    let of_joints = matches!(
        term.source,
        Source::JointPosition | Source::JointVelocity | Source::Action | Source::Target
    );
    let joints = contract.action_len();
    (of_joints && joints > 0 && (term.width as usize).is_multiple_of(joints)).then_some(joints)
}

fn of_matches(contract: &Contract, matches: Vec<(usize, Match)>) -> Option<Order> {
    let ours: Vec<&str> = contract.action.joints.iter().map(|joint| &*joint.name).collect();
    let mut theirs: Vec<Option<&str>> = ours.iter().copied().map(Some).collect();
    for (_, found) in &matches {
        *theirs.get_mut(found.place)? = None;
    }
    for (joint, found) in &matches {
        // Two joints in one place are no order.
        let place = theirs.get_mut(found.place)?;
        if place.replace(ours.get(*joint)?).is_some() {
            return None;
        }
    }
    let theirs: Vec<&str> = theirs.into_iter().collect::<Option<_>>()?;
    let moved = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs).count();
    let factor = matches.first()?.1.factor.abs();
    let of_one_size = matches.iter().all(|(_, found)| (found.factor.abs() - factor).abs() <= 1e-3 * factor);
    if moved <= AS_PAIRS || !of_one_size {
        return None;
    }
    let reversed = matches.iter().filter(|(_, found)| found.factor < 0.0);
    Some(Order {
        kind: kind(&ours, &theirs),
        theirs: theirs.into_iter().map(str::to_owned).collect(),
        factor,
        reversed: reversed.map(|&(joint, _)| ours[joint].to_owned()).collect(),
        has_offsets: matches.iter().any(|(_, found)| found.offset.abs() > 1e-3),
    })
}

fn kind(ours: &[&str], theirs: &[&str]) -> Kind {
    let mirrored = |(ours, theirs): (&&str, &&str)| ours == theirs || mirror(ours) == theirs.to_lowercase();
    if ours.iter().zip(theirs).all(mirrored) {
        return Kind::Mirrored;
    }
    let beside =
        |names: &[&str]| names.windows(2).filter(|two| mirror(two[0]) == two[1].to_lowercase()).count();
    // Of n joints at most half as many pairs lie side by side; limb by limb none do, or one at the middle.
    match (beside(ours), beside(theirs)) {
        (ours, theirs) if theirs >= 2 * ours.max(1) => Kind::TheirsInterleaved,
        (ours, theirs) if ours >= 2 * theirs.max(1) => Kind::OursInterleaved,
        _ => Kind::Other,
    }
}

/// The name of the joint on the other side, in small letters; empty for one that has no side.
fn mirror(name: &str) -> String {
    let mut has_side = false;
    let parts = name.split('_').map(|part| {
        let part = part.to_lowercase();
        let other = SIDES.iter().find_map(|[left, right]| match &*part {
            side if side == *left => Some(*right),
            side if side == *right => Some(*left),
            _ => None,
        });
        has_side |= other.is_some();
        other.map_or(part, str::to_owned)
    });
    let mirrored = parts.collect::<Vec<_>>().join("_");
    if has_side { mirrored } else { String::new() }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let told = self.theirs.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if self.theirs.len() > TOLD { ", …" } else { "" };
        write!(f, "joints in another order: the golden one goes {told}{more}")?;
        f.write_str(match self.kind {
            Kind::TheirsInterleaved => {
                " (interleaved: left beside right, breadth-first as Isaac Lab does; ours goes limb by limb)"
            }
            Kind::OursInterleaved => {
                " (limb by limb; ours is interleaved: left beside right, breadth-first as Isaac Lab does)"
            }
            Kind::Mirrored => " (left and right are exchanged)",
            Kind::Other => "",
        })?;
        if self.reversed.len() == self.theirs.len() {
            write!(f, "; the sign is reversed, too")?;
        } else if !self.reversed.is_empty() {
            write!(f, "; the sign of {} is reversed, too", self.reversed.join(", "))?;
        }
        if (self.factor - 1.0).abs() > 1e-3 {
            write!(f, "; ours is {:.5} times the golden one, too", self.factor)?;
        }
        if self.has_offsets {
            write!(f, "; each has an offset of its own, too: the default pose is in the other order")?;
        }
        Ok(())
    }
}
