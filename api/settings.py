"""Where the service listens, what it loads and keeps, whom it lets in, and what it refuses."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from triage.errors import InputError

CHECKOUT = Path(__file__).resolve().parents[1]
STATE = CHECKOUT / "var"
DEFAULT_BUNDLE = STATE / "bundles" / "beijing"
DEFAULT_PACK = CHECKOUT / "triage" / "packs" / "beijing"
DEFAULT_DATABASE = f"sqlite:///{STATE / 'paidan.db'}"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings that have been checked: an unsafe or impossible one never exists.

    `registry` is a folder or an address of fsspec, in the place of a `bundle`; `registry_key` verifies it. `state` is a
    folder for what one machine keeps to itself, such as the key under which secrets of webhooks are kept.
    """

    host: str = "127.0.0.1"
    port: int = 8345
    bundle: Path = DEFAULT_BUNDLE
    registry: str | None = None
    registry_key: Path | None = None
    pack: Path | None = None
    database: str = DEFAULT_DATABASE
    state: Path = STATE
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    worker: bool = True
    originals_key: Path | None = None
    originals_private_key: Path | None = None
    webhook_networks: tuple[Network, ...] = ()
    rate_limit: int = 2_000
    body_limit: int = 2 * 1024 * 1024
    batch_limit: int = 1_000
    import_limit: int = 64 * 1024 * 1024

    def __post_init__(self) -> None:
        if bool(self.tls_cert) != bool(self.tls_key):
            raise InputError(
                "TLS takes a certificate and its key; give both or none", code="bad_setting", field="tls_cert"
            )
        if not (self.is_local or self.tls_cert or self.behind_proxy):
            raise InputError(
                f"{self.host} can be reached by others, who could listen in; give --tls-cert and --tls-key, or "
                "--behind-proxy where a proxy in front of it has TLS, or listen on 127.0.0.1",
                code="unsafe_host",
                field="host",
            )
        _within("port", self.port, 65_535)
        _within("rate_limit", self.rate_limit, 1_000_000)
        _within("body_limit", self.body_limit, 1 << 30)
        _within("batch_limit", self.batch_limit, 100_000)
        _within("import_limit", self.import_limit, 1 << 32)

    @property
    def is_local(self) -> bool:
        """Tell whether only programs of this machine can ask."""
        return _is_loopback(self.host) and not self.behind_proxy

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], **options: object) -> Self:
        """Take `PAIDAN_HOST`, `PAIDAN_PORT` and so on; an option that is given (not None) comes before its variable."""
        given = {name: text for name, text in environment.items() if name.startswith(_PREFIX)}
        if unknown := sorted(set(given) - set(_VARIABLES)):
            message = f"no such setting; unset it or take one of {', '.join(_VARIABLES)}"
            raise InputError(message, code="unknown_setting", field=unknown[0])
        values: dict[str, Any] = {_field(name): _parsed(name, text) for name, text in given.items()}
        chosen = {name: option for name, option in options.items() if option is not None}
        if "bundle" in chosen or "registry" in chosen:  # the variable of the other one is not meant then
            values = {name: value for name, value in values.items() if name not in ("bundle", "registry")}
        values.update(chosen)
        if {"bundle", "registry"} <= values.keys():
            message = "a registry tells which bundle answers; give a bundle or a registry, not both"
            raise InputError(message, code="bad_setting", field="registry")
        return cls(**values)


_PREFIX = "PAIDAN_"


def _switch(text: str) -> bool:
    if text.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        raise ValueError("no switch; write 1 or 0")
    return text.lower() in ("1", "true", "yes", "on")


def networks(text: str) -> tuple[Network, ...]:
    """Read networks as administrators write them: `10.0.0.0/8, fd00::/8`."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("no whole number") from None


_VARIABLES: Mapping[str, Callable[[str], object]] = {
    "PAIDAN_HOST": str,
    "PAIDAN_PORT": _whole,
    "PAIDAN_BUNDLE": Path,
    "PAIDAN_REGISTRY": str,
    "PAIDAN_REGISTRY_KEY": Path,
    "PAIDAN_PACK": Path,
    "PAIDAN_DATABASE": str,
    "PAIDAN_STATE": Path,
    "PAIDAN_TLS_CERT": Path,
    "PAIDAN_TLS_KEY": Path,
    "PAIDAN_BEHIND_PROXY": _switch,
    "PAIDAN_WORKER": _switch,
    "PAIDAN_ORIGINALS_KEY": Path,
    "PAIDAN_ORIGINALS_PRIVATE_KEY": Path,
    "PAIDAN_WEBHOOK_NETWORKS": networks,
    "PAIDAN_RATE_LIMIT": _whole,
    "PAIDAN_BODY_LIMIT": _whole,
    "PAIDAN_BATCH_LIMIT": _whole,
    "PAIDAN_IMPORT_LIMIT": _whole,
}


def _field(variable: str) -> str:
    return variable.removeprefix(_PREFIX).lower()


def _parsed(variable: str, text: str) -> object:
    try:
        return _VARIABLES[variable](text)
    except ValueError as error:
        raise InputError(f"{text!r}: {error}", code="bad_setting", field=variable) from None


def _within(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise InputError(f"{value:,} is not between 1 and {most:,}", code="bad_setting", field=name)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
