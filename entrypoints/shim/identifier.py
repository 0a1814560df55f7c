"""containerd's rule for ids, without `re` (5 ms): domain/identity.py says the same with it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

LENGTH_MAX: "Final" = 76
_SEPARATORS: "Final" = "._-"


def is_identifier(text: str) -> bool:
    """Whether this can be a namespace's or container's id, and so a path component (T065)."""
    if not 0 < len(text) <= LENGTH_MAX or not text.isascii():
        return False
    for separator in _SEPARATORS[1:]:
        text = text.replace(separator, _SEPARATORS[0])
    return all(part.isalnum() for part in text.split(_SEPARATORS[0]))
