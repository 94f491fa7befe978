"""Hands an event to a subscriber: signed as Standard Webhooks ask, and only where the administrators allow."""

import asyncio
import base64
import hashlib
import hmac
import logging
import re
import secrets
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from random import Random
from typing import Self

import httpx2

from triage.errors import InputError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Lookup = Callable[[str, int], Iterable[str]]

URL_LIMIT = 2_000
BODY_LIMIT = 64 * 1024
LONGEST_WAIT = timedelta(hours=24)

# It logs whole addresses, and the address of a webhook may hold a password.
logging.getLogger("httpx2").setLevel(logging.WARNING)

_SECRET_PREFIX = "whsec_"  # noqa: S105 - says what follows it


def new_secret() -> str:
    """Draw a secret that a subscriber and this service share."""
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_headers(
    secret: str, message: str, at: datetime, body: bytes, *, previous: str | None = None
) -> dict[str, str]:
    """Sign the body of a message at the time of an attempt; `previous` signs too, while a rotated secret still holds.

    `message` is the id by which a subscriber knows a repeated attempt. It has no full stop, which parts what is signed.
    """
    if not re.fullmatch(r"[\w-]+", message, re.ASCII):
        raise ValueError(f"{message!r} is no id of a message: use letters, digits, _ and -")
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message.encode(), timestamp.encode(), body))
    keys = [_key(each) for each in (secret, previous) if each is not None]
    return {
        "webhook-id": message,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(key, signed) for key in keys),
    }


