"""Where the service listens, what it loads and what it refuses."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from triage.errors import InputError

CHECKOUT = Path(__file__).resolve().parents[1]
DEFAULT_BUNDLE = CHECKOUT / "var" / "bundles" / "beijing"
DEFAULT_PACK = CHECKOUT / "triage" / "packs" / "beijing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings that have been checked: an unsafe or impossible one never exists."""

    host: str = "127.0.0.1"
    port: int = 8345
    bundle: Path = DEFAULT_BUNDLE
    pack: Path | None = None
    body_limit: int = 2 * 1024 * 1024
    batch_limit: int = 1_000

    def __post_init__(self) -> None:
        if not _is_loopback(self.host):
            raise InputError(
                f"{self.host} can be reached by others, and this version has no keys to tell who asks; "
                "listen on 127.0.0.1, ::1 or localhost",
                code="unsafe_host",
                field="host",
            )
        _within("port", self.port, 65_535)
        _within("body_limit", self.body_limit, 1 << 30)
        _within("batch_limit", self.batch_limit, 100_000)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], **options: object) -> Self:
        """Take `PAIDAN_HOST`, `PAIDAN_PORT` and so on; an option that is given (not None) comes before its variable."""
        given = {name: text for name, text in environment.items() if name.startswith(_PREFIX)}
        if unknown := sorted(set(given) - set(_VARIABLES)):
            message = f"no such setting; unset it or take one of {', '.join(_VARIABLES)}"
            raise InputError(message, code="unknown_setting", field=unknown[0])
        values: dict[str, Any] = {_field(name): _parsed(name, text) for name, text in given.items()}
        values.update({name: option for name, option in options.items() if option is not None})
        return cls(**values)


_PREFIX = "PAIDAN_"
_VARIABLES: Mapping[str, Callable[[str], object]] = {
    "PAIDAN_HOST": str,
    "PAIDAN_PORT": int,
    "PAIDAN_BUNDLE": Path,
    "PAIDAN_PACK": Path,
    "PAIDAN_BODY_LIMIT": int,
    "PAIDAN_BATCH_LIMIT": int,
}


def _field(variable: str) -> str:
    return variable.removeprefix(_PREFIX).lower()


def _parsed(variable: str, text: str) -> object:
    try:
        return _VARIABLES[variable](text)
    except ValueError:
        raise InputError(f"{text!r} is no whole number", code="bad_setting", field=variable) from None


def _within(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise InputError(f"{value:,} is not between 1 and {most:,}", code="bad_setting", field=name)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
