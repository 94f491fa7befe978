"""Appeals that are asked about at the same moment are routed together, which costs each of them less."""

import asyncio

from api.routing import Router
from triage.domain import Appeal, Routing

_AT_ONCE = 32


class Together:
    """Routes in the event loop: whoever asks while others are served waits for the next turn."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._waiting: list[tuple[Appeal, asyncio.Future[Routing]]] = []

    async def route(self, appeal: Appeal) -> Routing:
        """Route an appeal with those of others that wait."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Routing] = loop.create_future()
        self._waiting.append((appeal, answer))
        if len(self._waiting) == 1:
            loop.call_soon(self._gather, loop, 0)
        return await answer

    def _gather(self, loop: asyncio.AbstractEventLoop, before: int) -> None:
        """Wait as long as the loop, which has read several requests at once, still brings one after the other."""
        if before < len(self._waiting) < _AT_ONCE:
            loop.call_soon(self._gather, loop, len(self._waiting))
            return
        served, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
        if self._waiting:
            loop.call_soon(self._gather, loop, 0)
        self._serve([each for each in served if not each[1].cancelled()])

    def _serve(self, served: list[tuple[Appeal, asyncio.Future[Routing]]]) -> None:
        try:
            routings = self._router.route_many([appeal for appeal, _ in served])
        except Exception as error:  # noqa: BLE001 - it is theirs, and the loop has no use for it
            if len(served) > 1:
                for each in served:  # one of them may be at fault for all
                    self._serve([each])
                return
            served[0][1].set_exception(error)
            return
        for (_, answer), routing in zip(served, routings, strict=True):
            answer.set_result(routing)
