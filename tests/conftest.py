"""What all tests share: Hypothesis without dice; the lab's order, time limit and numbers."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import settings

# How long an example takes says something about the machine and its load, not about the code. A
# change is judged by what it changes: new examples are for `shimctl sim run` to find, which draws
# as many as one likes, and not for whoever happens to run the tests.
settings.register_profile("without clock and dice", deadline=None, derandomize=True)
settings.load_profile("without clock and dice")

GENERATION: Final = "lab generation"
# The first one in a session may have to build a root file system.
LAB_TIME_LIMIT_SECONDS: Final = 900

# Fixtures of tests/lab whose parameter is a generation.
GENERATION_FIXTURES: Final = ("engines", "emulated")


def generation_of(item: pytest.Item) -> str | None:
    """The generation of real engines that a test runs on, or None where it needs no lab."""
    call = getattr(item, "callspec", None)
    if call is not None:
        for fixture in GENERATION_FIXTURES:
            if fixture in call.params:
                return str(call.params[fixture])
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the lab last and each generation's tests together, so that each boots once."""
    for item in items:
        generation = generation_of(item)
        if generation is None:
            continue
        item.user_properties.append((GENERATION, generation))
        item.add_marker(pytest.mark.lab)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LAB_TIME_LIMIT_SECONDS))
    order = {name: index for index, name in enumerate(dict.fromkeys(map(generation_of, items)))}
    items.sort(key=lambda item: order[name] if (name := generation_of(item)) else -1)


def outcomes(reports: Iterable[pytest.TestReport]) -> dict[str, Counter[str]]:
    """For each generation how many tests came to which end; a test counts once."""
    worst: dict[tuple[str, str], str] = {}
    for report in reports:
        generation = dict(report.user_properties).get(GENERATION)
        if generation is None or (report.outcome == "passed" and report.when != "call"):
            continue
        key = (str(generation), report.nodeid)
        # A failure in taking down outweighs the pass before it.
        if worst.get(key) != "failed":
            worst[key] = report.outcome
    counted: dict[str, Counter[str]] = {}
    for (generation, _), outcome in worst.items():
        counted.setdefault(generation, Counter())[outcome] += 1
    return counted


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says for each generation how many lab tests ran, since a skipped one is easily overlooked."""
    reports = [
        report
        for category in ("passed", "failed", "skipped", "error", "xfailed", "xpassed")
        for report in terminalreporter.stats.get(category, [])
        if isinstance(report, pytest.TestReport)
    ]
    counted = outcomes(reports)
    if not counted:
        return
    terminalreporter.section("lab tests by generation")
    for generation, count in counted.items():
        ran = count["passed"] + count["failed"]
        terminalreporter.write_line(
            f"{generation:12} {ran} ran: {count['passed']} passed, {count['failed']} failed;"
            f" {count['skipped']} skipped"
        )
