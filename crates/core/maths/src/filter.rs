//! First-order low-pass filter.

/// y ← α·y + (1−α)·x with α = (1/fc) / (1/fs + 1/fc); the state starts at the first sample, not at zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LowPass {
    alpha: f32,
}

impl LowPass {
    /// A filter of cut-off `cutoff_hz` for samples that come at `sample_hz`; both must be positive and finite.
    pub fn new(cutoff_hz: f64, sample_hz: f64) -> Option<LowPass> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        if !positive(cutoff_hz) || !positive(sample_hz) {
            return None;
        }
        let alpha = (1.0 / cutoff_hz) / (1.0 / sample_hz + 1.0 / cutoff_hz);
        Some(LowPass { alpha: alpha as f32 })
    }

    /// Share of the previous output in the next one.
    pub fn alpha(&self) -> f32 {
        self.alpha
    }

    /// The next output from the previous one and a sample.
    pub fn next(&self, previous: f32, sample: f32) -> f32 {
        self.alpha * previous + (1.0 - self.alpha) * sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_off_40_at_50_hz_is_the_published_alpha() {
        let alpha = LowPass::new(40.0, 50.0).unwrap().alpha();
        assert!((alpha - 0.556).abs() < 5e-4, "{alpha}");
    }

    #[test]
    fn refuses_frequencies_that_make_no_filter() {
        for (cutoff, sample) in
            [(0.0, 50.0), (-1.0, 50.0), (40.0, 0.0), (f64::NAN, 50.0), (40.0, f64::INFINITY)]
        {
            assert_eq!(LowPass::new(cutoff, sample), None);
        }
    }

    #[test]
    fn settles_on_a_constant() {
        let filter = LowPass::new(5.0, 50.0).unwrap();
        let y = (0..200).fold(0.0, |y, _| filter.next(y, 1.0));
        assert!((y - 1.0).abs() < 1e-5);
    }
}
