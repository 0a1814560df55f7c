"""`shimctl sim` and `shimctl demo`, as a person runs them."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from domain import unit
from domain.exit_status import ExitStatus
from entrypoints.shimctl.main import shimctl
from entrypoints.shimctl.sim import COMMANDS
from entrypoints.shimctl.sim.replay import cut
from sim.faults import CATALOGUE
from sim.invariants import INVARIANTS
from sim.run import run


def test_seeds_that_break_nothing_end_with_a_summary_and_success() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "run", "--seeds", "5"])
    assert done.exit_code == 0, done.output
    lines = dict(line.split(maxsplit=1) for line in done.output.splitlines())
    assert lines["seeds"] == "5"
    assert int(lines["lives"]) >= 5
    assert int(lines["reached"].split()[0]) > 0
    assert lines["violations"] == "0"
    assert lines["pace"].endswith("lives a second")


@pytest.fixture
def _wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every status is told as 99."""
    monkeypatch.setattr(unit, "exit_status", lambda *_: ExitStatus(99))


@pytest.mark.usefixtures("_wrong")
def test_a_violation_ends_with_status_1_its_story_and_the_commands_that_show_it_again() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "run", "--first", "3", "--seeds", "4"])
    assert done.exit_code == 1
    assert "violated  S5: " in done.output
    assert "containerd  hears" in done.output
    assert "  shrink    shimctl sim shrink 3\n" in done.output
    replays = [line for line in done.output.splitlines() if line.startswith("  replay ")]
    again = CliRunner().invoke(shimctl, replays[0].split()[2:])
    assert again.exit_code == 1
    assert "violated  S5: " in again.output


@pytest.mark.usefixtures("_wrong")
def test_who_narrows_the_faults_is_given_commands_that_do_so_too() -> None:
    done = CliRunner().invoke(
        shimctl, ["sim", "run", "--first", "3", "--seeds", "4", "--faults", "none"]
    )
    assert done.exit_code == 1
    assert "  replay    shimctl sim replay 3 --faults none\n" in done.output
    assert "faults      0: none" in done.output
    assert CliRunner().invoke(shimctl, ["sim", "replay", "3", "--faults", "none"]).exit_code == 1


@pytest.mark.usefixtures("_wrong")
def test_ci_gets_a_test_case_for_each_invariant_and_everything_as_json(tmp_path: Path) -> None:
    xml, data = tmp_path / "sim.xml", tmp_path / "sim.json"
    files = ["--junit", str(xml), "--json", str(data)]
    assert CliRunner().invoke(shimctl, ["sim", "run", "--seeds", "4", *files]).exit_code == 1
    suite = ET.parse(xml).getroot()  # noqa: S314 (our own)
    cases = {case.get("classname"): case for case in suite}
    assert {f"sim.{invariant}" for invariant, _ in INVARIANTS} == set(cases)
    assert len(cases) == int(suite.get("tests", ""))
    failed = [case for case in cases.values() if case.find("failure") is not None]
    assert len(failed) == int(suite.get("failures", ""))
    assert "shimctl sim replay" in cases["sim.S5"].findtext("failure", "")
    whole = json.loads(data.read_text())
    assert whole["seeds"] == 4
    assert "S5" in {each["invariant"] for each in whole["violations"]}
    assert {"phase", "fault", "operation", "first"} == set(whole["reached"][0])


def test_two_processes_play_what_one_plays(tmp_path: Path) -> None:
    def reached(jobs: str) -> object:
        file = tmp_path / jobs
        options = ["--seeds", "60", "--jobs", jobs, "--json", str(file)]
        assert CliRunner().invoke(shimctl, ["sim", "run", *options]).exit_code == 0
        return {**json.loads(file.read_text()), "seconds": None}

    assert reached("1") == reached("2")


def test_after_the_time_limit_nothing_new_is_begun() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "run", "--time-limit", "0"])
    assert done.exit_code == 0
    assert "seeds       0\n" in done.output


def test_coverage_lists_what_was_reached_and_what_was_not() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "run", "--seeds", "20", "--coverage"])
    lines = done.output.splitlines()
    assert any(line.startswith("reached  F") and "(first by " in line for line in lines)
    assert any(line.startswith("missed   F") for line in lines)


