"""The command line of script/bench, which has the help."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import report as reports
from bench.machine import REPOSITORY, LabFailedError, machine
from bench.report import Report, Suite
from bench.simulation import lives_per_second
from bench.table import markdown

SUITES: Final = ("bookworm", "trixie", "sid")
MEASURES: Final = ("start", "delete", "life", "exec", "exit", "terminal", "stdout", "memory")
SIMULATION: Final = "simulation"

# Between them --into puts the tables.
BEGIN: Final = "<!-- figures: script/bench --into writes from here -->"
END: Final = "<!-- to here -->"

QUICK_ROUNDS: Final = 3
QUICK_IDLE: Final = 10
MISUSED: Final = 2


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    suites: tuple[str, ...]
    only: tuple[str, ...]
    rounds: int
    idle: int
    json: Path | None
    into: Path | None


def main() -> int:
    wish = _wish()
    if wish.into is not None and not _has_place(wish.into):
        return _misused(f"{wish.into} has no line {BEGIN!r} with a line {END!r} below it")
    try:
        report = _measure(wish)
    except LabFailedError as why:
        sys.stderr.write(f"bench: {why}\n")
        return 1
    sys.stdout.write(markdown(report))
    if wish.json is not None:
        wish.json.write_text(report.to_json())
    if wish.into is not None:
        _put_into(wish.into, markdown(report))
    return 0


def _wish() -> Wish:
    parser = argparse.ArgumentParser(prog="script/bench", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--suites", default="")
    parser.add_argument("--only", default="")
    parser.add_argument("-n", dest="rounds", type=_positive)
    parser.add_argument("--idle", type=_positive)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--into", type=Path)
    given = parser.parse_args()
    try:
        suites = _words(given.suites, SUITES) or (("trixie",) if given.quick else SUITES)
        only = _words(given.only, (*MEASURES, SIMULATION)) or (*MEASURES, SIMULATION)
    except ValueError as why:
        parser.error(str(why))
    return Wish(
        suites=suites if set(only) - {SIMULATION} else (),
        only=only,
        rounds=given.rounds or (QUICK_ROUNDS if given.quick else 20),
        idle=given.idle or (QUICK_IDLE if given.quick else 50),
        json=given.json,
        into=given.into,
    )


def _measure(wish: Wish) -> Report:
    host = reports.this_host()
    commit = reports.commit(REPOSITORY)
    rates: tuple[float, ...] = ()
    if SIMULATION in wish.only:
        _say("simulated lives")
        rates = tuple(lives_per_second(wish.rounds))
    suites = tuple(_suite(name, wish) for name in wish.suites)
    return Report(reports.now(), commit, wish.rounds, wish.idle, host, suites, rates)


def _suite(name: str, wish: Wish) -> Suite:
    _say(name)
    wanted = [measure for measure in wish.only if measure != SIMULATION]
    with machine(name) as here:
        printed = here.python("bench.inside", str(wish.rounds), str(wish.idle), *wanted)
    found = json.loads(printed)
    return Suite(name, found["versions"], found["measured"])


def _words(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(text.replace(",", " ").split())
    for word in words:
        if word not in known:
            raise ValueError(f"no {word!r}; there are {', '.join(known)}")
    return words


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _has_place(file: Path) -> bool:
    if not file.exists():
        return False
    _, begin, rest = file.read_text().partition(BEGIN)
    return bool(begin) and END in rest


def _put_into(file: Path, tables: str) -> None:
    before, _, rest = file.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    file.write_text(f"{before}{BEGIN}\n\n{tables}\n{END}{after}")


def _misused(why: str) -> int:
    sys.stderr.write(f"script/bench: {why}\n")
    return MISUSED


def _say(what: str) -> None:
    sys.stderr.write(f"bench: {what}\n")


sys.exit(main())
