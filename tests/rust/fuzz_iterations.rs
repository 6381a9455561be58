//! How often fuzz tests try: a moment by default, as long as one likes by hand.

/// `GAITWAY_FUZZ_ITERATIONS` where it is set; else `usual`, `GAITWAY_FUZZ_FACTOR` times.
pub fn iterations(usual: usize) -> usize {
    let set = |name: &str| std::env::var(name).ok().and_then(|count| count.parse::<usize>().ok());
    let factor = set("GAITWAY_FUZZ_FACTOR").unwrap_or(1);
    set("GAITWAY_FUZZ_ITERATIONS").unwrap_or_else(|| usual.saturating_mul(factor))
}
