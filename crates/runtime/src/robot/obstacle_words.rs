//! What keeps a robot from getting up, as words of the status.

use gaitway_control::supervisor::Obstacle;
use gaitway_model::profile::FaultKind;

/// Which obstacle, and what it is about.
pub(super) const OBSTACLE_WORDS: usize = 5;

/// Obstacles that are about nothing else, by their number less one.
const PLAIN: [Obstacle; 8] = [
    Obstacle::EmergencyStop,
    Obstacle::NoImu,
    Obstacle::Audit,
    Obstacle::AskAgain,
    Obstacle::DryRun,
    Obstacle::NotUpright,
    Obstacle::NoWeight,
    Obstacle::Unconfigured,
];
const FAULT: u32 = PLAIN.len() as u32 + 1;
const SILENT: u32 = FAULT + 1;
const OUT_OF_RANGE: u32 = SILENT + 1;

pub(super) fn words_of(obstacle: Option<Obstacle>) -> [u32; OBSTACLE_WORDS] {
    match obstacle {
        None => [0; OBSTACLE_WORDS],
        Some(Obstacle::Fault(kind)) => [FAULT, kind as u32, 0, 0, 0],
        Some(Obstacle::SilentServo { joint }) => [SILENT, joint as u32, 0, 0, 0],
        Some(Obstacle::OutOfRange { joint, reads_mrad, min_mrad, max_mrad }) => {
            let [reads, min, max] = [reads_mrad, min_mrad, max_mrad].map(i32::cast_unsigned);
            [OUT_OF_RANGE, joint as u32, reads, min, max]
        }
        Some(plain) => {
            let number = PLAIN.iter().position(|known| *known == plain);
            [number.map_or(0, |number| number as u32 + 1), 0, 0, 0, 0]
        }
    }
}

pub(super) fn obstacle_of(words: [u32; OBSTACLE_WORDS]) -> Option<Obstacle> {
    let [which, about, reads, min, max] = words;
    match which {
        FAULT => FaultKind::ALL.get(about as usize).copied().map(Obstacle::Fault),
        SILENT => Some(Obstacle::SilentServo { joint: about as usize }),
        OUT_OF_RANGE => {
            let [reads_mrad, min_mrad, max_mrad] = [reads, min, max].map(u32::cast_signed);
            Some(Obstacle::OutOfRange { joint: about as usize, reads_mrad, min_mrad, max_mrad })
        }
        plain => PLAIN.get((plain as usize).checked_sub(1)?).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_obstacle_comes_out_as_it_went_in() {
        let range = Obstacle::OutOfRange { joint: 63, reads_mrad: -7654, min_mrad: -1570, max_mrad: 1570 };
        let about = [
            Obstacle::Fault(FaultKind::ALL[FaultKind::ALL.len() - 1]),
            Obstacle::SilentServo { joint: 13 },
            range,
        ];
        for obstacle in PLAIN.into_iter().chain(about) {
            assert_eq!(obstacle_of(words_of(Some(obstacle))), Some(obstacle));
        }
        assert_eq!(obstacle_of(words_of(None)), None);
        assert_eq!([99, u32::MAX].map(|which| obstacle_of([which, 0, 0, 0, 0])), [None, None]);
    }
}
