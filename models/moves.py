"""What happened to the bundles of a registry: moves that are signed, each chained to the one before by its hash."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from triage.errors import TamperedError

_TAMPERED = "restore the registry from a copy, or begin another one"


class MoveKind(StrEnum):
    """What can happen to a bundle; one that is `rolled_back` to is the champion again."""

    ADDED = "added"
    PROMOTED = "promoted"
    REFUSED = "refused"
    ROLLED_BACK = "rolled_back"
    SHADOWED = "shadowed"
    UNSHADOWED = "unshadowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Who did what to which bundle, when and why. `digest` is that of the bundle's manifest."""

    number: int
    at: str
    by: str
    why: str
    kind: MoveKind
    bundle: str
    digest: str
    previous: str
    hash: str = ""
    signature: str = ""

    def signed(self, key: Ed25519PrivateKey) -> Self:
        """Return the move with its hash and signature."""
        hashed = _hash(self)
        return replace(self, hash=hashed, signature=key.sign(bytes.fromhex(hashed)).hex())

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode() + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What follows from the moves.

    Parameters
    ----------
    previous
        The champion that a roll back returns to.
    since
        The move that made the champion what it is.
    bundles
        The digest of each bundle, in the order in which they were added.
    refused
        Which of them the gate refused.
    line
        The champions that were not rolled back, the present one last.
    """

    shadow: str | None = None
    since: Move | None = None
    bundles: Mapping[str, str] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    line: tuple[str, ...] = ()

    @property
    def champion(self) -> str | None:
        return self.line[-1] if self.line else None

    @property
    def previous(self) -> str | None:
        return self.line[-2] if len(self.line) > 1 else None

    @property
    def standing(self) -> frozenset[str]:
        """Champion, previous champion and shadow, which are never dropped."""
        return frozenset(bundle for bundle in (self.champion, self.previous, self.shadow) if bundle)

    def after(self, move: Move) -> Self:
        """Return the state that a move leads to."""
        match move.kind:
            case MoveKind.ADDED:
                return replace(self, bundles={**self.bundles, move.bundle: move.digest})
            case MoveKind.REFUSED:
                return replace(self, refused=self.refused | {move.bundle})
            case MoveKind.PROMOTED:
                shadow = None if self.shadow == move.bundle else self.shadow
                return replace(self, line=(*self.line, move.bundle), since=move, shadow=shadow)
            case MoveKind.ROLLED_BACK:
                return replace(self, line=self.line[:-1], since=move)
            case MoveKind.SHADOWED:
                return replace(self, shadow=move.bundle)
            case MoveKind.UNSHADOWED:
                return replace(self, shadow=None)


def state_of(moves: Iterable[Move]) -> State:
    """Return what follows from moves, from the first one on."""
    state = State()
    for move in moves:
        state = state.after(move)
    return state


def read_move(content: bytes, *, after: Move | None, key: Ed25519PublicKey, file: str) -> Move:
    """Read the move that follows another one, None for the first.

    Raises
    ------
    TamperedError
        It is not what was signed, or does not belong there.
    """
    try:
        found = json.loads(content)
        move = Move(**found | {"kind": MoveKind(found["kind"])})
        key.verify(bytes.fromhex(move.signature), bytes.fromhex(move.hash))
    except (ValueError, TypeError, KeyError, InvalidSignature):
        raise TamperedError(f"no move that the key of the registry signed; {_TAMPERED}", file=file) from None
    place = (after.number + 1, after.hash) if after else (1, "")
    if move.hash != _hash(move) or (move.number, move.previous) != place:
        raise TamperedError(f"the move was changed, or moves before it were taken away; {_TAMPERED}", file=file)
    return move


def moment(at: datetime) -> str:
    """Write the time of a move."""
    return at.isoformat(timespec="seconds")


def _hash(move: Move) -> str:
    content = {name: value for name, value in asdict(move).items() if name not in ("hash", "signature")}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
