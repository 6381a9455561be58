//! Contact switches, out of the kernel's edge events: only what has settled counts.

use gaitway_hal::pieces::Pieces;

/// Bytes of `struct gpio_v2_line_event`.
pub const EVENT_BYTES: usize = 48;
/// A switch that goes on bouncing for longer than this is broken, ns.
const DEBOUNCE_NS: u64 = 5_000_000;
const RISING: u32 = 1;
const FALLING: u32 = 2;

/// One switch.
#[derive(Debug, Clone, Copy, Default)]
struct Switch {
    line: u32,
    /// As its line stands, and since when, ns.
    is_closed: bool,
    since_ns: u64,
    /// What has settled.
    contact: bool,
}

/// The contact switches of one robot.
#[derive(Debug, Clone)]
pub struct Switches {
    switches: Vec<Switch>,
    pieces: Pieces<EVENT_BYTES>,
    /// Edges seen on each.
    edges: Vec<u64>,
}

impl Switches {
    /// Switches on these lines that pull their line low where there is contact.
    pub fn new(lines: &[u32]) -> Switches {
        let switches = lines.iter().map(|line| Switch { line: *line, ..Switch::default() }).collect();
        Switches { switches, pieces: Pieces::default(), edges: vec![0; lines.len()] }
    }

    /// The lines were asked: which switches are closed now.
    pub fn stand_as(&mut self, closed: &[bool]) {
        for (switch, &is_closed) in self.switches.iter_mut().zip(closed) {
            (switch.is_closed, switch.contact, switch.since_ns) = (is_closed, is_closed, 0);
        }
    }

    /// Takes bytes of the kernel, as they come.
    pub fn take(&mut self, bytes: &[u8]) {
        let (switches, edges) = (&mut self.switches, &mut self.edges);
        self.pieces.take(bytes, |raw| {
            let word = |at: usize| u32::from_ne_bytes([raw[at], raw[at + 1], raw[at + 2], raw[at + 3]]);
            let at_ns = u64::from_ne_bytes([raw[0], raw[1], raw[2], raw[3], raw[4], raw[5], raw[6], raw[7]]);
            let (edge, line) = (word(8), word(12));
            let place = switches.iter().position(|switch| switch.line == line);
            if let (Some(place), RISING | FALLING) = (place, edge) {
                edges[place] += 1;
                let switch = &mut switches[place];
                switch.settle(at_ns);
                (switch.is_closed, switch.since_ns) = (edge == FALLING, at_ns);
            }
        });
    }

    /// Whether there is contact at `now_ns`, switch by switch.
    pub fn contacts(&mut self, now_ns: u64) -> impl Iterator<Item = bool> {
        self.switches.iter_mut().map(move |switch| {
            switch.settle(now_ns);
            switch.contact
        })
    }

    /// Edges seen on each: a switch that never moves is unplugged, or stuck.
    pub fn edges(&self) -> &[u64] {
        &self.edges
    }
}

impl Switch {
    /// What has stood for long enough counts.
    fn settle(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.since_ns) >= DEBOUNCE_NS {
            self.contact = self.is_closed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn contact(switches: &mut Switches, now_ns: u64) -> [bool; 2] {
        switches.contacts(now_ns).collect::<Vec<_>>().try_into().unwrap()
    }

    fn event(at_ns: u64, edge: u32, line: u32) -> Vec<u8> {
        let mut bytes = Vec::from(at_ns.to_ne_bytes());
        bytes.extend(edge.to_ne_bytes());
        bytes.extend(line.to_ne_bytes());
        bytes.resize(EVENT_BYTES, 9);
        bytes
    }

    #[test]
    fn left_comes_first_and_low_is_down() {
        let mut switches = Switches::new(&[22, 27]);
        switches.take(&event(0, FALLING, 22));
        assert_eq!(contact(&mut switches, 10 * MS), [true, false]);
        switches.take(&event(20 * MS, FALLING, 27));
        switches.take(&event(30 * MS, RISING, 22));
        assert_eq!(contact(&mut switches, 40 * MS), [false, true]);
        assert_eq!(switches.edges(), [2, 1]);
    }

    #[test]
    fn a_bounce_is_no_step_in_pieces_of_any_size() {
        for piece in [1, 7, 48, 100] {
            let mut switches = Switches::new(&[22, 27]);
            switches.stand_as(&[true, true]);
            let bounces = (0..20).flat_map(|bounce| event(bounce * MS, 1 + (bounce % 2) as u32, 22));
            for bytes in bounces.collect::<Vec<u8>>().chunks(piece) {
                switches.take(bytes);
            }
            assert_eq!(contact(&mut switches, 20 * MS), [true, true], "it never stood for 5 ms");
            switches.take(&event(20 * MS, RISING, 22));
            assert_eq!(contact(&mut switches, 24 * MS), [true, true]);
            assert_eq!(contact(&mut switches, 25 * MS), [false, true]);
        }
    }

    #[test]
    fn other_lines_and_other_events_are_passed_over() {
        let mut switches = Switches::new(&[22, 27]);
        switches.take(&event(0, FALLING, 23));
        switches.take(&event(0, 7, 22));
        assert_eq!((contact(&mut switches, MS * 100), switches.edges()), ([false, false], &[0, 0][..]));
    }
}
