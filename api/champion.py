"""A router that follows a registry: who is made the champion there answers here from then on, without a pause.

Another bundle is opened and tried beside the one that answers, and comes into its place in one step. One that cannot be
opened changes nothing but what the service says of itself.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from api import fallback
from api.fallback import CHAMPION, LAST_GOOD, Fallback, open_champion, open_directory, proven, reason_for
from api.routing import Pack, Router
from api.shadow import Shadow
from models.moves import State
from models.registry import Registry
from triage.domain import Appeal, Routing, Versions
from triage.errors import BundleError
from triage.explanation import Explanation
from triage.policy import Policy

_LOOKS = 2.0  # seconds between looks at the registry
_PAUSE = 30.0  # seconds until what could not be read or opened is tried again
_log = logging.getLogger("paidan.routing")


class Opener(Protocol):
    """How bundles are opened; each of these raises what is wrong with one."""

    def champion(self, folder: Path, *, name: str) -> Fallback:
        """Open a bundle and route an appeal with it, so that whoever comes first does not wait."""
        ...

    def shadow(self, folder: Path) -> Router: ...

    def directory(self) -> Fallback:
        """Open what answers without a bundle."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOpener:
    """Opens bundles under the terms of `city`; see `fallback.open_with_fallback` for `pack` and `state`."""

    city: Path | None
    pack: Path
    state: Path

    def champion(self, folder: Path, *, name: str) -> Fallback:
        return open_champion(folder, self.city, state=self.state, name=name)

    def shadow(self, folder: Path) -> Router:
        return proven(folder, self.city)

    def directory(self) -> Fallback:
        return open_directory(self.city, pack=self.pack, state=self.state)


class Champion:
    """The `Router` of the champion of a registry. Who asks more than once for one answer asks its `current`.

    Parameters
    ----------
    clock
        Seconds, from any beginning.

    Raises
    ------
    InputError
        Neither the champion nor the one before nor the directory can be opened.
    """

    def __init__(
        self,
        registry: Registry,
        opener: Opener,
        *,
        shadow: Shadow | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._opener, self._clock = registry, opener, clock
        self.shadow = shadow or Shadow()
        self._stopped = threading.Event()
        self._known = State()
        self._trouble: dict[str, str] = {}
        self._failed: dict[str, tuple[str, float]] = {}
        self._bundle: str | None = None
        self._opened: Fallback | None = None
        self.look()
        if self._opened is None:
            self._opened = self._standing_in()

    @property
    def current(self) -> Fallback:
        assert self._opened is not None  # noqa: S101 - an object that was made has one
        return self._opened

    @property
    def known(self) -> State:
        """What the registry said when it was read last."""
        return self._known

    @property
    def state(self) -> fallback.State:
        """`degraded` also while another champion answers than the registry's."""
        state = self.current.state
        return "degraded" if state == "ready" and self._trouble else state

    @property
    def reasons(self) -> tuple[str, ...]:
        """Say why the champion of the registry does not answer."""
        return (*self._trouble.values(), *self.current.reasons)

    @property
    def pack(self) -> Pack:
        return self.current.pack

    @property
    def policy(self) -> Policy:
        return self.current.policy

    @property
    def versions(self) -> Versions:
        return self.current.versions

    def route(self, appeal: Appeal) -> Routing:
        return self.route_many([appeal])[0]

    def route_many(self, appeals: Sequence[Appeal]) -> list[Routing]:
        """Route all of them with one bundle, and show the answers to the shadow."""
        routings = self.current.route_many(appeals)
        self.shadow.offer(routings)
        return routings

    def explain(self, routing: Routing) -> Explanation | None:
        """Explain a routing; None where the bundle that made it is no longer here."""
        return self.current.explain(routing)

    def run(self) -> None:
        """Follow the registry until told to stop."""
        self._stopped.clear()
        while not self._stopped.wait(_LOOKS):
            self.look()

    def stop(self) -> None:
        self._stopped.set()

    def look(self) -> None:
        """Take what the registry says now; what goes wrong is told by `reasons`, and tried again later."""
        if not self._tries("registry", ""):
            return
        try:
            self._known = self._registry.state()
        except Exception as error:  # noqa: BLE001 - who answers now goes on
            self._fails("registry", "", error)
            return
        self._succeeds("registry")
        self._follow_champion(self._known)
        self._follow_shadow(self._known)

    def _follow_champion(self, state: State) -> None:
        if state.champion is None or state.since is None:
            self._trouble[CHAMPION] = f"{CHAMPION}: none in the registry yet; `paidan-train promote` makes one"
            return
        move = f"{state.champion} by move {state.since.number}"
        if state.champion != self._bundle:
            if not self._tries(CHAMPION, move):
                return
            try:
                self._opened = self._open(state.champion, name=CHAMPION)
            except Exception as error:  # noqa: BLE001 - who answers now goes on
                self._fails(CHAMPION, move, error)
                return
            self._bundle = state.champion
            _log.info("%s answers from now on", move)
        self._succeeds(CHAMPION)

    def _follow_shadow(self, state: State) -> None:
        if state.shadow == self.shadow.bundle or not self._tries("shadow", state.shadow or ""):
            return
        self.shadow.follow(None)
        if state.shadow is None:
            return
        try:
            self.shadow.follow(self._opener.shadow(self._registry.fetch(state.shadow)))
        except Exception as error:  # noqa: BLE001 - nobody misses a shadow
            self._failed["shadow"] = state.shadow, self._clock() + _PAUSE
            reason_for(f"shadow {state.shadow}", error)

    def _open(self, bundle: str, *, name: str) -> Fallback:
        opened = self._opener.champion(self._registry.fetch(bundle), name=name)
        if opened.versions.bundle != bundle:
            raise BundleError(f"this is {opened.versions.bundle}, and {bundle} was to be opened")
        return opened

    def _standing_in(self) -> Fallback:
        """Open the champion before, or what answers without any."""
        if self._known.previous:
            try:
                return self._open(self._known.previous, name=LAST_GOOD)
            except Exception as error:  # noqa: BLE001 - the directory is left
                reason_for(LAST_GOOD, error)
        return self._opener.directory()

    def _tries(self, role: str, what: str) -> bool:
        """Tell whether something may be tried: it is new, or it failed some time ago."""
        failed, again_at = self._failed.get(role, ("", 0.0))
        return role not in self._failed or failed != what or self._clock() >= again_at

    def _fails(self, role: str, what: str, error: Exception) -> None:
        self._failed[role] = what, self._clock() + _PAUSE
        self._trouble[role] = reason_for(f"{role} {what}".strip(), error)

    def _succeeds(self, role: str) -> None:
        self._failed.pop(role, None)
        self._trouble.pop(role, None)
