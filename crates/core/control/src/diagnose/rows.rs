//! Golden rows beside ours, and the questions that can be asked of them.

/// Agreement that makes a pattern certain: |a−b| ≤ this · (1+|b|).
const CERTAIN: f32 = 1e-4;

/// Golden rows and ours, tick by tick.
#[derive(Debug)]
pub(crate) struct Rows {
    pub expected: Vec<Vec<f32>>,
    pub found: Vec<Vec<f32>>,
    /// For each tick, whether an episode starts there.
    resets: Vec<bool>,
    tolerance: f64,
}

impl Rows {
    pub fn new(resets: &[bool], tolerance: f64) -> Rows {
        Rows { expected: Vec::new(), found: Vec::new(), resets: resets.to_vec(), tolerance }
    }

    pub fn push(&mut self, expected: &[f64], found: &[f32]) {
        self.expected.push(expected.iter().map(|&x| x as f32).collect());
        self.found.push(found.to_vec());
    }

    pub fn columns(&self) -> usize {
        self.expected.first().map_or(0, Vec::len)
    }

    fn pairs(&self, column: usize) -> impl Iterator<Item = (f32, f32)> {
        let rows = self.expected.iter().zip(&self.found);
        rows.map(move |(expected, found)| (expected[column], found[column]))
    }

    pub fn differs(&self, column: usize) -> bool {
        (0..self.found.len()).any(|tick| self.differs_at(tick, column))
    }

    fn differs_at(&self, tick: usize, column: usize) -> bool {
        error(self.expected[tick][column], self.found[tick][column]) > self.tolerance
    }

    /// Tick and column of the first difference among `columns`.
    pub fn first_difference(&self, columns: &[usize]) -> Option<(usize, usize)> {
        let mut all =
            (0..self.found.len()).flat_map(|tick| columns.iter().map(move |&column| (tick, column)));
        all.find(|&(tick, column)| self.differs_at(tick, column))
    }

    pub fn differ_only_at_the_start(&self, columns: &[usize], ticks: usize) -> bool {
        let mut late = (0..self.found.len()).filter(|&tick| self.tick_before(tick, ticks as i32).is_some());
        late.all(|tick| !columns.iter().any(|&column| self.differs_at(tick, column)))
    }

    pub fn largest_error(&self) -> f64 {
        let rows = self.expected.iter().zip(&self.found);
        rows.flat_map(|(e, f)| e.iter().zip(f).map(|(&e, &f)| error(e, f))).fold(0.0, f64::max)
    }

    /// True where ours in `column` is `map` of theirs in every tick.
    pub fn holds(&self, column: usize, map: impl Fn(f32) -> f32) -> bool {
        self.pairs(column).all(|(expected, found)| close(map(expected), found))
    }

    /// True where theirs in `column` is `map` of ours in every tick.
    pub fn holds_inverse(&self, column: usize, map: impl Fn(f32) -> f32) -> bool {
        self.pairs(column).all(|(expected, found)| close(map(found), expected))
    }

    /// True where ours in `column` is theirs in `other`, `ticks` ticks before; where that lies outside the episode,
    /// nothing can be said.
    pub fn is_column(&self, column: usize, other: usize, ticks: i32) -> bool {
        (0..self.found.len()).all(|tick| match self.tick_before(tick, ticks) {
            Some(before) => close(self.expected[before][other], self.found[tick][column]),
            None => true,
        })
    }

    /// True where ours in `column` is theirs in `other`, which may lie outside the row: then it is not.
    pub fn is_other(&self, column: usize, other: i64) -> bool {
        let other = usize::try_from(other).ok().filter(|&other| other < self.columns());
        other.is_some_and(|other| self.is_column(column, other, 0))
    }

    /// The tick `ticks` before `tick` in the same episode.
    pub fn tick_before(&self, tick: usize, ticks: i32) -> Option<usize> {
        let before = usize::try_from(tick as i64 - i64::from(ticks)).ok();
        let before = before.filter(|&before| before < self.found.len())?;
        let (first, last) = (tick.min(before), tick.max(before));
        (!self.resets[first + 1..=last].contains(&true)).then_some(before)
    }

    /// Factor and offset by which ours in `column` is theirs in `other` in every tick; `None` where it is not, and
    /// where theirs stands still.
    pub fn line(&self, column: usize, other: usize) -> Option<(f32, f32)> {
        let pairs =
            || self.expected.iter().zip(&self.found).map(|(theirs, ours)| (theirs[other], ours[column]));
        let by_theirs = |a: &(f32, f32), b: &(f32, f32)| a.0.total_cmp(&b.0);
        let (low, high) = (pairs().min_by(by_theirs)?, pairs().max_by(by_theirs)?);
        let factor = (high.1 - low.1) / (high.0 - low.0);
        let offset = low.1 - factor * low.0;
        let holds = || pairs().all(|(theirs, ours)| close(factor * theirs + offset, ours));
        (factor.is_finite() && factor != 0.0 && holds()).then_some((factor, offset))
    }

    /// Ours over theirs, taken where theirs is largest.
    pub fn ratio(&self, column: usize) -> Option<f32> {
        let largest = |a: &(f32, f32), b: &(f32, f32)| a.0.abs().total_cmp(&b.0.abs());
        let (expected, found) = self.pairs(column).max_by(largest)?;
        (expected != 0.0).then(|| found / expected)
    }

    /// Ours minus theirs in the first tick.
    pub fn first_offset(&self, column: usize) -> f32 {
        let first = self.pairs(column).next();
        first.map_or(0.0, |(expected, found)| found - expected)
    }

    pub fn extent_found(&self, column: usize) -> (f32, f32) {
        extent(self.pairs(column).map(|(_, found)| found))
    }

    pub fn extent_expected(&self, column: usize) -> (f32, f32) {
        extent(self.pairs(column).map(|(expected, _)| expected))
    }
}

fn extent(values: impl Iterator<Item = f32>) -> (f32, f32) {
    values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
}

/// |a−b| / (1+|b|), infinite where it is no number.
fn error(expected: f32, found: f32) -> f64 {
    let (expected, found) = (f64::from(expected), f64::from(found));
    let error = (found - expected).abs() / (1.0 + expected.abs());
    if error.is_nan() { f64::INFINITY } else { error }
}

pub(crate) fn close(a: f32, b: f32) -> bool {
    (a - b).abs() <= CERTAIN * (1.0 + b.abs())
}
