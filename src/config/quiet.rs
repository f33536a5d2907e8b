//! `QUIET_HOURS`: hours of the day in which no page is begun.

use std::fmt;

use chrono::{Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use super::setting::{Accepts, Setting};
use crate::window::Time;

/// Hours of the day in which no page is begun.
#[derive(Clone, Debug, PartialEq)]
pub struct QuietHours {
    text: String,
    spans: Vec<Span>,
}

/// From one time of day to the next other one, on some days of the week, in a zone.
#[derive(Clone, Debug, PartialEq)]
struct Span {
    /// The days on which it begins, from Monday on.
    days: [bool; 7],
    from: NaiveTime,
    to: NaiveTime,
    zone: Tz,
}

/// Spans that follow each other without a gap, at most, until an end is looked for no further.
const MOST_IN_A_ROW: usize = 64;

impl Setting for QuietHours {
    const ACCEPTS: Accepts = Accepts::Text(
        "hours like 08:00-18:00, with days before them and a zone behind them, where wanted, as in \
         Mon-Fri 08:00-18:00 Europe/Berlin; several with commas between them",
    );

    fn read(text: &str) -> Option<Self> {
        let spans = text.split(',').map(|span| Span::read(span.trim())).collect::<Option<Vec<_>>>()?;
        Some(Self { text: text.to_owned(), spans })
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl QuietHours {
    /// When the quiet is over in which `now` is; `None`: it is not.
    pub fn end(&self, now: Time) -> Option<Time> {
        let mut end = None;
        for _ in 0..MOST_IN_A_ROW {
            let at = end.unwrap_or(now);
            let ends = self.spans.iter().flat_map(|span| span.around(at)).filter(|(from, to)| *from <= at && at < *to);
            match ends.map(|(_, to)| to).max() {
                Some(later) => end = Some(later),
                None => break,
            }
        }
        end
    }

    /// When they begin next.
    pub fn next(&self, now: Time) -> Option<Time> {
        let begins = self.spans.iter().flat_map(|span| span.around(now)).map(|(from, _)| from);
        begins.filter(|from| *from > now).min()
    }
}

impl Span {
    fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, hours, zone) = match words[..] {
            [hours] => (None, hours, None),
            [days, hours] if hours.contains(':') => (Some(days), hours, None),
            [hours, zone] => (None, hours, Some(zone)),
            [days, hours, zone] => (Some(days), hours, Some(zone)),
            _ => return None,
        };
        let (from, to) = hours.split_once('-')?;
        let (from, to) = (time_of_day(from)?, time_of_day(to)?);
        let zone = zone.map_or(Some(Tz::UTC), |zone| zone.parse().ok())?;
        (from != to).then_some(Self { days: days.map_or(Some([true; 7]), week)?, from, to, zone })
    }

    /// Each time that it lies about `now`: from the day before to a week later.
    fn around(&self, now: Time) -> impl Iterator<Item = (Time, Time)> + use<'_> {
        let today = now.with_timezone(&self.zone).date_naive();
        let days =
            (0..=9).filter_map(move |day| today.checked_sub_days(Days::new(1))?.checked_add_days(Days::new(day)));
        days.filter(|day| self.days[day.weekday().num_days_from_monday() as usize]).filter_map(|day| self.on(day))
    }

    fn on(&self, day: NaiveDate) -> Option<(Time, Time)> {
        let last = if self.to > self.from { day } else { day.succ_opt()? };
        Some((self.at(day.and_time(self.from), Times::Earliest)?, self.at(last.and_time(self.to), Times::Latest)?))
    }

    /// When a clock in the zone shows this: of two such times the one that makes the quiet longer, and where the clock
    /// is put forward over it, as long after the hour before as if it were not.
    fn at(&self, shown: NaiveDateTime, which: Times) -> Option<Time> {
        let found = match (self.zone.from_local_datetime(&shown), which) {
            (LocalResult::Single(time), _) => time,
            (LocalResult::Ambiguous(earliest, _), Times::Earliest) => earliest,
            (LocalResult::Ambiguous(_, latest), Times::Latest) => latest,
            (LocalResult::None, _) => {
                let before = shown.checked_sub_signed(TimeDelta::hours(3))?;
                let before = self.zone.from_local_datetime(&before).earliest()?;
                before.checked_add_signed(TimeDelta::hours(3))?
            }
        };
        Some(found.with_timezone(&Utc))
    }
}

