"""What happened, in order, for a person to read."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    at_s: float
    who: str
    what: str

    def __str__(self) -> str:
        return f"{self.at_s:9.3f} s  {self.who:<10}  {self.what}"


@dataclass(slots=True)
class Story:
    lines: list[Line] = field(default_factory=list)

    def tell(self, at_s: float, who: str, what: str) -> None:
        self.lines.append(Line(at_s, who, what))

    def __str__(self) -> str:
        return "\n".join(str(line) for line in self.lines)
