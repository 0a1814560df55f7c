"""Every message that a real containerd or a real runc.v2 sent, read and written again by ours."""

import json
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from adapters.messages import runtime_info_pb2, task_pb2
from tests.recordings.frames import (
    GENERATIONS,
    JSON_PREFIX,
    Called,
    Recorded,
    commands,
    frames,
    opened,
)

ALL: Final = [
    pytest.param(recorded, id=f"{generation}-{number}-{recorded}")
    for generation in GENERATIONS
    for number, recorded in enumerate(frames(generation))
]


def messages_in(message: Message) -> Iterator[Message]:
    """It and all below it, through each Any that holds protobuf."""
    yield message
    if isinstance(message, Any):
        inner = opened(message)
        if inner is not None:
            yield from messages_in(inner)
        return
    for _, value in message.ListFields():
        values = [value] if isinstance(value, Message) else value
        if isinstance(values, str | bytes | int | float):
            continue
        for item in values:
            if isinstance(item, Message):
                yield from messages_in(item)


def unknown_in(message: Message) -> list[str]:
    unknown = [(part, UnknownFieldSet(part)) for part in messages_in(message)]
    return [
        f"{part.DESCRIPTOR.full_name} field {fields[number].field_number}"
        for part, fields in unknown
        for number in range(len(fields))
    ]


def anys_in(message: Message) -> Iterator[Any]:
    return (part for part in messages_in(message) if isinstance(part, Any))


@pytest.mark.parametrize("recorded", ALL)
def test_a_recorded_message_has_no_field_that_we_do_not_know(recorded: Recorded) -> None:
    assert unknown_in(recorded.message) == []


@pytest.mark.parametrize("recorded", ALL)
def test_a_recorded_message_is_written_again_byte_for_byte(recorded: Recorded) -> None:
    assert recorded.message.SerializeToString(deterministic=True) == recorded.payload


@pytest.mark.parametrize("recorded", ALL)
def test_the_message_in_an_any_is_written_again_byte_for_byte(recorded: Recorded) -> None:
    for value in anys_in(recorded.message):
        inner = opened(value)
        if inner is not None:
            assert inner.SerializeToString(deterministic=True) == value.value


@pytest.mark.parametrize("recorded", ALL)
def test_a_type_url_is_a_bare_name_or_says_json(recorded: Recorded) -> None:
    for value in anys_in(recorded.message):
        if "/" not in value.type_url:
            continue  # a name that `opened` finds as it stands, or nothing at all
        assert value.type_url.startswith(JSON_PREFIX)
        assert isinstance(json.loads(value.value), dict)


def of_action(action: str) -> list[Called]:
    return [
        called
        for generation in GENERATIONS
        for called in commands(generation)
        if called.arguments[-1] == action
    ]


def written_again(read: Callable[[bytes], Message], data: bytes) -> bytes:
    message = read(data)
    assert unknown_in(message) == []
    return message.SerializeToString(deterministic=True)


def test_the_options_on_the_standard_input_of_start_are_written_again_byte_for_byte() -> None:
    given = [called.stdin for called in of_action("start") if called.stdin is not None]
    urls = {Any.FromString(stdin).type_url for stdin in given}
    # An Any without content is no byte at all.
    assert urls == {"", "containerd.runc.v1.Options", "runtimeoptions.v1.Options"}
    for stdin in given:
        assert written_again(Any.FromString, stdin) == stdin


def test_the_standard_output_of_delete_is_one_delete_response_and_no_more() -> None:
    answered = [called.stdout for called in of_action("delete") if called.status == 0]
    assert len(answered) >= len(GENERATIONS)
    for stdout in answered:
        assert written_again(task_pb2.DeleteResponse.FromString, stdout) == stdout
        # runc.v2 cannot know better: whoever is deleted so was killed, for it.
        assert task_pb2.DeleteResponse.FromString(stdout).exit_status == 137


def test_the_standard_output_of_info_is_one_runtime_info_and_no_more() -> None:
    answered = [called.stdout for called in of_action("-info")]
    assert answered
    for stdout in answered:
        assert written_again(runtime_info_pb2.RuntimeInfo.FromString, stdout) == stdout
        info = runtime_info_pb2.RuntimeInfo.FromString(stdout)
        assert info.name == "io.containerd.runc.v2"
        assert "ociVersionMin" in json.loads(info.features.value)
