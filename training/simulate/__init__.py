"""A city over months that the whole loop is tried on: nobody lives there, and it changes as cities do."""

from training.simulate.city import Change, City, Estate, Matter
from training.simulate.closed import HEADER, Row, generate, write_rows
from training.simulate.compare import MEASURES, Comparison, Scenario, compare, share
from training.simulate.door import Client, Door
from training.simulate.people import Habits
from training.simulate.run import Clock, Week, history, simulate
from training.simulate.seasons import Story, told

__all__ = [
    "HEADER",
    "MEASURES",
    "Change",
    "City",
    "Client",
    "Clock",
    "Comparison",
    "Door",
    "Estate",
    "Habits",
    "Matter",
    "Row",
    "Scenario",
    "Story",
    "Week",
    "compare",
    "generate",
    "history",
    "share",
    "simulate",
    "told",
    "write_rows",
]
