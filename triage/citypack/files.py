"""A pack and its folder: read, written, and named by its content."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from triage.citypack.faults import faults_of
from triage.citypack.mandates import directory_faults, office
from triage.citypack.pack import CityPack, PackPlace, PlaceKind
from triage.citypack.rules import rule, rule_cells, rule_faults
from triage.citypack.tables import ABOUT, COLUMNS, FILES, FORMULA, Files, Row
from triage.citypack.terms import Terms, terms_text
from triage.domain import Deadline, Mandate, Outside, Rule, Topic, TopicCode, Unit, UnitCode, UnitKind, Urgency
from triage.errors import Fault, InputError, PackError

_DERIVE = "`paidan-train fit --closures F... --out DIR` derives a pack from a city's closed orders"
_LOST = "a value has white space around it, an alias or word holds a |, or a topic path has more than four levels"

CHINA = Path(__file__).parents[1] / "packs" / "china"
"""What holds in every city of the country unless its own pack says otherwise."""
NATIONAL = ("policy.toml", "rules.csv")


def load_pack(folder: Path) -> CityPack:
    """Read the pack in a folder. `directory.csv`, `places.csv` and `lexicon.txt` may be missing.

    Where `policy.toml` or `rules.csv` is missing, the pack has those of `CHINA`.

    Raises
    ------
    PackError
        The folder is no pack, or its files have faults: all of them at once, each with file and line.
    """
    folder = Path(folder)
    if not any((folder / file).is_file() for file in FILES):
        what = "holds no city pack" if folder.is_dir() else "no such folder"
        raise PackError([Fault(file=str(folder), line=1, message=f"{what}; {_DERIVE}")])
    own = {file: (folder / file).read_bytes() for file in FILES if (folder / file).is_file()}
    return _read({file: (CHINA / file).read_bytes() for file in NATIONAL} | own, folder)


def national() -> tuple[tuple[Rule, ...], Terms]:
    """Return the rules and terms of `CHINA`, for a pack that is made and not read."""
    files = Files({file: (CHINA / file).read_bytes() for file in NATIONAL}, CHINA)
    return tuple(map(rule, files.tables["rules.csv"] or [])), files.terms


def write_pack(pack: CityPack, folder: Path) -> None:
    """Write the files of a pack; `load_pack` of the folder then equals the pack.

    Raises
    ------
    PackError
        The pack has faults, as `load_pack` would find them. Nothing is written.
    InputError
        A value would not come back as it is: white space around it, `|` inside an alias, a fifth level of a topic.
    """
    folder = Path(folder)
    files = {file: text.encode(errors="surrogatepass") for file, text in _texts(pack).items()}
    if _read(files, folder) != pack:
        raise InputError(_LOST, file=folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)


def fingerprint(pack: CityPack) -> str:
    """SHA-256 of the content in hexadecimal; the order of rows and the machine do not change it."""
    content = [[getattr(pack, key) for key in ABOUT], *map(sorted, _tables(pack).values())]
    canonical = json.dumps(
        [*content, sorted(pack.lexicon), terms_text(pack.terms)], ensure_ascii=True, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _read(contents: Mapping[str, bytes], folder: Path) -> CityPack:
    files = Files(contents, folder)
    wrong = [*faults_of(files.tables), *directory_faults(files.tables), *rule_faults(files.tables["rules.csv"] or [])]
    if faults := [*files.faults, *wrong]:
        raise PackError(faults)
    units, topics, mandates, places, duties, rules = (files.tables[file] or [] for file in COLUMNS)
    return CityPack(
        **files.about,
        units=tuple(map(_unit, units)),
        topics=tuple(map(_topic, topics)),
        mandates=tuple(map(_mandate, mandates)),
        places=tuple(map(_place, places)),
        duties={row["duty"]: row.many("words") for row in duties},
        topic_words={TopicCode(row["code"]): row.many("words") for row in topics if row["words"]},
        lexicon=files.lexicon,
        rules=tuple(map(rule, rules)),
        terms=files.terms,
    )


def _unit(row: Row) -> Unit:
    return Unit(
        code=UnitCode(row["code"]),
        name=row["name"],
        kind=UnitKind(row["kind"]),
        district=row["district"],
        duty=row["duty"],
        aliases=row.many("aliases"),
        valid_from=row.day("valid_from"),
        valid_to=row.day("valid_to"),
        successor=UnitCode(row["successor"]),
    )


def _topic(row: Row) -> Topic:
    return Topic(
        code=TopicCode(row["code"]),
        path=row.path,
        meaning=row["meaning"],
        kinds=row.many("kinds"),
        urgency=Urgency(row["urgency"] or Urgency.ORDINARY),
        outside=Outside(row["outside"]) if row["outside"] else None,
        statutory=row["statutory"],
    )


def _mandate(row: Row) -> Mandate:
    return Mandate(
        topic=TopicCode(row["topic"]),
        district=row["district"],
        lead=office(row["lead"]),
        assist=tuple(map(office, row.many("assist"))),
        basis=row["basis"],
        deadline=Deadline(row["deadline"] or Deadline.DAYS_7),
        valid_from=row.day("valid_from"),
        valid_to=row.day("valid_to"),
    )


def _place(row: Row) -> PackPlace:
    return PackPlace(
        name=row["name"],
        kind=PlaceKind(row["kind"]),
        district=row["district"],
        street=row["street"],
        aliases=row.many("aliases"),
        code=row["code"],
        valid_from=row.day("valid_from"),
        valid_to=row.day("valid_to"),
        successor=row["successor"],
    )


def _tables(pack: CityPack) -> dict[str, Sequence[tuple[str, ...]]]:
    words = {topic.code: "|".join(pack.topic_words.get(topic.code, ())) for topic in pack.topics}
    units = [
        (u.code, u.name, u.kind.value, u.district, u.duty, "|".join(u.aliases), *_validity(u), u.successor)
        for u in pack.units
    ]
    topics = [
        (t.code, *(*t.path, "", "", "")[:4], t.meaning, words[t.code], "|".join(t.kinds), *_tags(t))
        for t in pack.topics
    ]
    mandates = [
        (m.topic, m.district, str(m.lead), "|".join(map(str, m.assist)), m.basis, _deadline(m), *_validity(m))
        for m in pack.mandates
    ]
    places = [
        (p.name, p.kind.value, p.district, p.street, "|".join(p.aliases), p.code, *_validity(p), p.successor)
        for p in pack.places
    ]
    duties = [(duty, "|".join(words)) for duty, words in pack.duties.items()]
    rules = [(*rule_cells(r), *_validity(r)) for r in pack.rules]
    return dict(zip(COLUMNS, (units, topics, mandates, places, duties, rules), strict=True))


def _validity(of: Unit | Mandate | PackPlace | Rule) -> tuple[str, str]:
    first, last = (day.isoformat() if isinstance(day, date) else "" for day in (of.valid_from, of.valid_to))
    return first, last


def _tags(topic: Topic) -> tuple[str, str, str]:
    urgency = "" if topic.urgency is Urgency.ORDINARY else topic.urgency.value
    return urgency, topic.outside.value if topic.outside else "", topic.statutory


def _deadline(mandate: Mandate) -> str:
    return "" if mandate.deadline is Deadline.DAYS_7 else mandate.deadline.value


def _texts(pack: CityPack) -> dict[str, str]:
    about = "".join(f"{key} = {json.dumps(getattr(pack, key), ensure_ascii=False)}\n" for key in ABOUT)
    tables = {file: _csv([COLUMNS[file], *rows]) for file, rows in _tables(pack).items()}
    return {
        "pack.toml": about,
        "policy.toml": terms_text(pack.terms),
        **tables,
        "lexicon.txt": "".join(f"{entry}\n" for entry in pack.lexicon),
    }


def _csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(["'" + cell if cell.startswith((*FORMULA, "'")) else cell for cell in row] for row in rows)
    return out.getvalue()
