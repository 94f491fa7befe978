"""A fair part of orders that are too many to fit on one machine, chosen in one pass and in bounded memory.

Every order has a place between 0 and 1 that its number and the seed decide, and the lowest are kept. So whether a row
is kept hardly depends on the others: next week's part is nearly the same as this week's, and the same seed keeps the
same rows. Of each unit the lowest few are kept besides, so that one with few orders loses none. Of places and the
lowest of them: Cohen and Kaplan, Summarizing data using bottom-k sketches, PODC 2007.
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

from training.outcomes import Settled

MOST, FEWEST = 60_000, 60
_Placed = tuple[float, int, Settled]


def thinned(
    settled: Iterable[Settled], *, most: int = MOST, fewest: int = FEWEST, seed: int
) -> tuple[tuple[Settled, ...], int]:
    """Return `most` of the orders in their order, and besides at least `fewest` of each unit; and how many were left.

    Memory is that of twice as many, and time grows with `n log(most)`.
    """
    kept: list[_Placed] = []
    number = -1
    for number, one in enumerate(settled):
        kept.append((_place(one.closure.id, seed), number, one))
        if len(kept) >= 2 * most + 1_000:
            kept = _lowest(kept, most, fewest)
    kept = sorted(_lowest(kept, most, fewest), key=lambda placed: placed[1])
    return tuple(one for *_, one in kept), number + 1 - len(kept)


def _lowest(placed: list[_Placed], most: int, fewest: int) -> list[_Placed]:
    placed.sort(key=lambda each: each[:2])
    kept, rest = placed[:most], placed[most:]
    of_unit = Counter(one.closure.unit for *_, one in kept)
    for each in rest:
        unit = each[2].closure.unit
        if of_unit[unit] < fewest:
            of_unit[unit] += 1
            kept.append(each)
    return kept


def _place(id_: str, seed: int) -> float:
    digest = blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=8, key=str(seed).encode()).digest()
    return int.from_bytes(digest) / 2**64
