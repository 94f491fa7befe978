"""Every error that Paidan raises on purpose.

```
PaidanError                 what a user can mend; the message says how
├── InputError              a text, row, file or option that cannot be used (file, row, field)
│   ├── PackError           a city pack with faults, all of them at once
│   └── BundleError         a bundle that must not or cannot be loaded
│       └── TamperedError   a file of a bundle, or a published directory, is not the one whose digest was kept
├── NotReadyError           the service has nothing to route with yet
├── ConflictError           the order, key or event is not what the request takes it for; nothing was changed
│   └── StaleError          it was changed by somebody else in the meantime
├── MissingError            there is no such order, key or webhook, or it is not for who asks
├── LedgerError             the ledger is not as it was written: the chain is broken
└── UnavailableError        the database does not answer
```

The commands turn an `InputError` into exit code 2 and one line; the API turns it into an RFC 9457 problem.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class PaidanError(Exception):
    """Root of the tree. `code` is stable and machine-readable; `str(error)` is for people."""

    code = "error"


class InputError(PaidanError):
    """Something given from outside cannot be used; the rest of the input is not affected."""

    code = "bad_input"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        file: Path | str | None = None,
        row: int | None = None,
        field: str | None = None,
    ) -> None:
        self.file, self.row, self.field = file, row, field
        if code is not None:
            self.code = code
        where = [str(file)] if file is not None else []
        where += [f"row {row}"] if row is not None else []
        where += [f"field {field}"] if field is not None else []
        self.message = message
        super().__init__(f"{', '.join(where)}: {message}" if where else message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong in a file of a pack, and where."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class PackError(InputError):
    """A city pack with faults: all of them, in the order of file and line."""

    code = "bad_pack"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.file, fault.line)))
        super().__init__("\n".join(map(str, self.faults)))


class BundleError(InputError):
    """A bundle of another format, incomplete, or not a bundle at all."""

    code = "bad_bundle"


class TamperedError(BundleError):
    """A file of a bundle, or the published directory of a pack, does not have the digest that was kept."""

    code = "tampered_bundle"


class NotReadyError(PaidanError):
    """The service runs but has no bundle to route with."""

    code = "not_ready"


class ConflictError(PaidanError):
    """What is asked for does not fit how things stand; nothing was changed."""

    def __init__(self, message: str, *, code: str) -> None:
        self.message, self.code = message, code
        super().__init__(message)


class StaleError(ConflictError):
    """Somebody else changed it first."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="changed_meanwhile")


class MissingError(PaidanError):
    """There is no such thing for who asks."""

    code = "not_found"


class LedgerError(PaidanError):
    """The ledger does not hold what was written into it."""

    code = "broken_ledger"


class UnavailableError(PaidanError):
    """The database cannot be reached, or is busy for too long."""

    code = "database_unavailable"
