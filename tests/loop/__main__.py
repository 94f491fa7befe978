"""`make loop`: half a year of a simulated city, without retraining, with its safeguards and without them.

Writes a table to the terminal, and `loop.csv`, `loop.json` and `loop.svg` to var/loop.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.loop.life import CREDULOUS, NEVER, SAFE, WEEKS, Life, Way
from training.gate import Promotion
from training.simulate import Comparison, Scenario, Week, compare

OUT = Path("var/loop")


def lives(folder: Path, *, weeks: int = WEEKS) -> Comparison:
    """Live the same half-year three times."""

    def scenario(way: Way) -> Scenario:
        return Scenario(name=way.name, live=lambda: lived(Life(folder=folder / way.name, way=way), weeks))

    return compare([scenario(way) for way in (NEVER, SAFE, CREDULOUS)])


def lived(life: Life, weeks: int) -> Sequence[Week]:
    """Live, and say which bundles came to serve."""
    life.folder.mkdir(parents=True)
    found = life.live(weeks)
    for one in life.retrained:
        verdict = "serves" if isinstance(one.verdict, Promotion) else "; ".join(f.english for f in one.verdict.reasons)
        learned = f"learned from {one.counts['learned_from']:,} of {one.counts['read']:,} orders"
        sys.stderr.write(f"{life.way.name}: {one.bundle} {learned}, {verdict}\n")
    sys.stderr.write(f"{life.way.name}: believed {' '.join(f'{share:.1%}' for share in life.believed())}\n")
    return found


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="paidan-loop-") as folder:
        found = lives(Path(folder))
    for ending, written in (("csv", found.csv()), ("json", found.json()), ("svg", found.svg("Half a year"))):
        (OUT / f"loop.{ending}").write_text(written, encoding="utf-8")
    sys.stdout.write(f"{found.table()}\n")


if __name__ == "__main__":
    main()
