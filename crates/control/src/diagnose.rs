//! In what way two series of rows differ: sign, scale, offset, swapped columns, a tick too early or too late.

use std::fmt;

/// Agreement that makes a pattern certain: |a−b| ≤ this · (1+|b|).
const CERTAIN: f32 = 1e-4;

/// How two series differ, over all ticks.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// Ours is minus theirs.
    Sign,
    /// Ours is theirs times a factor.
    Scale(f32),
    /// Ours is theirs plus a constant, the same for every number.
    Offset(f32),
    /// Ours has the numbers of another term.
    SwappedWith(String),
    /// Ours has these numbers in another order: (ours, theirs) indices within the term.
    Permuted(Vec<(usize, usize)>),
    /// Ours is theirs of so many ticks before; negative: of ticks to come.
    Shifted(i32),
    /// Ours stays within bounds theirs exceeds.
    Clipped(f32, f32),
    /// None of these.
    Unknown,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Pattern::Sign => write!(f, "the sign is reversed"),
            Pattern::Scale(factor) => write!(f, "scaled: ours is {factor:.5} times the golden one"),
            Pattern::Offset(offset) => write!(f, "offset: ours is the golden one plus {offset:.5}"),
            Pattern::SwappedWith(term) => write!(f, "swapped: ours has the numbers of {term}"),
            Pattern::Permuted(pairs) => {
                let pairs: Vec<String> = pairs.iter().map(|(a, b)| format!("{a}<-{b}")).collect();
                write!(f, "swapped within the term: {}", pairs.join(", "))
            }
            Pattern::Shifted(ticks) if *ticks > 0 => write!(f, "shifted: ours is {ticks} tick(s) too old"),
            Pattern::Shifted(ticks) => write!(f, "shifted: ours is {} tick(s) too new", -ticks),
            Pattern::Clipped(low, high) => write!(f, "clipped: ours stays within {low:.5} to {high:.5}"),
            Pattern::Unknown => write!(f, "no simple pattern"),
        }
    }
}

/// Golden rows and ours, tick by tick.
#[derive(Debug)]
pub(crate) struct Rows {
    pub expected: Vec<Vec<f32>>,
    pub found: Vec<Vec<f32>>,
    /// For each tick, whether an episode starts there.
    resets: Vec<bool>,
}

impl Rows {
    pub fn new(resets: &[bool]) -> Rows {
        Rows {
            expected: Vec::new(),
            found: Vec::new(),
            resets: resets.to_vec(),
        }
    }

    pub fn push(&mut self, expected: &[f64], found: &[f32]) {
        self.expected.push(expected.iter().map(|&x| x as f32).collect());
        self.found.push(found.to_vec());
    }

    fn pairs(&self, column: usize) -> impl Iterator<Item = (f32, f32)> {
        self.expected
            .iter()
            .zip(&self.found)
            .map(move |(e, f)| (e[column], f[column]))
    }

    pub fn differs(&self, column: usize, tolerance: f64) -> bool {
        self.pairs(column)
            .any(|(expected, found)| error(expected, found) > tolerance)
    }

    /// Tick and column of the first difference among `columns`.
    pub fn first_difference(&self, columns: &[usize], tolerance: f64) -> Option<(usize, usize)> {
        let ticks = 0..self.found.len();
        ticks
            .flat_map(|tick| columns.iter().map(move |&column| (tick, column)))
            .find(|&(tick, column)| error(self.expected[tick][column], self.found[tick][column]) > tolerance)
    }

    pub fn largest_error(&self) -> f64 {
        let rows = self.expected.iter().zip(&self.found);
        rows.flat_map(|(e, f)| e.iter().zip(f).map(|(&e, &f)| error(e, f)))
            .fold(0.0, f64::max)
    }

    /// True where ours in `column` is `map` of theirs in every tick.
    fn holds(&self, column: usize, map: impl Fn(f32) -> f32) -> bool {
        self.pairs(column)
            .all(|(expected, found)| close(map(expected), found))
    }

    /// True where ours in `column` is theirs in `other`, `ticks` ticks before; where that lies outside the episode,
    /// nothing can be said.
    fn is_column(&self, column: usize, other: usize, ticks: i32) -> bool {
        (0..self.found.len()).all(|tick| match self.tick_before(tick, ticks) {
            Some(before) => close(self.expected[before][other], self.found[tick][column]),
            None => true,
        })
    }

    /// The tick `ticks` before `tick` in the same episode.
    fn tick_before(&self, tick: usize, ticks: i32) -> Option<usize> {
        let before = tick as i64 - i64::from(ticks);
        let before = usize::try_from(before)
            .ok()
            .filter(|&before| before < self.found.len())?;
        let (first, last) = (tick.min(before), tick.max(before));
        (!self.resets[first + 1..=last].contains(&true)).then_some(before)
    }
}