def test_a_replay_tells_the_whole_story() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "replay", "3"])
    assert done.exit_code == 0, done.output
    assert str(run(3).story) in done.output
    mutants = [CliRunner().invoke(shimctl, ["sim", "replay", f"3~{each}"]) for each in range(4)]
    assert any(each.output != done.output for each in mutants)


@pytest.mark.usefixtures("_wrong")
def test_a_replay_can_be_a_page_which_has_more_to_tell(tmp_path: Path) -> None:
    file = tmp_path / "story.html"
    done = CliRunner().invoke(shimctl, ["sim", "replay", "3~1", "--html", str(file)])
    assert done.exit_code == 1, done.output
    assert "violated  S5: " in done.output
    page = file.read_text(encoding="utf-8")
    assert "<title>Seed 3~1 · violated S5" in page
    assert page.count('role="option"') > 2 * len(run(3).story.lines)


def test_faults_says_of_each_how_often_it_fired_and_what_guards_it() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "faults", "--seeds", "20"])
    lines = done.output.splitlines()
    for fault in CATALOGUE:
        assert any(line.startswith(f"{fault.number} ") and "guarded by " in line for line in lines)
    assert lines[-1].startswith("20 seeds; ")


def test_a_fault_that_never_fires_ends_with_status_1() -> None:
    """In one seed not everything can go wrong."""
    done = CliRunner().invoke(shimctl, ["sim", "faults", "--seeds", "1"])
    assert done.exit_code == 1
    assert "  NEVER\n" in done.output


def test_invariants_are_listed_with_what_they_say_and_where() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "invariants"])
    assert done.exit_code == 0
    for invariant, holds in INVARIANTS:
        assert f"\n{invariant:<4} " in f"\n{done.output}"
        assert f"{holds.__module__.replace('.', '/')}.py:" in done.output


@pytest.mark.usefixtures("_wrong")
def test_a_shrunken_story_can_be_saved_replayed_and_shrunk_again(tmp_path: Path) -> None:
    file = str(tmp_path / "it.json")
    done = CliRunner().invoke(shimctl, ["sim", "shrink", "3", "--save", file])
    assert done.exit_code == 0, done.output
    assert "violated  S5: " in done.output
    assert "def test_s5_holds_in_what_seed_3_drew() -> None:" in done.output
    replayed = CliRunner().invoke(shimctl, ["sim", "replay", file])
    assert replayed.exit_code == 1
    assert "violated  S5: " in replayed.output
    again = CliRunner().invoke(shimctl, ["sim", "shrink", file])
    assert again.output.splitlines()[0] == done.output.splitlines()[0]


def test_shrinking_towards_an_invariant_that_there_is_none_of_says_which_there_are() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "shrink", "3", "--invariant", "S99"])
    assert done.exit_code == 2
    assert "no invariant 'S99'; there are S1, " in done.output


def test_what_violates_nothing_is_not_shrunk() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "shrink", "3"])
    assert done.exit_code == 1
    assert "it does not violate anything" in done.output


def test_a_line_that_is_too_wide_is_cut() -> None:
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"


def test_a_wrong_argument_is_a_usage_error() -> None:
    assert CliRunner().invoke(shimctl, ["sim", "run", "--seeds", "many"]).exit_code == 2
    assert CliRunner().invoke(shimctl, ["sim", "walk"]).exit_code == 2
    assert CliRunner().invoke(shimctl, ["sim", "run", "--faults", "F0"]).exit_code == 2
    assert CliRunner().invoke(shimctl, ["sim", "replay", "x"]).exit_code == 2
    assert CliRunner().invoke(shimctl, ["demo"]).exit_code == 2


def test_the_demo_tells_a_life() -> None:
    done = CliRunner().invoke(shimctl, ["demo", "--sim"])
    assert done.exit_code == 0, done.output
    assert "Left over: nothing." in done.output


def test_the_help_teaches() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "run", "--help"])
    assert "shimctl sim run --first 4711 --seeds 1" in done.output


def test_the_help_lists_every_command_with_what_it_does() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "--help"])
    listed = done.output.split("Commands:")[1].splitlines()[1:]
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert not any(line.endswith("...") for line in listed)
