"""From the words that came in to a `Reading`."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from triage.domain import MaskedSpan, Reading
from triage.text.mask import PLACEHOLDERS, find_personal, placeholder
from triage.text.normalise import Normalised, normalise
from triage.text.segment import Segmenter

_GAP = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\s+(?=[\u3000-\u9fff\uff00-\uffef])")
_PLACEHOLDER = re.compile(f"({'|'.join(sorted(PLACEHOLDERS))})")


class Reader:
    """Normalises, masks and segments."""

    def __init__(self, segmenter: Segmenter) -> None:
        self.segmenter = segmenter

    def read(self, text: str) -> Reading:
        """Never fails, whatever the text holds."""
        normalised = normalise(text)
        personal = find_personal(normalised.text)
        masked = _masked(normalised.text, personal)
        return Reading(
            masked=masked,
            tokens=self._tokens(masked),
            spans=_as_given(normalised, personal),
            breaks=_breaks(text, normalised, personal),
        )

    def read_many(self, texts: Iterable[str]) -> list[Reading]:
        return [self.read(text) for text in texts]

    def as_given(self, text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return where spans of the masked text were in the text as given; a placeholder counts as a whole."""
        normalised = normalise(text)
        pieces = list(_pieces(find_personal(normalised.text)))
        if not pieces and not normalised.steps:
            return list(spans)
        return [normalised.original_span(*_unmasked(pieces, *span)) for span in spans]

    def _tokens(self, masked: str) -> tuple[str, ...]:
        if "〔" not in masked:
            return tuple(self.segmenter.cut(masked))
        tokens: list[str] = []
        for at, piece in enumerate(_PLACEHOLDER.split(masked)):
            tokens += [piece] if at % 2 else self.segmenter.cut(piece)
        return tuple(tokens)


def mask_as_given(text: str) -> tuple[str, tuple[MaskedSpan, ...]]:
    """Return a text as it was written but for personal data, and where in it that stood."""
    normalised = normalise(text)
    spans = _as_given(normalised, find_personal(normalised.text))
    return _masked(text, list(spans)), spans


def _pieces(personal: Iterable[MaskedSpan]) -> Iterator[tuple[int, int, MaskedSpan]]:
    """Where each placeholder stands in the masked text, `[start, end)`, and what it stands for."""
    shift = 0
    for span in personal:
        start = span.start + shift
        end = start + len(placeholder(span.type))
        yield start, end, span
        shift += end - start - (span.end - span.start)


def _unmasked(pieces: Sequence[tuple[int, int, MaskedSpan]], start: int, end: int) -> tuple[int, int]:
    """Return the span of the normalised text that `[start, end)` of the masked text stands for."""
    return _position(pieces, start, at_end=False), _position(pieces, end, at_end=True)


def _position(pieces: Sequence[tuple[int, int, MaskedSpan]], at: int, *, at_end: bool) -> int:
    shift = 0
    for begins, ends, span in pieces:
        if at <= begins if at_end else at < begins:
            break
        if at < ends:
            return span.end if at_end else span.start
        shift = span.end - ends
    return at + shift


def _breaks(text: str, normalised: Normalised, personal: Sequence[MaskedSpan]) -> tuple[int, ...]:
    """Return where in the masked text white space was left out."""
    gaps = [found.end() for found in _GAP.finditer(text)] if normalised.steps else []
    if not gaps:
        return ()
    given = [normalised.original_span(at, at + 1)[0] for at in range(len(normalised.text))]
    pieces = list(_pieces(personal))
    found = (bisect_left(given, gap) for gap in gaps)
    return tuple(sorted({_in_masked(pieces, at) for at in found if 0 < at < len(given)}))


def _in_masked(pieces: Sequence[tuple[int, int, MaskedSpan]], at: int) -> int:
    """Return where a position of the normalised text is in the masked one."""
    for begins, ends, span in reversed(pieces):
        if at >= span.start:
            return begins if at < span.end else at + ends - span.end
    return at


def _masked(text: str, spans: list[MaskedSpan]) -> str:
    if not spans:
        return text
    pieces: list[str] = []
    kept = 0
    for span in spans:
        pieces += text[kept : span.start], placeholder(span.type)
        kept = span.end
    return "".join((*pieces, text[kept:]))


def _as_given(normalised: Normalised, spans: list[MaskedSpan]) -> tuple[MaskedSpan, ...]:
    if not normalised.steps:
        return tuple(spans)
    where = [normalised.original_span(span.start, span.end) for span in spans]
    return tuple(
        MaskedSpan(start=start, end=end, type=span.type) for (start, end), span in zip(where, spans, strict=True)
    )
