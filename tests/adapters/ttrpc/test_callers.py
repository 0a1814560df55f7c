"""What a handler knows of its caller, and what becomes of it when the caller is gone."""

import asyncio
import gc
import weakref
from pathlib import Path

import pytest

from adapters.ttrpc import Call, Result, Status

from .methods import SERVICE, Waiting, assert_serves, services
from .raw import (
    LABEL,
    raw_client,
    request,
    serving,
    within_deadline,
)

pytestmark = pytest.mark.asyncio


async def test_a_call_past_its_timeout_is_answered_and_its_handler_goes_on(tmp_path: Path) -> None:
    """T023"""
    waiting = Waiting()
    async with (
        serving(tmp_path, services(Wait=waiting.method)) as (_, path),
        raw_client(path) as client,
    ):
        await client.send(request(1, "Wait", timeout_nanoseconds=1))
        assert await client.result(1) == Status(4, "context deadline exceeded")
        await within_deadline(waiting.gone)
        assert not waiting.ended.is_set()
        waiting.let_go.set()
        await within_deadline(waiting.ended)
        await client.send(request(3))
        assert await client.result(3) == b""  # and no second answer on stream 1 before it


async def test_an_answered_call_with_time_left_is_forgotten_at_once(tmp_path: Path) -> None:
    """T023: thousands of quick calls with long limits must not pile up until those pass."""
    gone: list[weakref.ref[asyncio.Event]] = []

    async def note(call: Call, payload: bytes) -> Result:
        gone.append(weakref.ref(call.gone))
        return payload

    async with serving(tmp_path, services(Note=note)) as (_, path), raw_client(path) as client:
        await client.send(request(1, "Note", timeout_nanoseconds=10**13))
        await client.result(1)
        await client.send(request(3))
        await client.result(3)
        gc.collect()
        assert [event() for event in gone] == [None]


@pytest.mark.parametrize(("nanoseconds", "seconds"), [(0, None), (1_500_000_000, 1.5)])
async def test_a_handler_is_told_who_calls_and_how_long_they_wait(
    tmp_path: Path, nanoseconds: int, seconds: float | None
) -> None:
    """T022, T028"""
    calls: list[Call] = []

    async def note(call: Call, payload: bytes) -> Result:
        calls.append(call)
        return payload

    metadata = (("containerd-namespace-ttrpc", "k8s.io"), ("k", "1"), ("k", "2"))
    async with serving(tmp_path, services(Note=note)) as (_, path), raw_client(path) as client:
        await client.send(request(7, "Note", timeout_nanoseconds=nanoseconds, metadata=metadata))
        await client.result(7)
    (call,) = calls
    assert (call.service, call.method) == (SERVICE, "Note")
    assert (call.metadata, call.timeout_seconds, call.stream) == (metadata, seconds, 7)
    assert (call.caller.listener, call.caller.connection) == (LABEL, 1)


async def test_a_handler_knows_when_its_caller_has_gone_and_goes_on(tmp_path: Path) -> None:
    """T024"""
    waiting = Waiting()
    async with serving(tmp_path, services(Wait=waiting.method)) as (server, path):
        async with raw_client(path) as client:
            await client.send(request(1, "Wait"))
            await within_deadline(waiting.begun)
            client.vanish()
        await within_deadline(waiting.gone)
        assert server.connection_count == 0
        assert server.running_handlers == 1
        await assert_serves(path)
        waiting.let_go.set()
        await within_deadline(waiting.ended)


async def test_a_half_closed_connection_is_over(tmp_path: Path) -> None:
    """T024: as in Go, whose server closes at the end of file and drops its answers."""
    waiting = Waiting()
    async with serving(tmp_path, services(Wait=waiting.method)) as (_, path):
        async with raw_client(path) as client:
            await client.send(request(1, "Wait"))
            client.half_close()
            assert await client.rest() == b""
        await within_deadline(waiting.gone)
        await assert_serves(path)


async def test_connections_are_served_at_once_by_the_same_services(tmp_path: Path) -> None:
    """T025"""
    waiting = Waiting()
    async with (
        serving(tmp_path, services(Wait=waiting.method)) as (_, path),
        raw_client(path) as one,
        raw_client(path) as other,
    ):
        await one.send(request(1, "Wait", b"1"))
        await other.send(request(1, "Wait", b"2"))
        waiting.let_go.set()
        assert (await one.result(1), await other.result(1)) == (b"1", b"2")
