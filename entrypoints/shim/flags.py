"""containerd's command line, read by the rules of Go's flag package.

One dash or two, a value in the next word or after `=`, switches only with `=`; the first word
that is no flag is the action, and what follows it is nobody's.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

TEXTS: "Final" = {
    "namespace": "containerd namespace of the container",
    "id": "id of the container",
    "address": "containerd's gRPC socket",
    "publish-binary": "containerd's own path (not needed: events go over ttrpc)",
    "bundle": "the container's bundle (default: the working folder)",
    # The two are for the serving child of other shims; the daemon here has its own command line.
    "socket": "accepted for the sake of other shims' callers",
    "debug-socket": "accepted for the sake of other shims' callers",
}
SWITCHES: "Final" = {
    "debug": "containerd logs at debug level",
    "info": "describe the runtime (options on standard input)",
    "v": "show the version",
    "version": "show the version",
}

# strconv.ParseBool's words.
_TRUE: "Final" = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: "Final" = frozenset({"0", "f", "F", "FALSE", "false", "False"})


class Flags:
    """What was asked: a text for each flag ("" where none was given), the switches, the action."""

    __slots__ = ("action", "switches", "texts")

    def __init__(self, texts: dict[str, str], switches: dict[str, bool], action: str) -> None:
        self.texts = texts
        self.switches = switches
        self.action = action


class Misused:
    """A command line that cannot be understood; `complaint` is "" when help was asked for."""

    __slots__ = ("complaint",)

    def __init__(self, complaint: str) -> None:
        self.complaint = complaint


def parse(words: list[str]) -> Flags | Misused:
    """Reads the words after the program's name."""
    texts = dict.fromkeys(TEXTS, "")
    switches = dict.fromkeys(SWITCHES, False)
    rest = list(words)
    while rest:
        word = rest[0]
        if len(word) < 2 or word[0] != "-":
            return Flags(texts, switches, word)
        rest.pop(0)
        if word == "--":
            break
        complaint = _take(word, rest, texts, switches)
        if complaint is not None:
            return Misused(complaint)
    return Flags(texts, switches, rest[0] if rest else "")


def usage() -> str:
    """The help text, one line for each flag."""
    lines = [
        "containerd runs this program; people use shimctl.",
        "",
        "usage: containerd-shim-systemd-v1 [FLAGS] start|delete",
        "       containerd-shim-systemd-v1 -info",
        "",
    ]
    lines += [f"  -{name} VALUE\n        {meaning}" for name, meaning in TEXTS.items()]
    lines += [f"  -{name}\n        {meaning}" for name, meaning in SWITCHES.items()]
    return "\n".join(lines) + "\n"


def _take(
    word: str, rest: list[str], texts: dict[str, str], switches: dict[str, bool]
) -> str | None:
    """Takes one flag, and from `rest` its value if it needs one; a complaint if it cannot."""
    name, equals, value = word[2 if word[1] == "-" else 1 :].partition("=")
    if not name or name[0] == "-":
        return f"bad flag syntax: {word}"
    if name in TEXTS:
        if not equals and not rest:
            return f"flag needs an argument: -{name}"
        texts[name] = value if equals else rest.pop(0)
    elif name in SWITCHES:
        if equals and value not in _TRUE | _FALSE:
            return f'invalid boolean value "{value}" for -{name}'
        switches[name] = not equals or value in _TRUE
    else:
        return "" if name in {"h", "help"} else f"flag provided but not defined: -{name}"
    return None
