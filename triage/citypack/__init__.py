"""A city is data: a folder of TOML and CSV that says who works there, on what, and what the places are called."""

from triage.citypack.files import fingerprint, load_pack, write_pack
from triage.citypack.pack import CityPack, PackPlace, PlaceKind, counts
from triage.citypack.tables import FORMULA

__all__ = ["FORMULA", "CityPack", "PackPlace", "PlaceKind", "counts", "fingerprint", "load_pack", "write_pack"]
