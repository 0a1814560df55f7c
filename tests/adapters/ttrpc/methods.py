"""Methods for a server under test."""

import asyncio

from adapters.ttrpc import Call, Method, Result

from .raw import echo, raw_client, refuse, request

SERVICE = "test.Service"


class Waiting:
    """A method that waits until it is let go, and tells what becomes of it."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let_go = asyncio.Event()
        self.gone = asyncio.Event()
        self.ended = asyncio.Event()

    async def method(self, call: Call, payload: bytes) -> Result:
        self.begun.set()
        watch = asyncio.create_task(self._watch(call))
        try:
            await self.let_go.wait()
        finally:
            watch.cancel()
            self.ended.set()
        return payload

    async def _watch(self, call: Call) -> None:
        await call.gone.wait()
        self.gone.set()


def services(**methods: Method) -> dict[str, dict[str, Method]]:
    return {SERVICE: {"Echo": echo, "Refuse": refuse, **methods}}


async def assert_serves(path: str) -> None:
    async with raw_client(path) as other:
        await other.send(request(1, payload=b"still here"))
        assert await other.result(1) == b"still here"
