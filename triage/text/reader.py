"""From the words that came in to a `Reading`."""

import re
from collections.abc import Iterable

from triage.domain import MaskedSpan, Reading
from triage.text.mask import PLACEHOLDERS, find_personal, placeholder
from triage.text.normalise import Normalised, normalise
from triage.text.segment import Segmenter

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
        return Reading(masked=masked, tokens=self._tokens(masked), spans=_as_given(normalised, personal))

    def read_many(self, texts: Iterable[str]) -> list[Reading]:
        return [self.read(text) for text in texts]

    def _tokens(self, masked: str) -> tuple[str, ...]:
        if "〔" not in masked:
            return tuple(self.segmenter.cut(masked))
        tokens: list[str] = []
        for at, piece in enumerate(_PLACEHOLDER.split(masked)):
            tokens += [piece] if at % 2 else self.segmenter.cut(piece)
        return tuple(tokens)


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
