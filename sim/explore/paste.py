"""A shrunken recording as a test that can be pasted into tests/."""

from collections.abc import Iterator
from typing import Final

from sim.explore.shrink import Shrunk
from sim.recording import Recording

WIDTH: Final = 96


def as_test(shrunk: Shrunk) -> str:
    """A whole file: the recording, and the assertion that the invariant holds in it."""
    invariant = shrunk.violation.invariant
    name = f"test_{invariant.lower()}_holds_in_what_seed_{shrunk.recording.seed}_drew"
    return "\n".join(
        (
            "from sim.explore.plays import again",
            "from sim.recording import Recording",
            "",
            "",
            f"def {name}() -> None:",
            f'    """{_plainly(shrunk.violation.what)}"""',
            "    recording = Recording(",
            *_arguments(shrunk.recording),
            "    )",
            "    violated = [str(each) for each in again(recording).violations]",
            f'    assert not [each for each in violated if each.startswith("{invariant}:")]',
            "",
        )
    )


def _arguments(recording: Recording) -> Iterator[str]:
    yield f"        seed={recording.seed},"
    yield "        draws={"
    for who, values in recording.draws.items():
        line = f"            {_quoted(who)}: {_tuple(values)},"
        yield line if len(line) <= WIDTH else f"{line}  # noqa: E501"
    yield "        },"
    yield f"        turns=({''.join(f'{_quoted(who)}, ' for who in recording.turns)}),".replace(
        ", ),", ",),"
    )


def _tuple(values: tuple[float, ...]) -> str:
    """Zeros in a row are counted: most of what is left is how many plain draws come before."""
    parts: list[str] = []
    zeros = 0
    for value in values:
        if value == 0.0:
            zeros += 1
            continue
        parts += _zeros(zeros)
        zeros = 0
        parts.append(f"{value!r}")
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def _zeros(count: int) -> list[str]:
    if count > 2:
        return [f"*[0.0] * {count}"]
    return ["0.0"] * count


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plainly(text: str) -> str:
    """As the inside of a docstring, on one line."""
    line = " ".join(text.replace("\\", "/").replace('"', "'").split())
    return line if len(line) <= WIDTH - 20 else line[: WIDTH - 21] + "…"
