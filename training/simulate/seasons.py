"""When what happens: seasons, storms, school places, and what changes in a city over the months."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

WEEKEND = 5
_WEEKENDS = 0.75  # of a working day, so much is said on a day off
_STORM_LOAD, _STORM_SHARE = 1.8, 5.0
_RAMP = 60  # days until what is new, or said in new words, is as frequent as it will be
_NEW_WORDS = 0.8

# By how much each month a matter of a season is more frequent than on the mean.
_MONTHS: Mapping[str, tuple[float, ...]] = {
    "steady": (1.0,) * 12,
    "heating": (1.5, 1.2, 0.7, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02, 0.05, 1.4, 1.5),
    "storm": (0.2, 0.2, 0.4, 0.6, 0.8, 1.3, 3.0, 1.5, 0.7, 0.4, 0.3, 0.2),
    "school": (0.1, 0.15, 0.3, 0.7, 3.0, 3.0, 0.9, 0.7, 0.4, 0.1, 0.1, 0.1),
    "summer": (0.6, 0.6, 0.7, 0.9, 1.2, 1.5, 1.6, 1.6, 1.2, 0.9, 0.7, 0.6),
    "winter": (1.6, 1.4, 1.0, 0.8, 0.7, 0.6, 0.6, 0.6, 0.8, 0.9, 1.4, 1.6),
    "festival": (1.8, 1.9, 0.8, 0.8, 0.9, 0.6, 0.6, 0.6, 1.0, 1.6, 0.6, 0.8),
    "wages": (2.8, 1.6, 0.6, 0.6, 0.6, 0.7, 0.7, 0.7, 0.7, 0.7, 1.0, 2.2),
    "new": (1.0,) * 12,
}
SEASONS = tuple(_MONTHS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The days on which a city changes; `told` gives them for a first day.

    Parameters
    ----------
    renamed_on, merged_on, split_on
        From when on a unit is called something else, two units are one, and a part of a unit's duty is another's.
    new_from
        From when on people speak of something that they had never spoken of.
    words_from
        From when on they say some things in other words.
    """

    first: date
    renamed_on: date
    merged_on: date
    split_on: date
    new_from: date
    words_from: date


def told(first: date = date(2025, 9, 1)) -> Story:
    """Tell a story of a year: what changes, changes from the third month to the eighth."""
    return Story(
        first=first,
        renamed_on=month_after(first, 3),
        words_from=month_after(first, 4),
        merged_on=month_after(first, 5),
        new_from=month_after(first, 6),
        split_on=month_after(first, 7),
    )


def month_after(day: date, months: int) -> date:
    """Return the first day of the month that is so many months after a day's."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def storms(year: int, seed: int) -> frozenset[date]:
    """Return the days of July on which it pours."""
    draw = random.Random(f"storms {year} {seed}")
    begins = draw.sample(range(1, 29), 3)
    return frozenset(date(year, 7, day) + timedelta(days=more) for day in begins for more in (0, 1))


def season_share(season: str, day: date, story: Story, seed: int) -> float:
    """Return how much more frequent a matter of a season is on a day than on the mean."""
    share = _MONTHS[season][day.month - 1]
    if season == "new":
        return share * ramp(story.new_from, day)
    if season == "storm" and day in storms(day.year, seed):
        return share * _STORM_SHARE
    return share


def load(day: date, seed: int) -> float:
    """Return how much more is said on a day than on a working day without a storm."""
    stormy = day.month == 7 and day in storms(day.year, seed)
    return (_WEEKENDS if day.weekday() >= WEEKEND else 1.0) * (_STORM_LOAD if stormy else 1.0)


def new_words_share(story: Story, day: date) -> float:
    """Return how much of what can be said in newer words is."""
    return _NEW_WORDS * ramp(story.words_from, day)


def ramp(begins: date, day: date) -> float:
    """Return 0 before a day, and then what grows to 1 within two months."""
    return 0.0 if day < begins else min(1.0, ((day - begins).days + 1) / _RAMP)
