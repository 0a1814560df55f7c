"""The server against the bytes that Go's ttrpc client 1.2 sends, written out by hand.

Go's protobuf writes fields in the order of their numbers and leaves defaults out.
"""

from pathlib import Path

import pytest

from adapters.ttrpc import Call, Method, Result

from .raw import raw_client, refuse, serving

SERVICE = b"containerd.task.v2.Task"

STATE = (
    b"\x00\x00\x00\x55"  # 85 bytes of data
    b"\x00\x00\x00\x01"  # stream 1
    b"\x01\x00"  # a request, no flags
    b"\x0a\x17" + SERVICE +
    b"\x12\x05State"
    b"\x1a\x06\x0a\x04box1"  # StateRequest{id: "box1"}
    b"\x20\x80\xc8\xaf\xa0\x25"  # 10 seconds, in nanoseconds
    b"\x2a\x25\x0a\x1acontainerd-namespace-ttrpc\x12\x07default"
)  # fmt: skip

CONNECT = (
    b"\x00\x00\x00\x2a\x00\x00\x00\x03\x01\x00"
    b"\x0a\x17" + SERVICE +
    b"\x12\x07Connect"
    b"\x1a\x06\x0a\x04box1"
)  # fmt: skip


@pytest.mark.asyncio
async def test_gos_requests_are_understood_and_answered_as_go_reads_it(tmp_path: Path) -> None:
    calls: list[tuple[Call, bytes]] = []

    async def state(call: Call, payload: bytes) -> Result:
        calls.append((call, payload))
        return b"\x0a\x04box1\x18\x2a"  # StateResponse{id: "box1", pid: 42}

    methods: dict[str, Method] = {"State": state, "Connect": refuse}
    offered = {SERVICE.decode(): methods}
    async with serving(tmp_path, offered) as (_, path), raw_client(path) as client:
        await client.send(STATE)
        answer = await client.frame()
        assert (answer.stream, answer.kind, answer.flags) == (1, 2, 0)
        assert answer.data == b"\x12\x08\x0a\x04box1\x18\x2a"
        await client.send(CONNECT)
        refusal = await client.frame()
        assert (refusal.stream, refusal.kind, refusal.flags) == (3, 2, 0)
        assert refusal.data == b"\x0a\x15\x08\x05\x12\x11task x: not found"
    ((call, payload),) = calls
    assert payload == b"\x0a\x04box1"
    assert call.metadata == (("containerd-namespace-ttrpc", "default"),)
    assert call.timeout_seconds == 10.0
