//! Dates and times as seconds, and their parts.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::artifact::Part;

/// Seconds of a minute, an hour, a day.
const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

/// What SQL writes for no date at all; a time may follow.
const ZERO_DATE: &str = "0000-00-00";

/// What a text says of a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moment {
    /// Seconds since 1970 began; of a time of day, since the day did.
    At(f64),
    /// The zero date of SQL: none.
    Zero,
}

/// Reads a date, a date and a time, or a time, as ISO 8601 and SQL have them. A time may be beyond a day, or
/// negative, as SQL's TIME. An offset is heeded.
pub(super) fn read(text: &str) -> Option<Moment> {
    let text = text.trim();
    if text.starts_with(ZERO_DATE) {
        return Some(Moment::Zero);
    }
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(seconds(date.and_time(NaiveTime::MIN)));
    }
    for format in ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, format) {
            return Some(seconds(time));
        }
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(seconds(time.naive_utc()));
    }
    // ISO 8601 allows more than RFC 3339: no seconds, no colon in the offset, no minutes there.
    for format in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z"] {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some(seconds(time.naive_utc()));
        }
    }
    time_of_day(text).map(Moment::At)
}

fn seconds(time: NaiveDateTime) -> Moment {
    let time = time.and_utc();
    Moment::At(time.timestamp() as f64 + f64::from(time.timestamp_subsec_micros()) / 1e6)
}

/// The date and time of `seconds`, to the microsecond; none for what no calendar has.
pub(super) fn write(seconds: f64) -> Option<String> {
    let whole = seconds.floor();
    let time = DateTime::from_timestamp(whole as i64, 0).filter(|_| seconds.is_finite())?;
    let micros = ((seconds - whole) * 1e6).round() as i64;
    let time = time.checked_add_signed(TimeDelta::microseconds(micros))?;
    // Others are not read.
    let has_four_digits = (0..=9999).contains(&time.year());
    has_four_digits.then(|| time.format("%Y-%m-%dT%H:%M:%S%.f").to_string())
}

/// `[-]H:MM[:SS[.f]]`
fn time_of_day(text: &str) -> Option<f64> {
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
    let mut parts = text.split(':');
    let mut number = |most: f64| {
        let part = parts.next()?;
        let is_plain = part.starts_with(|first: char| first.is_ascii_digit())
            && part.chars().all(|character| character.is_ascii_digit() || character == '.');
        part.parse().ok().filter(|value: &f64| is_plain && *value < most)
    };
    let (hours, minutes) = (number(1000.0)?, number(60.0)?);
    let seconds = number(60.0);
    let is_whole = hours.fract() == 0.0 && minutes.fract() == 0.0 && parts.next().is_none();
    let rest_is_read = seconds.is_some() || text.matches(':').count() == 1;
    (is_whole && rest_is_read).then(|| sign * (hours * HOUR + minutes * MINUTE + seconds.unwrap_or(0.0)))
}

/// A part of the moment `seconds`; NaN for what no calendar has.
pub(crate) fn part(seconds: f64, part: Part) -> f64 {
    let whole = seconds.floor();
    match part {
        Part::Seconds => return seconds,
        Part::Days => return (seconds / DAY).floor(),
        _ => {}
    }
    // A conversion of a float saturates, and NaN becomes 0.
    let Some(time) = DateTime::from_timestamp(whole as i64, 0).filter(|_| seconds.is_finite()) else { return f64::NAN };
    f64::from(match part {
        Part::Year => return f64::from(time.year()),
        Part::Month => time.month(),
        Part::Day => time.day(),
        Part::Weekday => time.weekday().num_days_from_monday(),
        Part::DayOfYear => time.ordinal(),
        Part::Hour => time.hour(),
        Part::Minute => time.minute(),
        Part::Days | Part::Seconds => return f64::NAN,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<f64> {
        match read(text)? {
            Moment::At(seconds) => Some(seconds),
            Moment::Zero => Some(f64::NEG_INFINITY),
        }
    }

    #[test]
    fn dates_and_times_are_read_as_iso_and_sql_write_them() {
        for (text, expected) in [
            ("1970-01-02", DAY),
            ("1970-01-02 00:00:01.5", DAY + 1.5),
            ("1970-01-02T01:00", DAY + HOUR),
            ("1970-01-02T01:00:00Z", DAY + HOUR),
            ("1970-01-02T01:00:00.25+01:00", DAY + 0.25),
            ("1970-01-02T01:00Z", DAY + HOUR),
            ("1970-01-02T01:00+01:00", DAY),
            ("1970-01-02T01:00:00+0100", DAY),
            ("1970-01-02 01:00:00.25+01", DAY + 0.25),
            ("1970-01-02 01:00:00 -01:30", DAY + 2.5 * HOUR),
            ("1970-01-02 01:00-0130", DAY + 2.5 * HOUR),
            ("1969-12-31 23:59:59.5", -0.5),
            ("0000-00-00 00:00:00", f64::NEG_INFINITY),
            ("12:30", 12.5 * HOUR),
            ("-838:59:59", -(838.0 * HOUR + 59.0 * MINUTE + 59.0)),
            ("00:00:00.123", 0.123),
        ] {
            assert_eq!(at(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "male",
            "1970",
            "1970-13-01",
            "1970-02-30",
            "12:60",
            "12:",
            "1:2:3:4",
            "1e1:00",
            "12:30:x",
            ":",
            "1970-01-02T01:00+1",
            "1970-01-02T01:00+01:60",
            "1970-01-02T01:00 CET",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_that_is_written_is_read_as_it_was() {
        for seconds in [0.0, -0.5, 1.25e9 + 0.123456, 86_399.999_999, -2.0e9, 12.5 * HOUR] {
            let text = write(seconds).unwrap();
            assert!((at(&text).unwrap() - seconds).abs() < 1e-6, "{seconds}: {text}");
        }
        assert_eq!([f64::NAN, f64::INFINITY, 1e300, -1e12].map(write), [const { None }; 4]);
    }

    #[test]
    fn the_parts_of_a_moment_are_the_calendars() {
        let moment = at("2024-02-29 23:59:58.5").unwrap();
        let parts = [
            (Part::Year, 2024.0),
            (Part::Month, 2.0),
            (Part::Day, 29.0),
            (Part::Weekday, 3.0),
            (Part::DayOfYear, 60.0),
            (Part::Hour, 23.0),
            (Part::Minute, 59.0),
            (Part::Days, 19782.0),
            (Part::Seconds, moment),
        ];
        for (name, expected) in parts {
            assert_eq!(part(moment, name), expected, "{name:?}");
        }
        assert_eq!(part(-0.5, Part::Year), 1969.0);
        assert!(part(f64::NAN, Part::Year).is_nan() && part(1e300, Part::Month).is_nan());
    }
}
