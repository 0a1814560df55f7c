"""A story's lines as rows of the page: where each happened, and in which words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from sim.outcome import Violation
from sim.world.story import LANES, Kind, Line, described

SHIM: Final = LANES.index("shim")
# Time that is worth a word of its own between two rows.
GAP_S: Final = 1.0
# The shim's last words, and its first.
ENDS: Final = (" is killed", " shuts down")
BEGINS: Final = " boots"
# What a client says of an answer.
ANSWERED: Final = "->"


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the page, counted from 1."""

    step: int
    line: Line
    violations: tuple[Violation, ...]
    partner: int | None  # a call's answer, an answer's call
    shim_is_down: bool

    @property
    def is_detail(self) -> bool:
        """Can be left out for a quick look."""
        return not (self.line.kind is Kind.SAID or self.line.fault or self.violations)

    def html(self) -> str:
        line = self.line
        return (
            f'<li role="option" id="step={self.step}" tabindex="-1" aria-selected="false" '
            f'class="{self._classes()}"{self._data()}>'
            f'<span class="step">{self.step}</span>'
            f"<time>{line.at_s:.3f} s</time>"
            f'<span class="lanes" aria-hidden="true">{self._picture()}</span>'
            f'<span class="text">{self._badges()}<b class="who">{escape(line.who)}</b> '
            f'<span class="what">{escape(line.what)}</span></span></li>'
        )

    def _classes(self) -> str:
        line = self.line
        names = [line.kind.name.lower(), f"lane{LANES.index(line.lane)}"]
        names += ["faulty"] if line.fault else []
        names += ["violated"] if self.violations else []
        names += ["detail-only"] if self.is_detail else []
        names += ["down"] if self.shim_is_down else []
        return " ".join(names)

    def _data(self) -> str:
        data = {
            "lane": self.line.lane,
            "fault": described(self.line.fault) if self.line.fault else "",
            "violation": "; ".join(map(str, self.violations)),
            "partner": "" if self.partner is None else str(self.partner),
        }
        return "".join(f' data-{name}="{escape(value)}"' for name, value in data.items() if value)

    def _picture(self) -> str:
        """A dot in the lane, or an arrow between the shim and the lane."""
        at = LANES.index(self.line.lane)
        match self.line.kind:
            case Kind.CALL:
                return f'<i class="wire {"right" if at > SHIM else "left"}"></i>'
            case Kind.ANSWER:
                return f'<i class="wire {"left" if at > SHIM else "right"}"></i>'
            case Kind.DETAIL if at < SHIM:  # a client asks
                return '<i class="wire right"></i>'
            case Kind.SAID if ANSWERED in self.line.parts:
                return '<i class="wire left"></i><i class="dot"></i>'
            case _:
                return '<i class="dot"></i>'

    def _badges(self) -> str:
        fault = self.line.fault
        struck = f'<em class="fault">{escape(fault.number)}</em> ' if fault else ""
        broken = "".join(
            f'<em class="violation">{escape(each.invariant)}</em> ' for each in self.violations
        )
        return broken + struck


def rows(lines: Sequence[Line], violations: Mapping[int, tuple[Violation, ...]]) -> Iterator[Row]:
    """`violations`: by the place of the line that they concern, counted from 0."""
    answers = {line.call: at for at, line in enumerate(lines) if line.call is not None}
    down = False
    for at, line in enumerate(lines):
        if line.who == "shim":
            down = line.what.endswith(ENDS) or (down and not line.what.endswith(BEGINS))
        partner = line.call if line.call is not None else answers.get(at)
        yield Row(
            step=at + 1,
            line=line,
            violations=violations.get(at, ()),
            partner=None if partner is None else partner + 1,
            shim_is_down=down,
        )


def table(of: Sequence[Row]) -> Iterator[str]:
    """The rows, and between them the time in which nothing happens."""
    before_s, down = 0.0, ""
    for row in of:
        passes_s = row.line.at_s - before_s
        if passes_s >= GAP_S:
            text = f"<span>{passes_s:.1f} s later</span>"
            yield f'<li role="presentation" class="gap{down}">{text}</li>'
        before_s, down = row.line.at_s, " down" * row.shim_is_down
        yield row.html()
