"""Ports to listen on, again and again."""

import random
import socket


def free_port() -> int:
    """Find a port below those that the system gives to callers: one of them could take it while its server is dead."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
