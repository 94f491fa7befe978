"""What a client sends as a query or a form: fields that are repeated, left empty or left out.

>>> fields = Fields.decoded(b"status=open,closed&lat=39.9&lat=&status=open")
>>> fields.one("lat"), fields.one("long"), fields.many("status")
('39.9', '', ('open', 'closed'))
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl

from api.open311.refusal import refused
from triage.lines import TEXT_PATTERN

_MOST_FIELDS = 200
_WRITTEN = re.compile(TEXT_PATTERN)


@dataclass(frozen=True, slots=True)
class Fields:
    """Names and values in the order in which they were sent; one that is empty counts as left out.

    The character NUL, which means nothing and which PostgreSQL does not take, is left out of values.
    """

    pairs: Sequence[tuple[str, str]]

    @classmethod
    def decoded(cls, encoded: bytes) -> Self:
        """Read `application/x-www-form-urlencoded` in UTF-8.

        Raises
        ------
        RefusedError
            It is not UTF-8, or there are too many fields.
        """
        try:
            pairs = parse_qsl(encoded.decode("utf-8"), errors="strict", max_num_fields=_MOST_FIELDS)
        except UnicodeDecodeError:
            raise refused(400, "the fields are not UTF-8; encode them as UTF-8 and escape that") from None
        except ValueError:
            raise refused(400, f"more than {_MOST_FIELDS} fields; send fewer") from None
        written = ((name, value.replace("\0", "")) for name, value in pairs)
        return cls([(name, value) for name, value in written if _WRITTEN.search(value)])

    def one(self, name: str) -> str:
        """Return the value of a field, the last one of several; nothing where it is left out."""
        return next((value for field, value in reversed(self.pairs) if field == name), "")

    def many(self, name: str) -> tuple[str, ...]:
        """Return the values of a field that may be repeated, or hold several with commas between them."""
        values = (part.strip() for field, value in self.pairs if field == name for part in value.split(","))
        return tuple(dict.fromkeys(value for value in values if value))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)
