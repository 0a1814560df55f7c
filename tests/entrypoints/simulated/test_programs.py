"""What a simulated program's environment says about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.outcome import failed
from entrypoints.simulated.programs import AT_ONCE, FOREVER, Script, exec_script, init_script
from sim.world.kernel import Program
from sim.world.runc import program_of


def init(*said: str) -> Script:
    return init_script(said).unwrap()


def test_an_init_of_which_nothing_is_said_runs_until_it_is_killed() -> None:
    assert init("PATH=/bin", "SIMPLE=1") == FOREVER
    assert program_of(FOREVER.args()) == Program(exits=0, runs_s=None, on_term=0)


@pytest.mark.parametrize("said", ["SIM_EXIT=0", "SIM_OUTPUT=x", "SIM_ERRORS=x"])
def test_one_that_only_says_or_ends_does_that_at_once(said: str) -> None:
    assert init(said).runs_s == 0.0


def test_an_exec_has_words_of_its_own_and_ends_at_once() -> None:
    both = ("SIM_EXIT=3", "SIM_RUNS=2s", "SIM_EXEC_EXIT=4")
    assert exec_script(both).unwrap() == Script(exits=4, runs_s=0.0)
    assert init(*both) == Script(exits=3, runs_s=2.0)
    assert exec_script(()).unwrap() == AT_ONCE


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("2s", 2.0), ("2", 2.0), ("1.5m", 90.0), ("1h", 3600.0)]
)
def test_times_have_units(text: str, seconds: float) -> None:
    assert init(f"SIM_RUNS={text}").runs_s == seconds


def test_every_word_means_something() -> None:
    said = ("SIM_RUNS=input", "SIM_ECHO=1", "SIM_TERM=7", "SIM_OUTPUT=a=b", "SIM_ERRORS=")
    assert init(*said) == Script(
        runs_s=None, until_input_ends=True, on_term=7, output="a=b\n", errors="\n", echoes=True
    )
    assert init("SIM_TERM=ignore").on_term is None
    assert program_of(init("SIM_MISSING=1").args()) is None


@pytest.mark.parametrize(
    "said",
    ["SIM_EXIT=256", "SIM_EXIT=-1", "SIM_EXIT=", "SIM_RUNS=soon", "SIM_ECHO=yes", "SIM_TERM=x"],
)
def test_what_makes_no_sense_is_refused_with_what_would(said: str) -> None:
    refused = init_script((said,))
    assert failed(refused)
    assert refused.failure().startswith(f"{said}: ")
    assert "wanted" in refused.failure()


@given(st.integers(0, 255), st.floats(0.0, 1e6), st.one_of(st.none(), st.integers(0, 255)))
def test_a_scripts_args_mean_its_program(exits: int, runs_s: float, on_term: int | None) -> None:
    script = Script(exits=exits, runs_s=runs_s, on_term=on_term)
    assert program_of(script.args()) == Program(exits, runs_s, on_term)
