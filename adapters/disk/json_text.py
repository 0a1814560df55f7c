"""Changing one member of a JSON text and no other byte of it.

A file that others wrote and others will read is not parsed and printed again: numbers beyond
2**53, `1e3`, escapes, the order of keys and the blanks between them stay as they are.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_BLANKS: Final = " \t\n\r"
_DECODER: Final = json.JSONDecoder()


class NotJson(ValueError):  # noqa: N818 - says what is the matter, as FileNotFoundError does
    """The text is no JSON, or not of the shape that the change needs."""


@dataclass(frozen=True, slots=True)
class _Member:
    key: str
    start: int  # of the value
    end: int


def with_member(text: str, path: Sequence[str], value: Any) -> str:
    """`text` with the member that `path` leads to set to `value`, made if it is missing.

    The text and all on the way must be objects; one that is null counts as missing. `NotJson`
    also if a key of the path stands there twice, even in other cases: Go, whose programs read
    these files, takes keys in any case and the last one of several.
    """
    top = _skip(text, 0)
    end = _end(text, top)
    if text[end:].strip(_BLANKS):
        raise NotJson("something follows the JSON value")
    start, end, replacement = _change(text, top, path, value)
    return text[:start] + replacement + text[end:]


def _change(text: str, at: int, path: Sequence[str], value: Any) -> tuple[int, int, str]:
    """Which part of the text becomes what; an object must start at `at`."""
    key, rest = path[0], path[1:]
    members = _members(text, at)
    found = [member for member in members if member.key.casefold() == key.casefold()]
    if len(found) > 1:
        raise NotJson(f"{key!r} stands there {len(found)} times")
    if not found:
        # In front: no care for what is behind the last member, and one comma at most.
        comma = "," if members else ""
        return at + 1, at + 1, f"{json.dumps(key)}:{_printed(rest, value)}{comma}"
    start, end = found[0].start, found[0].end
    if not rest or text[start:end] == "null":
        return start, end, _printed(rest, value)
    return _change(text, start, rest, value)


def _printed(path: Sequence[str], value: Any) -> str:
    for key in reversed(path):
        value = {key: value}
    return json.dumps(value, separators=(",", ":"))


def _members(text: str, at: int) -> list[_Member]:
    if text[at : at + 1] != "{":
        raise NotJson("an object is needed")
    members: list[_Member] = []
    at = _skip(text, at + 1)
    while text[at : at + 1] == '"':
        key, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)  # behind the colon
        end = _end(text, start)
        members.append(_Member(key, start, end))
        at = _skip(text, _skip(text, end) + 1)  # behind the comma, or the brace
    return members


def _end(text: str, at: int) -> int:
    try:
        _value, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error
    return end


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _BLANKS:
        at += 1
    return at
