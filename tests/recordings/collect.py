"""Makes a generation's fixtures of what the tap wrote: `python -m tests.recordings.collect LOG TO`.

The log holds every byte; the fixtures hold one frame of each kind. Two frames are of one kind when
they say the same method in the same direction and set the same fields, down into what an Any
holds (`kind_of`); values do not count, save enums, time limits and error codes.
"""

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any as Json
from typing import Final

from google.protobuf.any_pb2 import Any
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from adapters.messages import forward_pb2
from tests.recordings.frames import HEADER, REQUEST, Called, Line, Recorded, opened

# Longer prose than this in an answer of the real shim is its log; nobody needs it whole.
STDERR_CHARACTERS: Final = 300
NANOSECONDS: Final = 1_000_000_000


@dataclass(slots=True)
class Reader:
    """Puts one recording's chunks together to frames, and notes what came after what."""

    waiting: dict[tuple[str, str], bytes] = field(default_factory=dict)
    asked: dict[tuple[str, int], str] = field(default_factory=dict)
    frames: list[Recorded] = field(default_factory=list)
    calls: dict[str, list[str]] = field(default_factory=dict)

    def chunk(self, entry: Mapping[str, Json]) -> None:
        scenario = scenario_of(entry)
        link = f"{entry['link']}{entry['connection']}"
        connection = f"{entry['id']} {link}"
        if entry["end"]:
            self.note(scenario, Line(link, 0, "x", "closed", f"by {entry['speaker']}"))
            return
        here = (connection, str(entry["speaker"]))
        data = self.waiting.pop(here, b"") + bytes.fromhex(entry["bytes"])
        while len(data) >= HEADER.size:
            length, stream, kind, _ = HEADER.unpack_from(data)
            end = HEADER.size + length
            if len(data) < end:
                break
            recorded = Recorded(scenario, entry["link"], entry["speaker"], "", data[:end])
            if kind == REQUEST:
                self.asked[connection, stream] = recorded.request.method
            method = self.asked[connection, stream]
            whole = Recorded(scenario, entry["link"], entry["speaker"], method, data[:end])
            self.frames.append(whole)
            self.note(scenario, line_of(link, whole))
            data = data[end:]
        self.waiting[here] = data

    def note(self, scenario: str, line: Line) -> None:
        self.calls.setdefault(scenario, []).append(str(line))


def scenario_of(entry: Mapping[str, Json]) -> str:
    if entry["namespace"] == "moby":
        return "docker"
    return str(entry["id"] or "info").removeprefix("rec-")


def line_of(link: str, recorded: Recorded) -> Line:
    stream = recorded.header[1]
    if not recorded.is_request:
        code = recorded.response.status.code
        return Line(link, stream, "<", recorded.method, f"code {code}" if code else "")
    message = recorded.message
    what = recorded.method
    if isinstance(message, forward_pb2.ForwardRequest):
        what = message.envelope.topic
    return Line(link, stream, ">", what, limit_of(recorded))


def limit_of(recorded: Recorded) -> str:
    # What is left of a limit when it is sent is a little less than what was set.
    nanoseconds = recorded.request.timeout_nano
    return f"{math.ceil(nanoseconds / NANOSECONDS)}s" if nanoseconds else ""


def kind_of(recorded: Recorded) -> tuple[str, ...]:
    if recorded.is_request:
        keys = [pair.key for pair in recorded.request.metadata]
        head = ("asks", limit_of(recorded), *keys)
    else:
        head = ("answers", str(recorded.response.status.code))
    service = recorded.request.service if recorded.is_request else ""
    return (recorded.method, service, *head, *shape_of(recorded.message))


def shape_of(message: Message, path: str = "") -> Iterator[str]:
    """The fields that are set, as paths, with the values of enums and type urls."""
    if isinstance(message, Any):
        inner = opened(message)
        path += f"<{message.type_url}>"
        yield path
        if inner is None:
            return
        message = inner
    for descriptor, value in message.ListFields():
        here = f"{path}.{descriptor.name}"
        if descriptor.type == FieldDescriptor.TYPE_ENUM or here == ".envelope.topic":
            yield f"{here}={value}"
        elif descriptor.type != FieldDescriptor.TYPE_MESSAGE:
            yield here
        elif isinstance(value, Message):
            yield from shape_of(value, here)
        else:
            yield f"{here}*"
            for item in value:
                yield from shape_of(item, f"{here}*") if isinstance(item, Message) else ()


def command_of(entry: Mapping[str, Json]) -> Called:
    return Called(
        scenario=scenario_of(entry),
        arguments=entry["arguments"],
        environment=entry["environment"],
        folder=entry["folder"],
        stdin=entry["stdin"],
        stdout=entry["stdout"],
        stderr=entry["stderr"][:STDERR_CHARACTERS],
        status=entry["status"],
    )


def one_a_line(entries: Sequence[Mapping[str, Json]]) -> str:
    return "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n"


def fields_of(value: Recorded | Called) -> dict[str, Json]:
    return {name: getattr(value, name) for name in type(value).__slots__}


def main(log: Path, to: Path) -> None:
    reader = Reader()
    commands: dict[tuple[Json, ...], Called] = {}
    # The tap's processes append as they run: put in order by their clock, which is one.
    entries = sorted(
        map(json.loads, log.read_text().splitlines()), key=lambda line: int(line["at"])
    )
    for entry in entries:
        if entry["kind"] == "Chunk":
            reader.chunk(entry)
            continue
        command = command_of(entry)
        action = command.arguments[-1]
        reader.note(command.scenario, Line("command", 0, "!", action, f"status {command.status}"))
        kind = (action, command.stdin, command.status, bool(command.stderr))
        commands.setdefault(kind, command)
    frames: dict[tuple[str, ...], Recorded] = {}
    for recorded in reader.frames:
        frames.setdefault(kind_of(recorded), recorded)
    to.mkdir(parents=True, exist_ok=True)
    listed = [fields_of(recorded) | {"frame": recorded.frame.hex()} for recorded in frames.values()]
    (to / "frames.json").write_text(one_a_line(listed))
    (to / "commands.json").write_text(one_a_line([fields_of(call) for call in commands.values()]))
    (to / "calls.json").write_text(json.dumps(reader.calls, indent=0) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
