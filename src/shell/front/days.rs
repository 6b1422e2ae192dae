//! Hours and days as the clock on the user's wall has them.

use crate::proto::model::moment::civil;
use crate::proto::time::Wall;
use std::fmt::Write;

/// Seconds that the user's clock is ahead of UTC at a moment.
pub type Zone = fn(Wall) -> i32;

/// Tells what hour it was, and when lines come to another day.
#[derive(Debug)]
pub struct Days {
    zone: Zone,
    /// The day of the last line, counted from 1970.
    day: i64,
    /// The quarter of an hour that was asked about last, and what the zone said of it: no clock
    /// is set at another moment.
    known: Option<(i64, i32)>,
}

impl Days {
    /// It is `today` as long as no line is of another day.
    pub fn new(zone: Zone, today: Wall) -> Days {
        let mut days = Days { zone, day: 0, known: None };
        days.day = days.local(today).0.div_euclid(DAY_MS);
        days
    }

    /// `14:02`.
    pub fn hour(&mut self, at: Wall) -> String {
        let mut text = String::new();
        push_hour(self.local(at), &mut text);
        text
    }

    /// The same, and before it the day if that is not the one of the last line.
    pub fn moment(&mut self, at: Wall) -> String {
        let local = self.local(at);
        let mut text = String::new();
        if local.0.div_euclid(DAY_MS) != self.day {
            push_day(local, &mut text);
            text.push_str(", ");
        }
        push_hour(local, &mut text);
        text
    }

    /// `Saturday, 28 November 2026` when a line of this moment begins another day.
    pub fn turn(&mut self, at: Wall) -> Option<String> {
        let local = self.local(at);
        let day = local.0.div_euclid(DAY_MS);
        if std::mem::replace(&mut self.day, day) == day {
            return None;
        }
        let mut text = String::new();
        push_day(local, &mut text);
        Some(text)
    }

    fn local(&mut self, at: Wall) -> Wall {
        let quarter = at.0.div_euclid(QUARTER_MS);
        let ahead = match self.known {
            Some((known, ahead)) if known == quarter => ahead,
            _ => (self.zone)(at),
        };
        self.known = Some((quarter, ahead));
        Wall(at.0.saturating_add(i64::from(ahead) * 1000))
    }
}

/// A day, of a moment that is local already.
fn push_day(local: Wall, text: &mut String) {
    let day = local.0.div_euclid(DAY_MS);
    let (year, month, of_month) = civil(day);
    // 1 January 1970 was a Thursday.
    let weekday = WEEKDAYS[(day + 3).rem_euclid(7) as usize];
    let month = MONTHS[(month - 1) as usize];
    let _ = write!(text, "{weekday}, {of_month} {month} {year}");
}

/// The hour, of a moment that is local already.
fn push_hour(local: Wall, text: &mut String) {
    let minutes = local.0.rem_euclid(DAY_MS) / 60_000;
    let _ = write!(text, "{:02}:{:02}", minutes / 60, minutes % 60);
}

const DAY_MS: i64 = 86_400_000;
const QUARTER_MS: i64 = 900_000;
const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Wall {
        Wall::parse(text).expect("RFC 3339")
    }

    #[test]
    fn a_new_day_begins_at_midnight_on_the_users_clock() {
        let mut days = Days::new(|_| 3600, at("2026-11-27T20:00:00Z"));
        assert_eq!(days.hour(at("2026-11-27T20:05:59Z")), "21:05");
        assert_eq!(days.turn(at("2026-11-27T22:59:59Z")), None);
        let saturday = at("2026-11-27T23:00:00Z");
        assert_eq!(days.moment(saturday), "Saturday, 28 November 2026, 00:00");
        assert_eq!(days.turn(saturday).as_deref(), Some("Saturday, 28 November 2026"));
        assert_eq!(days.turn(saturday), None);
        assert_eq!(days.moment(saturday), "00:00");
        let before = days.turn(at("2026-11-27T22:59:59Z"));
        assert_eq!(before.as_deref(), Some("Friday, 27 November 2026"));
    }

    #[test]
    fn the_zone_is_asked_again_when_it_may_have_changed() {
        let summer_ends = at("2026-10-25T01:00:00Z");
        let zone: Zone = |at| if at.0 < 1_792_890_000_000 { 7200 } else { 3600 };
        assert_eq!(summer_ends, Wall(1_792_890_000_000));
        let mut days = Days::new(zone, summer_ends);
        assert_eq!(days.hour(Wall(summer_ends.0 - 1)), "02:59");
        assert_eq!(days.hour(summer_ends), "02:00");
    }

    #[test]
    fn moments_that_no_clock_shows_are_told_too() {
        let mut days = Days::new(|_| -60, Wall(60_000));
        assert_eq!(days.hour(Wall(0)), "23:59");
        assert_eq!(days.turn(Wall(0)).as_deref(), Some("Wednesday, 31 December 1969"));
        for at in [i64::MIN, i64::MAX] {
            assert_eq!(days.hour(Wall(at)).len(), 5);
            assert!(days.turn(Wall(at)).is_some());
        }
    }
}
