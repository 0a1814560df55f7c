"""A container's life and an exec, as a client of containerd has them."""

from collections.abc import Callable
from typing import Final

from bench.inside import ctr
from bench.inside.ctr import Runtime
from bench.inside.timing import Samples, in_turns, timed

CTR: Final = "ctr version"


def life(rounds: int) -> Samples:
    """`ctr run --rm … true`, and what ctr itself takes for saying its version."""
    subjects: dict[str, Callable[[str], float]] = {each.short: _living(each) for each in ctr.BOTH}
    subjects[CTR] = lambda _: timed(ctr.VERSION)
    return in_turns(rounds, subjects)


def execs(rounds: int) -> Samples:
    """`ctr tasks exec … true` in a container that idles."""
    for runtime in ctr.BOTH:
        ctr.start_idle(runtime, runtime.id("exec"))
    try:
        return in_turns(rounds, {each.short: _executing(each) for each in ctr.BOTH})
    finally:
        for runtime in ctr.BOTH:
            ctr.remove(runtime.id("exec"))


def _living(runtime: Runtime) -> Callable[[str], float]:
    def measure(word: str) -> float:
        return timed(ctr.run(runtime, runtime.id(f"life{word}"), "true", options=("--rm",)))

    return measure


def _executing(runtime: Runtime) -> Callable[[str], float]:
    def measure(word: str) -> float:
        return timed(ctr.execute(runtime.id("exec"), f"e{word}", "true"))

    return measure