def _signature(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key(secret: str) -> bytes:
    with suppress(ValueError):
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
        if secret.startswith(_SECRET_PREFIX) and 24 <= len(key) <= 64:
            return key
    message = f"write a secret as {_SECRET_PREFIX} and 24 to 64 random bytes in base64"
    raise InputError(message, code="bad_webhook_secret", field="secret")


# What the IANA registries of special addresses do not call globally reachable. Tunnels (6to4, Teredo) are among it.
_SPECIAL: tuple[Network, ...] = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("168.63.129.16/32"),  # looks public, but is the host of a virtual machine in Azure
    IPv4Network("169.254.0.0/16"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.0.2.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("198.51.100.0/24"),
    IPv4Network("203.0.113.0/24"),
    IPv4Network("224.0.0.0/4"),
    IPv4Network("240.0.0.0/4"),
    IPv6Network("2001::/23"),
    IPv6Network("2001:db8::/32"),
    IPv6Network("2002::/16"),
    IPv6Network("3fff::/20"),
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


def _reached(address: Address) -> Address:
    """Find the IPv4 address that a mapped or a translated IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address


def _is_public(address: Address) -> bool:
    if any(address in network for network in _SPECIAL):
        return False
    return isinstance(address, IPv4Address) or address in _GLOBAL_UNICAST


def look_up(host: str, port: int) -> Iterator[str]:
    """Ask the system for all addresses of a name."""
    for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        yield str(place[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Destinations:
    """Where webhooks may go: public addresses by https, and any address of the networks listed, by http as well."""

    networks: tuple[Network, ...] = ()
    lookup: Lookup = look_up

    def check_url(self, url: str) -> None:
        """Refuse a URL that can never be sent to. What a name leads to is checked each time something is sent."""
        parsed = _parsed(url)
        plain = parsed.scheme == "http"
        if plain and not self.networks:
            raise _bad_url("write https; http is for the administrators' own networks, and none is listed")
        address = _literal(_host(parsed))
        if address is not None and not self.allows(address, plain=plain):
            raise _bad_url(
                "this address may not be reached; take another, or ask the administrators to list its network"
            )

    def allows(self, address: Address, *, plain: bool = False) -> bool:
        """Tell whether an address may be reached, `plain` by http."""
        address = _reached(address)
        return any(address in network for network in self.networks) or (not plain and _is_public(address))

    def resolve(self, host: str, port: int, *, plain: bool = False) -> tuple[Address, ...]:
        """Look a host up once, and give its addresses if every one of them may be reached."""
        addresses = self._addresses(host, port)
        if not all(self.allows(address, plain=plain) for address in addresses):
            raise InputError("the host leads to where no webhook may go", code="refused_destination", field="url")
        return addresses

    def _addresses(self, host: str, port: int) -> tuple[Address, ...]:
        if (address := _literal(host)) is not None:
            return (address,)
        with suppress(OSError, ValueError):
            if found := tuple(dict.fromkeys(map(ip_address, self.lookup(host, port)))):
                return found
        raise InputError("no address is known for the host", code="unknown_host", field="url")


_FORM = re.compile(
    r"https?://(?:\[[0-9a-f:.]+\]|[^\s/?#@:\\%\[\]]+)(?::(?P<port>[0-9]+))?(?:[/?][^#]*)?", re.IGNORECASE
)
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
# Browsers and resolvers read 127.1, 0x7f000001 and 2130706433 as 127.0.0.1, and a top-level domain is never a number.
_NUMBER_LAST = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")


def _parsed(url: str) -> httpx2.URL:
    """Read a URL as the sender does, so that what is checked is what is sent to."""
    if len(url) > URL_LIMIT:
        raise _bad_url(f"take a URL of at most {URL_LIMIT:,} characters")
    form = _FORM.fullmatch(url)
    if form is None:
        raise _bad_url("write it as https://host:port/path, without a user, a password or a #fragment")
    if not 1 <= int(form["port"] or 443) <= 65_535:
        raise _bad_url("take a port from 1 to 65535")
    try:
        return httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        raise _bad_url("this is no URL; look for spaces and odd characters") from None


def _host(url: httpx2.URL) -> str:
    return url.raw_host.decode("ascii")


def _literal(host: str) -> Address | None:
    """Read a host that is an address; `None` for a name. Other hosts, and odd spellings of addresses, are refused."""
    if host == "localhost" or host.endswith(".localhost"):
        return IPv4Address("127.0.0.1")
    if ":" in host or _NUMBER_LAST.fullmatch(host):
        try:
            return ip_address(host)
        except ValueError:
            raise _bad_url("write an IPv4 address as four decimal numbers, such as 10.1.2.3") from None
    if not _NAME.fullmatch(host):
        raise _bad_url("this is no host name; write letters, digits and hyphens, and no dot at the end")
    return None


def _bad_url(message: str) -> InputError:
    return InputError(message, code="bad_webhook_url", field="url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one attempt: the status that was answered, or the kind of trouble before there was one."""

    status: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The subscriber wants no more: the subscription is to be switched off."""
        return self.status == 410

    @classmethod
    def of(cls, response: httpx2.Response) -> Self:
        stated = response.headers.get("retry-after", "")
        # More than nine digits are over any limit, and thousands of them no number that Python reads.
        seconds = int(stated[:9]) if re.fullmatch(r"[0-9]+", stated) else None
        wait = None if seconds is None else min(timedelta(seconds=seconds), LONGEST_WAIT)
        return cls(status=response.status_code, retry_after=wait)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends to checked addresses. It runs an event loop of its own, so call it from a thread that has none.

    `timeout` is in seconds, from the first connection to the last line of the answer's headers; to look the host up
    comes on top of it. `trust` holds the certificates of authorities, those of the system unless given.
    """

    destinations: Destinations
    timeout: float = 10.0
    trust: ssl.SSLContext = field(default_factory=lambda: httpx2.create_ssl_context(trust_env=False))

    def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Make one attempt. Trouble with the URL, the host or the network is told in the answer and never raised."""
        try:
            target = _parsed(url)
            plain = target.scheme == "http"
            port = target.port or (80 if plain else 443)
            addresses = self.destinations.resolve(_host(target), port, plain=plain)
        except InputError as error:
            return Answer(error=error.code)
        return asyncio.run(self._deliver(target, addresses[:_TRIED], headers, body))

    async def _deliver(
        self, target: httpx2.URL, addresses: Sequence[Address], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        requests = [_request(target, address, headers, body) for address in addresses]
        async with self._client(connect=self.timeout / len(requests)) as client:
            try:
                async with asyncio.timeout(self.timeout):
                    response = await _first_answer(client, requests)
            except (OSError, httpx2.HTTPError) as error:
                return Answer(error=_kind(error))
            await _hear_out(response)
            return Answer.of(response)

    def _client(self, *, connect: float) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            verify=self.trust, trust_env=False, follow_redirects=False, timeout=httpx2.Timeout(None, connect=connect)
        )


_TRIED = 3
_DEFAULTS = {"User-Agent": "Paidan", "Content-Type": "application/json", "Accept-Encoding": "identity"}


def _request(target: httpx2.URL, address: Address, headers: Mapping[str, str], body: bytes) -> httpx2.Request:
    """Address a request to where the host was found to be, and name the host to the server and in its certificate."""
    named = httpx2.Headers(_DEFAULTS)
    named.update(headers)
    named.update({"Host": target.netloc.decode("ascii"), "Connection": "close"})
    return httpx2.Request(
        "POST",
        target.copy_with(host=str(address)),
        headers=named,
        content=body,
        extensions={"sni_hostname": _host(target)},
    )


async def _first_answer(client: httpx2.AsyncClient, requests: Sequence[httpx2.Request]) -> httpx2.Response:
    """Try the next address only while none could be connected to: what was once sent is not sent again."""
    *others, last = requests
    for request in others:
        with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
            return await client.send(request, stream=True)
    return await client.send(last, stream=True)


async def _hear_out(response: httpx2.Response) -> None:
    """Let the subscriber finish a short answer, which some need to do their work; nothing of it is kept."""
    size = 0
    with suppress(OSError, httpx2.HTTPError):
        async with asyncio.timeout(1):
            async for piece in response.aiter_raw():
                size += len(piece)
                if size >= BODY_LIMIT:
                    break
        await response.aclose()


_KINDS = (
    (ssl.SSLCertVerificationError, "untrusted_certificate"),
    (ssl.SSLError, "broken_tls"),
    (TimeoutError, "timeout"),
    (httpx2.TimeoutException, "timeout"),
    (httpx2.ConnectError, "unreachable"),
    (httpx2.NetworkError, "interrupted"),
    (OSError, "interrupted"),
)


def _kind(error: BaseException) -> str:
    """Name an error without its message, which may tell addresses of the intranet."""
    causes = tuple(_causes(error))
    return next((name for kind, name in _KINDS if any(isinstance(each, kind) for each in causes)), "no_http")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# As Standard Webhooks suggest: at once, then ever later for three days.
_WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)


def next_attempt(attempts: int, *, draw: Random, retry_after: timedelta | None = None) -> timedelta | None:
    """Tell how long to wait after so many attempts, or `None` when the last was made and the message is dead."""
    if attempts >= len(_WAITS):
        return None
    wait = _WAITS[attempts] * draw.uniform(0.8, 1.2)
    return max(wait, min(retry_after or timedelta(), LONGEST_WAIT))
