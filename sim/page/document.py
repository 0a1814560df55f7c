"""The page itself: what was played and how it ended on top, the steps below, a closer look last."""

from html import escape
from typing import Final

from sim.outcome import Violation
from sim.page.marks import concerned
from sim.page.rows import Row, rows, table
from sim.page.script import SCRIPT
from sim.page.style import STYLE
from sim.run import Report
from sim.world.story import LANES

# Nothing is fetched from anywhere, whatever a story may hold.
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
KEYS: Final = (
    ("← k", "step back"),
    ("→ j", "step on"),
    ("Home End", "first, last"),
    ("f F", "next, previous fault"),
    ("v V", "next, previous violation"),
    ("Enter", "call ↔ answer"),
    ("d", "details on, off"),
)


def page(report: Report, name: str = "") -> str:
    """One HTML document that needs nothing else; of a detailed story every call is in it.

    `name` is what was played, by default the report's seed.
    """
    name = name or str(report.seed)
    lines = report.story.lines
    marks: dict[int, tuple[Violation, ...]] = {}
    for violation in dict.fromkeys(report.violations):
        at = concerned(violation, lines)
        if at is not None:
            marks[at] = (*marks.get(at, ()), violation)
    steps = tuple(rows(lines, marks))
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(_title(report, name))}</title>",
            f"<style>{STYLE}</style>\n</head>\n<body>",
            _header(report, name, steps),
            f'<main>\n<div class="head" aria-hidden="true">{_lane_names()}</div>',
            '<ol role="listbox" id="steps" aria-label="Steps of the story">',
            *table(steps),
            "</ol>\n</main>",
            '<section id="closer" aria-label="The step in full" aria-live="polite"></section>',
            f"<script>{SCRIPT}</script>\n</body>\n</html>\n",
        )
    )


def _title(report: Report, name: str) -> str:
    faults = " ".join(report.fired) or "no faults"
    return f"Seed {name} · {_verdict(report)} · {_count(report.lives, 'life')} · {faults}"


def _verdict(report: Report) -> str:
    broken = dict.fromkeys(violation.invariant for violation in report.violations)
    return f"violated {' '.join(broken)}" if broken else "everything holds"


def _count(number: int, what: str) -> str:
    if number == 1:
        return f"1 {what}"
    return f"{number} {'lives' if what == 'life' else f'{what}s'}"


def _header(report: Report, name: str, steps: tuple[Row, ...]) -> str:
    verdict = "bad" if report.violations else "good"
    facts = ", ".join(
        (
            _count(report.lives, "life"),
            f"{_count(report.crashes, 'death')} of the shim",
            f"{_count(len(steps), 'step')} over {report.story.lines[-1].at_s:.1f} s"
            if steps
            else "no steps",
        )
    )
    keys = " ".join(f"<span><kbd>{key}</kbd> {does}</span>" for key, does in KEYS)
    return (
        f'<header>\n<h1>Seed {escape(name)} <strong class="{verdict}">'
        f"{escape(_verdict(report))}</strong></h1>\n<p>{escape(facts)}. {_faults(report)}</p>\n"
        f'{_violations(steps)}<p class="keys">{keys}</p>\n</header>'
    )


def _faults(report: Report) -> str:
    if not report.fired:
        return "No fault fired."
    fired = " ".join(
        f'<em class="fault">{escape(number)}</em>{f" {times} times" if times > 1 else ""}'
        for number, times in report.fired.items()
    )
    return f"Faults that fired: {fired}"


def _violations(steps: tuple[Row, ...]) -> str:
    listed = "".join(
        f'<li><a href="#step={row.step}"><em class="violation">{escape(each.invariant)}</em> '
        f"{escape(each.what)} <small>step {row.step}</small></a></li>"
        for row in steps
        for each in row.violations
    )
    return f'<ul class="violations" aria-label="Violated invariants">{listed}</ul>\n' * bool(listed)


def _lane_names() -> str:
    return "".join(f"<span>{name}</span>" for name in LANES)
