"""The ordinary tests, run inside each generation: its Python, its systemd, its runc.

On a host without systemd the contracts meet the fakes only; here they meet what they stand for.
"""

from collections.abc import Iterator
from typing import Final

from tests.lab.lab_script import REPOSITORY
from tests.lab.root import Root

# The lab's own, and one that needs the compiler of the messages.
ELSEWHERE: Final = ("tests/lab", "tests/adapters/messages/test_regeneration.py")


def real_ones() -> Iterator[str]:
    """The files that hold a contract's real side."""
    for file in sorted(REPOSITORY.glob("tests/**/test_*_real.py")):
        yield str(file.relative_to(REPOSITORY))


def test_the_contracts_hold_on_the_real_engines_and_none_is_skipped(engines: Root) -> None:
    call = engines.pytest("-q", *real_ones())
    assert call.returncode == 0, call.stdout + call.stderr
    assert " skipped" not in call.stdout.splitlines()[-1], call.stdout


def test_everything_else_passes_with_this_generations_python(engines: Root) -> None:
    done = [f"--ignore={path}" for path in (*ELSEWHERE, *real_ones())]
    call = engines.pytest("-q", "tests", *done)
    assert call.returncode == 0, call.stdout + call.stderr