/// The pattern of a term of the observation, whose columns `differs` are not as they should be.
pub(crate) fn term(rows: &Rows, spans: &[(&str, usize, usize)], start: usize, differs: &[usize]) -> Pattern {
    // Another term's numbers come first: two vectors of three may well be in a fixed ratio somewhere.
    let other_term = |&&(_, other, width): &&(&str, usize, usize)| {
        other != start
            && differs
                .iter()
                .all(|&c| c - start < width && rows.is_column(c, other + c - start, 0))
    };
    match spans.iter().find(other_term) {
        Some((name, _, _)) => Pattern::SwappedWith((*name).to_owned()),
        None => match row(rows, differs) {
            Pattern::Unknown => borrowed(rows, spans, differs),
            pattern => relative(pattern, start),
        },
    }
}

/// The pattern of columns that have no neighbours to be confused with.
pub(crate) fn row(rows: &Rows, differs: &[usize]) -> Pattern {
    let all = |test: &dyn Fn(usize) -> bool| differs.iter().all(|&column| test(column));
    if all(&|column| rows.holds(column, |x| -x)) {
        return Pattern::Sign;
    }
    if let Some(ticks) = [1, -1, 2, -2, 3, -3]
        .into_iter()
        .find(|&t| all(&|c| rows.is_column(c, c, t)))
    {
        return Pattern::Shifted(ticks);
    }
    if let Some(pairs) = permutation(rows, differs) {
        return Pattern::Permuted(pairs);
    }
    let Some(&column) = differs.first() else {
        return Pattern::Unknown;
    };
    if let Some(factor) = ratio(rows, column).filter(|&k| all(&|c| rows.holds(c, |x| k * x))) {
        return Pattern::Scale(factor);
    }
    let offset = rows
        .pairs(column)
        .next()
        .map_or(0.0, |(expected, found)| found - expected);
    if all(&|c| rows.holds(c, |x| x + offset)) {
        return Pattern::Offset(offset);
    }
    let (low, high) = extent(rows, differs);
    if all(&|c| rows.holds(c, |x| gaitway_maths::scalar::limit(x, low, high))) {
        return Pattern::Clipped(low, high);
    }
    Pattern::Unknown
}

/// Column indices as within the term.
fn relative(pattern: Pattern, start: usize) -> Pattern {
    match pattern {
        Pattern::Permuted(pairs) => Pattern::Permuted(
            pairs
                .into_iter()
                .map(|(ours, theirs)| (ours - start, theirs - start))
                .collect(),
        ),
        other => other,
    }
}

/// Where the numbers come from when a neighbour of another width was swapped: the term most of them lie in.
fn borrowed(rows: &Rows, spans: &[(&str, usize, usize)], differs: &[usize]) -> Pattern {
    let columns = rows.expected.first().map_or(0, Vec::len);
    let Some(&first) = differs.first() else {
        return Pattern::Unknown;
    };
    let shift = (0..columns).find(|&other| {
        let reach = |&column: &usize| column + other < columns + first;
        other != first
            && differs
                .iter()
                .filter(|c| reach(c))
                .all(|&c| rows.is_column(c, c + other - first, 0))
    });
    let name = |column: usize| {
        spans
            .iter()
            .find(|(_, start, width)| (*start..start + width).contains(&column))
            .map(|span| span.0)
    };
    shift
        .and_then(name)
        .map_or(Pattern::Unknown, |name| Pattern::SwappedWith(name.to_owned()))
}

/// For each column that differs, the other column it has the numbers of.
fn permutation(rows: &Rows, differs: &[usize]) -> Option<Vec<(usize, usize)>> {
    let source = |&column: &usize| {
        let other = differs
            .iter()
            .find(|&&other| other != column && rows.is_column(column, other, 0));
        other.map(|&other| (column, other))
    };
    differs.iter().map(source).collect()
}

/// Ours over theirs, taken where theirs is largest.
fn ratio(rows: &Rows, column: usize) -> Option<f32> {
    let (expected, found) = rows
        .pairs(column)
        .max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))?;
    (expected != 0.0).then(|| found / expected)
}

fn extent(rows: &Rows, columns: &[usize]) -> (f32, f32) {
    let found = columns
        .iter()
        .flat_map(|&column| rows.pairs(column).map(|(_, found)| found));
    found.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    })
}

fn error(expected: f32, found: f32) -> f64 {
    let (expected, found) = (f64::from(expected), f64::from(found));
    let error = (found - expected).abs() / (1.0 + expected.abs());
    if error.is_nan() { f64::INFINITY } else { error }
}

fn close(a: f32, b: f32) -> bool {
    (a - b).abs() <= CERTAIN * (1.0 + b.abs())
}
