//! A DATETIME has no zone. What speaks for one that is local time is said: read as UTC, its windows would find
//! nothing for hours, or for ever.

use crate::store::catalog::Column;
use crate::store::counts::Clocks;

/// An item that arrives so many seconds from now comes from another zone, and not from a clock that is a little
/// ahead: no zone is nearer to UTC.
const QUARTER_S: i64 = 14 * 60;

/// What is to be said, if anything.
pub(super) fn notice(column: &Column, clocks: Clocks) -> Option<String> {
    let Clocks { server_ahead, latest_ahead } = clocks;
    let name = &column.name;
    if column.is_born_now && server_ahead != 0 {
        let zone = offset(server_ahead);
        return Some(format!(
            "CREATED_COLUMN `{name}` is a DATETIME and read as UTC, but its default is the server's own time, which is \
             {zone}: set CREATED_ZONE={zone} (or the zone's name, where it has summer time), or CREATED_ZONE=+00:00 if \
             whoever writes it sets UTC"
        ));
    }
    let ahead = latest_ahead.filter(|seconds| *seconds > QUARTER_S)?;
    Some(format!(
        "the latest item arrived {} min from now by CREATED_COLUMN `{name}`, a DATETIME, which is read as UTC: set \
         CREATED_ZONE to the zone whose time it is, or CREATED_ZONE=+00:00 if it is UTC",
        ahead / 60
    ))
}

/// Minutes as an offset from UTC.
fn offset(minutes: i64) -> String {
    let (sign, minutes) = (if minutes < 0 { '-' } else { '+' }, minutes.abs());
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(is_born_now: bool, server_ahead: i64, latest_ahead: Option<i64>) -> String {
        let column = Column { name: "arrived".into(), is_born_now, ..Column::default() };
        notice(&column, Clocks { server_ahead, latest_ahead }).unwrap_or_default()
    }

    #[test]
    fn a_default_of_the_servers_local_time_and_times_to_come_are_noticed() {
        assert!(said(true, -300, None).contains("which is -05:00: set CREATED_ZONE=-05:00 "));
        assert!(said(true, 330, Some(0)).contains("set CREATED_ZONE=+05:30 "));
        assert!(said(false, 0, Some(3600)).starts_with("the latest item arrived 60 min from now"));
        for (is_born_now, server_ahead, latest_ahead) in
            [(false, -300, Some(-18_000)), (true, 0, None), (true, 0, Some(5)), (false, 330, Some(-5))]
        {
            assert_eq!(said(is_born_now, server_ahead, latest_ahead), "");
        }
    }
}
