"""Seeds: the same one plays the same life, and none breaks a rule."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.exit_status import Exit, ExitStatus
from domain.use_cases import exits
from sim.run import run

ROOT = Path(__file__).parents[2]


@settings(deadline=None, max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_no_seed_breaks_an_invariant(seed: int) -> None:
    report = run(seed)
    assert not report.violations, f"sim run --first {seed} --seeds 1\n{report.story}"


@pytest.mark.parametrize("seed", range(40))
def test_a_seed_played_twice_is_the_same_life(seed: int) -> None:
    """S32."""
    first, second = run(seed), run(seed)
    assert (first.digest, first.steps) == (second.digest, second.steps)


def test_a_seed_does_not_depend_on_how_python_hashes() -> None:
    program = "from sim.run import run; print([run(seed).digest for seed in range(20)])"
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": ":".join([str(ROOT), *sys.path]), "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(said) == 1


def _found(seeds: int) -> set[str]:
    return {violation.invariant for seed in range(seeds) for violation in run(seed).violations}


def test_a_signal_told_as_a_bare_number_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """D11, planted: 137 is told as 9."""
    honest = exits.ended

    def bare(shim: object, state: object) -> Exit | None:
        found = honest(shim, state)  # type: ignore[arg-type]
        if found is None or found.status <= 128:
            return found
        return Exit(ExitStatus(found.status - 128), found.at)

    monkeypatch.setattr(exits, "ended", bare)
    assert _found(60)


def test_an_exit_that_nobody_looks_for_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """D13, planted: hints lead nowhere, and neither does the resync."""

    async def blind(*_: object) -> None:
        return None

    monkeypatch.setattr(exits, "look", blind)
    assert _found(20)