#[derive(Clone, Copy)]
enum Times {
    Earliest,
    Latest,
}

/// `24:00` is the end of the day, which is the begin of the next.
fn time_of_day(text: &str) -> Option<NaiveTime> {
    if text == "24:00" {
        return Some(NaiveTime::MIN);
    }
    (text.len() == 5).then(|| NaiveTime::parse_from_str(text, "%H:%M").ok())?
}

/// A day like `Sat`, or days like `Mon-Fri` or `Sat-Mon`.
fn week(text: &str) -> Option<[bool; 7]> {
    let day = |text: &str| text.parse::<Weekday>().ok();
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(text)?, day(text)?),
    };
    let (mut days, mut at) = ([false; 7], first);
    loop {
        days[at.num_days_from_monday() as usize] = true;
        if at == last {
            return Some(days);
        }
        at = at.succ();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(hours: &str, now: &str) -> Option<String> {
        let end = QuietHours::read(hours).unwrap().end(now.parse().unwrap())?;
        Some(end.format("%m-%d %H:%M").to_string())
    }

    #[test]
    fn quiet_hours_are_those_of_their_zone_in_summer_and_in_winter() {
        let hours = "08:00-18:00 Europe/Berlin";
        assert_eq!(end(hours, "2026-07-01T06:00:00Z").as_deref(), Some("07-01 16:00"));
        assert_eq!(end(hours, "2026-01-05T06:59:59Z"), None);
        assert_eq!(end(hours, "2026-01-05T07:00:00Z").as_deref(), Some("01-05 17:00"));
        assert_eq!(end(hours, "2026-01-05T17:00:00Z"), None);
    }

    #[test]
    fn quiet_hours_reach_over_midnight_and_into_each_other() {
        for (now, to) in [("21:59", None), ("22:00", Some("03-05 06:00")), ("23:30", Some("03-05 06:00"))] {
            assert_eq!(end("22:00-06:00", &format!("2026-03-04T{now}:00Z")).as_deref(), to, "{now}");
        }
        assert_eq!(end("22:00-06:00", "2026-03-05T05:59:00Z").as_deref(), Some("03-05 06:00"));
        assert_eq!(end("08:00-12:00, 12:00-18:00", "2026-03-04T09:00:00Z").as_deref(), Some("03-04 18:00"));
        assert_eq!(end("20:00-24:00", "2026-03-04T23:00:00Z").as_deref(), Some("03-05 00:00"));
    }

    #[test]
    fn quiet_hours_may_be_those_of_some_days_of_the_week() {
        // A Friday, and the Saturday after it.
        let hours = "Mon-Fri 22:00-06:00";
        assert_eq!(end(hours, "2026-03-06T23:00:00Z").as_deref(), Some("03-07 06:00"));
        assert_eq!(end(hours, "2026-03-07T05:00:00Z").as_deref(), Some("03-07 06:00"));
        assert_eq!(end(hours, "2026-03-07T23:00:00Z"), None);
        assert_eq!(end("Sat-Mon 08:00-09:00", "2026-03-09T08:30:00Z").as_deref(), Some("03-09 09:00"));
    }

    #[test]
    fn where_the_clock_is_put_forward_or_back_the_quiet_still_ends() {
        // In Berlin 02:00 becomes 03:00 on March 29, and 03:00 becomes 02:00 on October 25.
        assert_eq!(end("01:00-02:30 Europe/Berlin", "2026-03-29T00:30:00Z").as_deref(), Some("03-29 01:30"));
        assert_eq!(end("01:00-02:30 Europe/Berlin", "2026-10-25T01:00:00Z").as_deref(), Some("10-25 01:30"));
    }

    #[test]
    fn it_is_known_when_they_begin_next() {
        let hours = QuietHours::read("Mon 08:00-18:00").unwrap();
        let next = hours.next("2026-03-09T08:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(next.to_rfc3339(), "2026-03-16T08:00:00+00:00");
    }

    #[test]
    fn what_is_no_span_of_hours_is_refused() {
        for text in [
            "",
            "08:00",
            "8:00-18:00",
            "08:00-08:00",
            "00:00-24:00",
            "08:00-25:00",
            "Foo 08:00-18:00",
            "08:00-18:00 Berlin",
            "08:00-18:00,",
            "Mon-Fri",
            "Mon Tue 08:00-18:00 UTC",
        ] {
            assert_eq!(QuietHours::read(text), None, "{text}");
        }
    }
}
