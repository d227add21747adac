//! Logarithms without floats: cluster sizes enter formulas as log10, and bits must agree everywhere.

/// `log10(n)` in thousandths, rounded down; 0 for 0 and 1.
pub(crate) fn log10_milli(n: u32) -> u32 {
    if n <= 1 {
        return 0;
    }
    // log2 by squaring: 32 fractional bits of the logarithm, exact to 2^-32.
    let whole = n.ilog2();
    let mut x = u128::from(n) << (63 - whole);
    let mut log2 = u128::from(whole);
    for _ in 0..32 {
        x = (x * x) >> 63;
        log2 <<= 1;
        if x >> 64 != 0 {
            x >>= 1;
            log2 |= 1;
        }
    }
    // log10(2) = 0.30102999566…, in units of 10^-12; the half unit keeps exact powers of ten from
    // falling below themselves.
    let pico = log2 * 301_029_995_664;
    let milli = ((pico >> 32) + 1_000) / 1_000_000_000;
    u32::try_from(milli).unwrap_or(u32::MAX)
}

/// `ceil(log10(n))`; 0 for 0 and 1.
pub(crate) fn log10_ceil(n: u32) -> u32 {
    if n <= 1 { 0 } else { (n - 1).ilog10() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_table_of_logarithms() {
        let table = [(0, 0), (1, 0), (2, 301), (3, 477), (9, 954), (10, 1000), (64, 1806), (99, 1995), (100, 2000)];
        let large = [(999, 2999), (1000, 3000), (10_000, 4000), (100_000, 5000), (1_000_000, 6000), (u32::MAX, 9632)];
        for (n, milli) in table.into_iter().chain(large) {
            assert_eq!(log10_milli(n), milli, "log10({n})");
        }
    }

    #[test]
    fn rounds_up_between_powers_of_ten() {
        assert_eq!([0, 1, 2, 10, 11, 100, 101, 1000, 1001].map(log10_ceil), [0, 0, 1, 1, 2, 2, 3, 3, 4]);
    }
}
