"""A city is data: a folder of TOML and CSV that says who works there, on what, and what the places are called."""

from triage.citypack.files import CHINA, fingerprint, load_pack, national, write_pack
from triage.citypack.pack import CityPack, PackPlace, PlaceKind, counts
from triage.citypack.rules import LINES
from triage.citypack.tables import FORMULA
from triage.citypack.terms import KINDS, Group, Promise, Rates, Span, Terms

__all__ = [
    "CHINA",
    "FORMULA",
    "KINDS",
    "LINES",
    "CityPack",
    "Group",
    "PackPlace",
    "PlaceKind",
    "Promise",
    "Rates",
    "Span",
    "Terms",
    "counts",
    "fingerprint",
    "load_pack",
    "national",
    "write_pack",
]
