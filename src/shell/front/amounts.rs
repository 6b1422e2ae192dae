//! Sizes and lengths of time, as people read them.

const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];

/// A number of bytes: `812 B`, `2.1 MB`.
pub fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut units = UNITS.iter();
    let (mut unit, mut one) = (units.next().expect("there are units"), 1000);
    // From here on one digit behind the point would be rounded up to four before it.
    while bytes >= one / 100 * 99_995 {
        let Some(next) = units.next() else { break };
        (unit, one) = (next, one * 1000);
    }
    let tenths = bytes.saturating_add(one / 20) / (one / 10);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// How much of a whole, in percent, rounded down.
pub fn percent(part: u64, whole: u64) -> u64 {
    (u128::from(part.min(whole)) * 100).checked_div(u128::from(whole)).map_or(100, |it| it as u64)
}

/// A length of time in milliseconds, in seconds: `3.2 s`.
pub fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_and_at_most_one_digit_behind_the_point() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (2_100_000, "2.1 MB"),
            (1 << 30, "1.1 GB"),
            (u64::MAX, "18446.7 PB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(seconds(3_299), "3.2 s");
    }

    #[test]
    fn a_part_is_never_more_than_the_whole_and_all_of_nothing_is_all() {
        assert_eq!((percent(1, 3), percent(0, 3), percent(7, 3)), (33, 0, 100));
        assert_eq!((percent(0, 0), percent(u64::MAX - 1, u64::MAX)), (100, 99));
    }
}
