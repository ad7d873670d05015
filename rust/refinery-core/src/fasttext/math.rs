//! One implementation of `exp` and `ln` for every platform.
//!
//! What it is not: the fastest, or correctly rounded. The standard library's versions come from
//! the C library of the machine and differ in the last bit between them, which would make scores,
//! and with them decisions at a threshold, depend on where a run happens. These use additions,
//! multiplications and divisions only, which IEEE 754 fixes to the bit, and no fused
//! multiply-add, so every x86-64 level gives the same bytes. Both are within 4e-16 of the true
//! value, relatively for `exp` and for `ln` away from 1.

/// The high bits of ln 2: times any exponent of an `f64` it is exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
/// What is missing of ln 2 in [`LN_2_HIGH`].
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// e to the power of `x`; 0 below -708 (subnormal results are of no use here), infinite above 709.
pub fn exp(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x < -708.0 {
        return 0.0;
    }
    if x > 709.0 {
        return f64::INFINITY;
    }
    // x = k ln 2 + r with |r| <= ln 2 / 2, where 14 terms of the series are below rounding.
    let k = (x * std::f64::consts::LOG2_E).round();
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut sum = 1.0;
    for n in (1..=14).rev() {
        sum = 1.0 + r * sum / f64::from(n);
    }
    sum * power_of_two(k as i64)
}

/// Natural logarithm of a positive, normal `x`; not a number otherwise.
pub fn ln(x: f64) -> f64 {
    if !(f64::MIN_POSITIVE..f64::INFINITY).contains(&x) {
        return f64::NAN;
    }
    // x = m 2^k with m in [sqrt 1/2, sqrt 2), where the series below converges fastest.
    let bits = x.to_bits();
    let mut k = (bits >> 52).cast_signed() - 1023;
    let mut m = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000);
    if m > std::f64::consts::SQRT_2 {
        m /= 2.0;
        k += 1;
    }
    // ln m = 2 artanh s with s = (m - 1) / (m + 1), |s| <= 0.172: s^25 / 25 is below rounding.
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut sum = 0.0;
    for n in (0..12).rev() {
        sum = sum * square + 1.0 / f64::from(2 * n + 1);
    }
    let k = k as f64;
    k * LN_2_HIGH + (2.0 * s * sum + k * LN_2_LOW)
}

/// Two to the power of `k`, for `k` in -1022..=1023.
fn power_of_two(k: i64) -> f64 {
    f64::from_bits((k + 1023).cast_unsigned() << 52)
}

#[cfg(test)]
mod tests {
    use super::{exp, ln};

    #[test]
    fn exp_is_within_rounding_of_the_library() {
        for i in -7000..7000 {
            let x = f64::from(i) * 0.100_37;
            let (ours, theirs) = (exp(x), x.exp());
            assert!(
                ((ours - theirs) / theirs).abs() < 4e-16,
                "exp({x}) = {ours}, not {theirs}"
            );
        }
    }

    #[test]
    fn ln_is_within_rounding_of_the_library() {
        for i in 1..20_000 {
            for scale in [1e-300, 1e-5, 1.0, 1e5, 1e300] {
                let x = f64::from(i) * 0.001_37 * scale;
                let (ours, theirs) = (ln(x), x.ln());
                let bound = 4e-16 * theirs.abs().max(1.0);
                assert!(
                    (ours - theirs).abs() <= bound,
                    "ln({x}) = {ours}, not {theirs}"
                );
            }
        }
    }

    #[test]
    fn values_at_the_edges() {
        assert_eq!(exp(0.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(exp(f64::NEG_INFINITY).to_bits(), 0.0_f64.to_bits());
        assert!(exp(f64::INFINITY).is_infinite() && exp(f64::NAN).is_nan());
        assert_eq!(ln(1.0).to_bits(), 0.0_f64.to_bits());
        assert!(ln(0.0).is_nan() && ln(-1.0).is_nan() && ln(f64::NAN).is_nan());
    }

    /// Fixed vectors: the bytes every platform has to give. The first is one unit in the last
    /// place above e, so it also shows that the machine's own `exp` is not what is called.
    #[test]
    fn bits_are_the_same_everywhere() {
        assert_eq!(exp(1.0).to_bits(), 0x4005_BF0A_8B14_576A);
        assert_eq!(ln(10.0).to_bits(), std::f64::consts::LN_10.to_bits());
    }
}
