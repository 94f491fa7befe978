"""Waiting for what is to come, and no longer than it may take."""

import threading
import time
from collections.abc import Callable

_LOOK_EVERY_SECONDS = 0.02


def until(holds: Callable[[], object], what: str, *, seconds: float = 60) -> None:
    """Return as soon as something holds; it fails the test if that takes too long."""
    last = time.monotonic() + seconds
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < last, f"waited {seconds} seconds in vain: {what}"
        pause.wait(_LOOK_EVERY_SECONDS)
