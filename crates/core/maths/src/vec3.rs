//! Vectors of three `f32`, as plain arrays.

/// A vector of three components: x forward, y left, z up where it is in the trunk frame.
pub type Vec3 = [f32; 3];

/// Dot product, summed from x to z.
pub fn dot(a: Vec3, b: Vec3) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Cross product a × b.
pub fn cross(a: Vec3, b: Vec3) -> Vec3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Euclidean length.
pub fn norm(a: Vec3) -> f32 {
    dot(a, a).sqrt()
}

/// `a` with length one, or `None` where it is too short or not finite to have a direction.
pub fn unit(a: Vec3) -> Option<Vec3> {
    let length = norm(a);
    (length.is_finite() && length > 1e-6).then(|| a.map(|component| component / length))
}

/// True where every component is finite.
pub fn is_finite(a: Vec3) -> bool {
    a.iter().all(|component| component.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_product_is_right_handed() {
        assert_eq!(cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn no_direction_without_length() {
        assert_eq!(unit([0.0; 3]), None);
        assert_eq!(unit([f32::NAN, 0.0, 1.0]), None);
        assert_eq!(unit([0.0, 0.0, 2.0]), Some([0.0, 0.0, 1.0]));
    }
}
