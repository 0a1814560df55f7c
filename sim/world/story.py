"""What happened, in order, for a person to read."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Line(NamedTuple):
    """One sentence, kept in its parts: most stories are never read, and writing takes time."""

    at_s: float
    who: str
    parts: tuple[object, ...]

    @property
    def what(self) -> str:
        return " ".join(map(str, self.parts))

    def __str__(self) -> str:
        return f"{self.at_s:9.3f} s  {self.who:<10}  {self.what}"


@dataclass(slots=True)
class Story:
    lines: list[Line] = field(default_factory=list)

    def tell(self, at_s: float, who: str, *parts: object) -> None:
        self.lines.append(Line(at_s, who, parts))

    def __str__(self) -> str:
        return "\n".join(str(line) for line in self.lines)
