"""How often a schedule of EventBridge fires, and how long it pauses at most."""

from __future__ import annotations

import datetime
import itertools
import re

DAYS = 365 / 12
WEEKDAYS = {day: number for number, day in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)}
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
NUMBERS = WEEKDAYS | {month: number for number, month in enumerate(MONTHS, 1)}
UNITS = {"minute": 1 / 60, "hour": 1, "day": 24}


def ticks(schedule: str) -> float:
    """Ticks a month."""
    if every := rate(schedule):
        return DAYS * 24 / every
    minutes, hours, days = fields(schedule)
    return len(minutes) * len(hours) * len(days) / 12


def longest_pause(schedule: str) -> float:
    """Hours between two ticks, at most."""
    if every := rate(schedule):
        return every
    minutes, hours, days = fields(schedule)
    times = [hour + minute / 60 for hour in sorted(hours) for minute in sorted(minutes)]
    within = [later - earlier for earlier, later in itertools.pairwise(times)]
    between = [(later - earlier).days * 24 + times[0] - times[-1] for earlier, later in itertools.pairwise(days)]
    return max([*within, *between], default=366 * 24)


def rate(schedule: str) -> float | None:
    """Hours between two ticks of `rate(2 hours)`."""
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", schedule)
    return int(match[1]) * UNITS[match[2]] if match and int(match[1]) else None


def fields(schedule: str) -> tuple[set[int], set[int], list[datetime.date]]:
    """The minutes, the hours, and the days of a year of `cron(...)`; what is not understood is every one."""
    parts = schedule.removeprefix("cron(").rstrip(")").split()
    minute, hour, day, month, weekday = [*parts, *"*****"][:5]
    year = [datetime.date(2026, 1, 1) + datetime.timedelta(days=number) for number in range(365)]
    months, of_month, of_week = chosen(month, 1, 12), chosen(day, 1, 31), chosen(weekday, 1, 7)

    def fits(date: datetime.date) -> bool:
        return date.month in months and date.day in of_month and date.isoweekday() % 7 + 1 in of_week

    return chosen(minute, 0, 59), chosen(hour, 0, 23), [date for date in year if fits(date)]


def chosen(text: str, least: int, most: int) -> set[int]:
    """The values of a field of a cron expression."""
    values: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(?:(\*|\?)|(\w+)(?:-(\w+))?)(?:/(\d+))?", part)
        first = number(match[2]) if match and match[2] else None
        if not match or (match[2] and first is None):
            return set(range(least, most + 1))
        last = number(match[3]) if match[3] else most if match[4] else first
        begin, end = (least, most) if first is None else (first, most if last is None else last)
        values.update(range(begin, end + 1, max(1, int(match[4] or 1))))
    return values or set(range(least, most + 1))


def number(word: str) -> int | None:
    return NUMBERS.get(word.upper()) or (int(word) if word.isdigit() else None)
