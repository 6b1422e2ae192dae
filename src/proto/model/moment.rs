//! RFC 3339 text of a moment, UTC, milliseconds: `2026-11-20T22:12:43.120Z`.

use crate::proto::time::Wall;
use serde::{Deserialize, Deserializer, Serializer, de::Error};
use std::fmt;

const DAY_MS: i64 = 86_400_000;

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0.div_euclid(DAY_MS));
        let ms = self.0.rem_euclid(DAY_MS);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        let milli = ms % 1000;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

impl Wall {
    /// A moment from RFC 3339 text in UTC, a date alone, or seconds since 1970.
    pub fn parse(text: &str) -> Option<Wall> {
        if let Ok(seconds) = text.parse::<i64>() {
            return seconds.checked_mul(1000).map(Wall);
        }
        let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00Z"));
        let mut parts = date.splitn(3, '-').map(str::parse::<i64>);
        let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        let plausible = (1970..=9999).contains(&year) && (1..=12).contains(&month);
        if !plausible || !(1..=31).contains(&day) {
            return None;
        }
        let time = time.strip_suffix('Z').unwrap_or(time);
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let mut parts = clock.splitn(3, ':').map(str::parse::<i64>);
        let (hour, minute) = (parts.next()?.ok()?, parts.next()?.ok()?);
        let second = parts.next().unwrap_or(Ok(0)).ok()?;
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..61).contains(&second) {
            return None;
        }
        let milli: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        let ms = hour * 3_600_000 + minute * 60_000 + second * 1000 + milli;
        Some(Wall(days(year, month, day) * DAY_MS + ms))
    }
}

/// For `#[serde(with)]` on a [`Wall`]: text in JSON, milliseconds elsewhere.
pub fn serialize<S: Serializer>(at: &Wall, to: S) -> Result<S::Ok, S::Error> {
    if to.is_human_readable() { to.collect_str(at) } else { to.serialize_i64(at.0) }
}

/// The opposite of [`serialize`].
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Wall, D::Error> {
    if from.is_human_readable() {
        let text = String::deserialize(from)?;
        Wall::parse(&text).ok_or_else(|| D::Error::custom("not a moment in RFC 3339"))
    } else {
        i64::deserialize(from).map(Wall)
    }
}

/// The same for an optional moment.
pub mod optional {
    use super::*;

    /// Text, or null.
    pub fn serialize<S: Serializer>(at: &Option<Wall>, to: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => super::serialize(at, to),
            None => to.serialize_none(),
        }
    }

    /// The opposite of [`serialize`].
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Wall>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| Wall::parse(&text).ok_or_else(|| D::Error::custom("not a moment")))
            .transpose()
    }
}

/// Days since 1970 to a date (Howard Hinnant, "chrono-compatible low-level date algorithms").
pub fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// A date to days since 1970, from the same source.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_and_write_the_same() {
        for text in
            ["1970-01-01T00:00:00.000Z", "2026-11-20T22:12:43.120Z", "2024-02-29T23:59:59.999Z"]
        {
            assert_eq!(Wall::parse(text).expect("a valid moment").to_string(), text);
        }
        assert_eq!(Wall::parse("2026-11-20"), Wall::parse("2026-11-20T00:00:00Z"));
        assert_eq!(Wall::parse("60"), Some(Wall(60_000)));
        for bad in ["", "yesterday", "2026-13-01", "2026-01-01T25:00:00Z"] {
            assert_eq!(Wall::parse(bad), None, "{bad}");
        }
    }
}
