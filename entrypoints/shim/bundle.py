"""What `start` reads and leaves in the bundle."""

import posix

from entrypoints.places import ADDRESS_FILE, START_NOTE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_CONFIG: "Final" = "config.json"
# D52: what lies in a bundle is for root; `address` is 0644 as runc's shim writes it, since
# containerd's own tools read it.
_PRIVATE: "Final" = 0o600
_PUBLIC: "Final" = 0o644
_NEW: "Final" = posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_NOFOLLOW


class BadBundle:
    """Why this bundle cannot be used; nothing has been left in it."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


def check_config(bundle: str) -> BadBundle | None:
    """Whether config.json is there and is a JSON object (T064); Create judges what is in it."""
    path = f"{bundle}/{_CONFIG}"
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (pathlib costs more than this program)
            content = file.read()
    except OSError as error:
        return BadBundle(f"cannot read {path}: {error.strerror}")
    if not is_json_object(content.decode(errors="replace")):
        return BadBundle(f"{path} is no JSON object")
    return None


def is_json_object(text: str) -> bool:
    """Whether the whole text is one JSON object."""
    text = text.strip(" \t\n\r")
    if text[:1] != "{":
        return False
    try:
        # The parser inside `json`, in C. The module around it brings `re`, 6 ms, to say the same.
        from _json import make_scanner  # noqa: PLC0415 (not every Python has it)

        # It takes anything with a decoder's attributes, as `json.decoder` itself relies on.
        _, end = make_scanner(_GoLike())(text, 0)  # type: ignore[arg-type]
    except (ImportError, AttributeError, TypeError, StopIteration, ValueError, SystemError):
        # It is not there, or not as it was, or it says no: then the way in that is documented
        # decides. (Without `json` the parser cannot even say no: SystemError up to Python 3.11.)
        return _is_json_by_the_front_door(text)
    except RecursionError:
        return False
    return end == len(text)


def leave(bundle: str, address: str, *, debug: bool, ttrpc_address: str) -> BadBundle | None:
    """Writes the note for the daemon and the address for containerd, both or none."""
    note = f"debug={'true' if debug else 'false'}\nttrpc_address={ttrpc_address}\n"
    left: list[str] = []
    for name, content, mode in (
        (START_NOTE, note, _PRIVATE),
        # No newline behind it: containerd 1.6 and 1.7 do not trim (T055).
        (ADDRESS_FILE, address, _PUBLIC),
    ):
        path = f"{bundle}/{name}"
        try:
            _write_whole(path, content.encode(), mode)
        except OSError as error:
            for written in left:
                _remove(written)
            return BadBundle(f"cannot write {path}: {error.strerror}")
        left.append(path)
    return None


class _GoLike:
    """How to read JSON: as containerd does, so without NaN and Infinity."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}  # noqa: RUF012 (the scanner's own business)

    @staticmethod
    def parse_constant(name: str) -> float:
        raise ValueError(name)


def _is_json_by_the_front_door(text: str) -> bool:
    from json import loads  # noqa: PLC0415 (see the caller)

    try:
        loads(text, parse_constant=_GoLike.parse_constant)
    except (ValueError, RecursionError):
        return False
    return True


def _write_whole(path: str, content: bytes, mode: int) -> None:
    """The old content or the new, never half of one, whoever reads meanwhile (D52).

    Not synced: the bundle describes a container that does not outlive the machine's power.
    """
    # Two `start`s of one bundle do not happen, a leftover of a killed one does.
    draft = f"{path}.{posix.getpid()}"
    descriptor = posix.open(draft, _NEW, mode)
    try:
        posix.fchmod(descriptor, mode)  # whatever the umask
        view = memoryview(content)
        while view:
            view = view[posix.write(descriptor, view) :]
        posix.rename(draft, path)
    except OSError:
        _remove(draft)
        raise
    finally:
        posix.close(descriptor)


def _remove(path: str) -> None:
    try:  # noqa: SIM105 (contextlib costs 1 ms)
        posix.unlink(path)
    except FileNotFoundError:
        pass
