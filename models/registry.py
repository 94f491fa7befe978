"""The bundles of a service: candidates, one champion, the one before it and a shadow, and who made them so and why.

A registry is a folder: `bundles/` has the sealed bundles, `moves/` a signed file for each move, and `signing.pub` the
key that verifies them. Everything else follows from the moves.
"""

import getpass
import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from models.artifact import verified
from models.moves import Move, MoveKind, State, moment, read_move
from models.signing import make_key, public_part, read_key, signing_key, verifying_key
from models.storage import Storage, open_storage
from triage.errors import BundleError, ConflictError, InputError, StaleError, TamperedError

SIGNING_KEY, PUBLIC_KEY = "signing.key", "signing.pub"
KEPT = 10
_BUNDLES, _MOVES = "bundles", "moves"
_ID = re.compile(r"\w[\w.+-]{0,199}")


class Registry:
    """A registry in some storage; `Registry.open` makes one. It reads what others do, and several threads may ask it.

    Parameters
    ----------
    key
        File of the key that signs; made with the first move, and only asked for when there is something to sign.
    public_key
        What verifies; that of the registry itself where none is given.
    keep
        How many bundles are kept besides those that stand.
    now
        The clock.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        key: Path | None,
        public_key: Ed25519PublicKey | None = None,
        keep: int = KEPT,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._storage, self._key, self._public_key = storage, key, public_key
        self._keep, self._now = keep, now
        self._known: tuple[tuple[Move, ...], State] = (), State()

    @classmethod
    def open(
        cls,
        url: str | Path,
        *,
        key: Path | None = None,
        public_key: Path | None = None,
        cache: Path | None = None,
        keep: int = KEPT,
    ) -> "Registry":
        """Open the registry in a folder or at an address of fsspec; it need not be there yet.

        Parameters
        ----------
        key
            File of the key that signs; `signing.key` in a folder, and to be given for a registry that is elsewhere.
        public_key
            File of the key that verifies, where the one that lies in the registry is not to be trusted.
        cache
            Where bundles from elsewhere are copied to.
        """
        if key is None and "://" not in str(url):
            key = Path(url) / SIGNING_KEY
        trusted = verifying_key(read_key(public_key), str(public_key)) if public_key else None
        return cls(open_storage(url, cache=cache), key=key, public_key=trusted, keep=keep)

    def add(self, folder: Path, *, by: str, why: str) -> str:
        """Copy a sealed bundle into the registry, drop the oldest ones, and return its id.

        Raises
        ------
        BundleError
            It is no bundle, or not as it was sealed.
        ConflictError
            Another bundle has this id.
        """
        bundle, digest = _sealed(folder)
        known = self.state().bundles.get(bundle)
        if known not in (None, digest):
            raise ConflictError(f"another bundle is called {bundle} here", code="other_bundle")
        self._put(folder, bundle, digest)
        if known is None:
            self._move(MoveKind.ADDED, bundle, by=by, why=why, digest=digest)
        self._drop(besides=bundle)
        return bundle

    def promote(self, bundle: str, *, by: str, why: str) -> Move:
        """Make a bundle the champion."""
        if self.state().champion == bundle:
            raise ConflictError(f"{bundle} is the champion already", code="champion_already")
        self.fetch(bundle)
        return self._move(MoveKind.PROMOTED, bundle, by=by, why=why)

    def refuse(self, bundle: str, *, by: str, why: str) -> Move:
        """Write down that a bundle is not to be the champion."""
        return self._move(MoveKind.REFUSED, bundle, by=by, why=why)

    def rollback(self, *, by: str, why: str) -> Move:
        """Return to the champion before."""
        previous = self.state().previous
        if previous is None:
            raise ConflictError("there was no champion before this one", code="no_previous")
        self.fetch(previous)
        return self._move(MoveKind.ROLLED_BACK, previous, by=by, why=why)

    def shadow(self, bundle: str | None, *, by: str, why: str) -> Move:
        """Let a bundle run beside the champion without being heard; None ends it."""
        state = self.state()
        if bundle is None:
            if state.shadow is None:
                raise ConflictError("there is no shadow", code="no_shadow")
            return self._move(MoveKind.UNSHADOWED, state.shadow, by=by, why=why)
        if bundle in (state.champion, state.shadow):
            role = "champion" if bundle == state.champion else "shadow"
            raise ConflictError(f"{bundle} is the {role} already", code=f"{role}_already")
        self.fetch(bundle)
        return self._move(MoveKind.SHADOWED, bundle, by=by, why=why)

    def state(self) -> State:
        """Return what follows from the moves; see `moves` for errors."""
        return self._look()[1]

    def moves(self) -> tuple[Move, ...]:
        """Return all moves, the first one first.

        Raises
        ------
        TamperedError
            One of them was changed or taken away.
        """
        return self._look()[0]

    def fetch(self, bundle: str) -> Path:
        """Return the folder of a bundle, after verifying that it is the one that was added.

        Raises
        ------
        InputError
            There is no such bundle, or no longer.
        TamperedError
            It is not what was added.
        """
        digest = self._digest(bundle)
        if bundle not in self._storage.names(_BUNDLES):
            raise InputError(f"{bundle} was dropped, or is not whole yet; take a newer one of `paidan-train list`")
        folder = self._storage.fetch(f"{_BUNDLES}/{bundle}")
        if _sealed(folder) != (bundle, digest):
            raise TamperedError("this is another bundle than the one that was added here; add it again", file=folder)
        return folder

    def kept(self) -> frozenset[str]:
        """Return the bundles that have not been dropped."""
        return frozenset(self._storage.names(_BUNDLES)) & self.state().bundles.keys()

    def _look(self) -> tuple[tuple[Move, ...], State]:
        """Read the moves that are new since the last time."""
        moves, state = self._known
        names = [name for name in self._storage.names(_MOVES) if name.endswith(".json")]
        if names != [_name(number) for number in range(1, len(names) + 1)] or len(names) < len(moves):
            raise TamperedError("moves were taken away; restore the registry from a copy", file=_MOVES)
        if len(names) == len(moves):
            return moves, state
        key = self._verifying_key()
        fresh = list(moves)
        for name in names[len(moves) :]:
            file = f"{_MOVES}/{name}"
            move = read_move(self._storage.read(file), after=fresh[-1] if fresh else None, key=key, file=file)
            fresh.append(move)
            state = state.after(move)
        self._known = tuple(fresh), state
        return self._known

    def _move(self, kind: MoveKind, bundle: str, *, by: str, why: str, digest: str | None = None) -> Move:
        if not why.strip():
            raise InputError("say why, so that others can follow what was done", field="why")
        moves = self.moves()
        move = Move(
            number=len(moves) + 1,
            at=moment(self._now()),
            by=by,
            why=why,
            kind=kind,
            bundle=bundle,
            digest=digest or self._digest(bundle),
            previous=moves[-1].hash if moves else "",
        ).signed(self._signing_key(first=not moves))
        try:
            self._storage.create(f"{_MOVES}/{_name(move.number)}", move.to_json())
        except FileExistsError:
            raise StaleError("somebody else made a move at the same time; see `paidan-train list`") from None
        return move

    def _put(self, folder: Path, bundle: str, digest: str) -> None:
        """Copy a bundle unless it is here; one that was left half copied makes room."""
        path = f"{_BUNDLES}/{bundle}"
        if bundle in self._storage.names(_BUNDLES):
            with suppress(BundleError):
                if _sealed(self._storage.fetch(path)) == (bundle, digest):
                    return
            self._storage.remove(path)
        with suppress(FileExistsError):  # somebody else may be adding it too
            self._storage.put(folder, path)
        if _sealed(self._storage.fetch(path)) != (bundle, digest):
            raise TamperedError("the copy is not the bundle that was added; add it again", file=path)

    def _drop(self, *, besides: str) -> None:
        """Drop the oldest bundles that nobody needs."""
        state = self.state()
        spared = self.kept() - state.standing - {besides}
        spare = [bundle for bundle in state.bundles if bundle in spared]
        for bundle in spare[: max(0, len(spare) - self._keep)]:
            self._storage.remove(f"{_BUNDLES}/{bundle}")

    def _digest(self, bundle: str) -> str:
        bundles = self.state().bundles
        if bundle not in bundles:
            last = ", ".join(list(bundles)[-3:]) or "none yet"
            raise InputError(f"there is no bundle {bundle} here; the newest are: {last}")
        return bundles[bundle]

    def _verifying_key(self) -> Ed25519PublicKey:
        if self._public_key is None:
            try:
                content = self._storage.read(PUBLIC_KEY)
            except FileNotFoundError:
                raise TamperedError("the key that verifies the moves is missing", file=PUBLIC_KEY) from None
            self._public_key = verifying_key(content, PUBLIC_KEY)
        return self._public_key

    def _signing_key(self, *, first: bool) -> Ed25519PrivateKey:
        if self._key is None:
            message = "a registry that is elsewhere is signed with a key of this machine; name its file"
            raise InputError(message, field="key")
        if first:
            make_key(self._key)
        key = signing_key(self._key)
        if first:
            with suppress(FileExistsError):
                self._storage.create(PUBLIC_KEY, public_part(key))
        if self._verifying_key() != key.public_key():
            raise InputError("this is not the key that signs this registry; name that one", file=self._key)
        return key


def whoever() -> str:
    """Return the name of the user of this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may know the number alone
        return f"user {os.getuid()}"


def _name(number: int) -> str:
    return f"{number:06}.json"


def _sealed(folder: Path) -> tuple[str, str]:
    """Verify a bundle, and return its id and the digest of its manifest."""
    bundle = verified(folder).manifest.get("id")
    if not isinstance(bundle, str) or not _ID.fullmatch(bundle):
        raise BundleError("a bundle without a proper id; fit it anew", file=folder)
    return bundle, hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
