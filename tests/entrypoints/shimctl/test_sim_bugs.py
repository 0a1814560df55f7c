"""`shimctl sim bugs`: what is put back into the rules is found, and said so."""

from click.testing import CliRunner

from entrypoints.shimctl.main import shimctl
from sim.bugs.bank import BANK


def test_a_bug_that_is_put_back_is_found_and_its_story_is_measured() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "bugs", "signal-as-bare-number"])
    assert done.exit_code == 0, done.output
    found, summary = done.output.splitlines()
    assert found.startswith("signal-as-bare-number")
    assert "S5" in found
    assert " steps" in found
    assert summary.startswith("1 of 1 found; median ")


def test_a_bug_that_is_not_found_in_time_is_a_failure() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "bugs", "root-stays-mounted", "--time-limit", "0"])
    assert done.exit_code == 1
    assert "NOT FOUND in 1 seeds" in done.output


def test_the_list_says_of_each_what_it_does_wrong() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "bugs", "--list"])
    assert done.exit_code == 0
    assert len(done.output.splitlines()) == len(BANK)
    assert all(bug.wrong in done.output for bug in BANK)


def test_a_name_that_no_bug_has_is_not_understood() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "bugs", "nonesuch"])
    assert done.exit_code == 2
    assert "no bug 'nonesuch'" in done.output
