"""Clients that keep their connections and send one request after the other, in a process of their own.

`python -m tests.load.client PORT PATH SECONDS CLIENTS KEY < bodies` prints requests a second and times as JSON.
"""

import asyncio
import json
import sys
import time


async def client(port: int, head: str, bodies: list[bytes], until: float, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    at = 0
    while time.perf_counter() < until:
        body = bodies[at % len(bodies)]
        at += 1
        began = time.perf_counter()
        writer.write(head.format(length=len(body), once=f"{id(writer)}-{began}").encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            raise SystemExit(answer.decode())
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        times.append(time.perf_counter() - began)
    writer.close()


async def load(port: int, path: str, seconds: float, clients: int, key: str, bodies: list[bytes]) -> list[float]:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nIdempotency-Key: {{once}}\r\nContent-Length: {{length}}\r\n\r\n"
    )
    times: list[float] = []
    until = time.perf_counter() + seconds
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            own = bodies[number * len(bodies) // clients :] + bodies[: number * len(bodies) // clients]
            group.create_task(client(port, head, own, until, times))
    return sorted(times)


if __name__ == "__main__":
    _, port, path, seconds, clients, key = sys.argv
    times = asyncio.run(load(int(port), path, float(seconds), int(clients), key, sys.stdin.buffer.read().splitlines()))
    median, late = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(json.dumps({"rate": len(times) / float(seconds), "median": median * 1000, "p99": late * 1000}))
