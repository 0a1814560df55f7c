"""A client that sends any bytes, and a server to send them to. Every wait has a deadline."""

import asyncio
import contextlib
import gc
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from adapters.ttrpc import Call, Result, Server, Services, Status, listen
from adapters.ttrpc.connection import DEFAULT_LIMITS, Limits
from adapters.ttrpc.envelope import Metadata, Request, decode_response, encode_request
from adapters.ttrpc.frame import HEADER_BYTES, Frame, Kind, StreamId

DEADLINE_SECONDS: Final = 20.0
LABEL: Final = "k8s.io"


def request(  # noqa: PLR0913 - a request has this many parts
    stream: int,
    method: str = "Echo",
    payload: bytes = b"",
    *,
    service: str = "test.Service",
    timeout_nanoseconds: int = 0,
    metadata: Metadata = (),
) -> bytes:
    """Bytes of a request frame, made without the code under test's frame encoder."""
    data = encode_request(Request(service, method, payload, timeout_nanoseconds, metadata))
    return raw_frame(stream, Kind.REQUEST, data)


def raw_frame(stream: int, kind: int, data: bytes, flags: int = 0) -> bytes:
    return struct.pack(">IIBB", len(data), stream, kind, flags) + data


def frame_header(data_bytes: int, stream: int, kind: int = Kind.REQUEST) -> bytes:
    return struct.pack(">IIBB", data_bytes, stream, kind, 0)


class RawClient:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self._writer.drain()

    async def frame(self) -> Frame:
        async with asyncio.timeout(DEADLINE_SECONDS):
            header = await self._reader.readexactly(HEADER_BYTES)
            data_bytes, stream, kind, flags = struct.unpack(">IIBB", header)
            data = await self._reader.readexactly(data_bytes)
        return Frame(StreamId(stream), kind, flags, data)

    async def result(self, stream: int) -> Result:
        """The next frame, which must be the answer on `stream`."""
        frame = await self.frame()
        assert (frame.stream, frame.kind, frame.flags) == (stream, Kind.RESPONSE, 0)
        return decode_response(frame.data)

    async def rest(self) -> bytes:
        """All that the server sends until it closes."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await self._reader.read()

    def half_close(self) -> None:
        self._writer.write_eof()

    def vanish(self) -> None:
        self._writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(
    folder: Path, services: Services, limits: Limits = DEFAULT_LIMITS
) -> AsyncIterator[tuple[Server, str]]:
    path = str(folder / "s")
    server = Server(services, limits=limits)
    server.add_listener(listen(path), LABEL)
    try:
        yield server, path
    finally:
        await server.close(grace_seconds=0)


@contextlib.asynccontextmanager
async def raw_client(path: str) -> AsyncIterator[RawClient]:
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):  # a test may have aborted it
            await writer.wait_closed()


async def echo(call: Call, payload: bytes) -> Result:  # noqa: ARG001 - the signature of a method
    return payload


async def refuse(call: Call, payload: bytes) -> Result:  # noqa: ARG001 - the same
    return Status(5, "task x: not found")


async def within_deadline(event: asyncio.Event) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        await event.wait()


def open_descriptors() -> int:
    gc.collect()  # sockets that an earlier test left to the collector
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
