//! How often something may be: so many at once, and so many a second from then on. What is over it is left out, and
//! counted.

const SECOND_NS: u64 = 1_000_000_000;

/// A budget that fills up again by itself.
#[derive(Debug, Clone)]
pub struct Budget {
    every_ns: u64,
    at_once_ns: u64,
    /// Until then all that was let through is paid for.
    paid_ns: u64,
    left_out: u64,
    told_ns: u64,
}

impl Budget {
    /// Room for `at_once`, at least one, and for `per_second` more in each second.
    pub const fn new(at_once: u32, per_second: u32) -> Budget {
        let every_ns = SECOND_NS / if per_second == 0 { 1 } else { per_second as u64 };
        let more = at_once.saturating_sub(1) as u64;
        Budget { every_ns, at_once_ns: more * every_ns, paid_ns: 0, left_out: 0, told_ns: 0 }
    }

    /// True where there is room for another; else it is counted as left out.
    pub fn take(&mut self, now_ns: u64) -> bool {
        let from_ns = self.paid_ns.max(now_ns);
        let has_room = from_ns - now_ns <= self.at_once_ns;
        if has_room {
            self.paid_ns = from_ns.saturating_add(self.every_ns);
        } else {
            self.left_out += 1;
        }
        has_room
    }

    /// How many were left out since it was asked last, where there are any; once a second at most.
    pub fn left_out(&mut self, now_ns: u64) -> Option<u64> {
        if self.left_out == 0 || now_ns < self.told_ns.saturating_add(SECOND_NS) {
            return None;
        }
        self.told_ns = now_ns;
        self.take_left_out()
    }

    /// How many were left out since it was asked last, whenever that was.
    pub fn take_left_out(&mut self) -> Option<u64> {
        Some(std::mem::take(&mut self.left_out)).filter(|left_out| *left_out > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_bounded_and_what_is_left_out_is_counted_once() {
        let mut budget = Budget::new(5, 10);
        let (mut taken, mut told) = (0_u64, 0);
        // 20,000 a second, for ten seconds.
        for number in 0..200_000_u64 {
            let now_ns = SECOND_NS + number * 50_000;
            taken += u64::from(budget.take(now_ns));
            told += budget.left_out(now_ns).unwrap_or(0);
        }
        assert_eq!(taken, 5 + 99);
        told += budget.take_left_out().unwrap_or(0);
        assert_eq!((taken + told, budget.take_left_out()), (200_000, None));
    }

    #[test]
    fn who_is_slow_is_never_left_out() {
        let mut budget = Budget::new(1, 10);
        assert!((1..100_u64).all(|number| budget.take(number * SECOND_NS / 10)));
        assert_eq!(budget.left_out(u64::MAX), None);
        assert!(budget.take(u64::MAX) && !budget.take(0), "a clock that goes back lets nothing through");
    }
}
