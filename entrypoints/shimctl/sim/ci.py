"""A run's result for machines: JUnit XML and JSON."""

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from entrypoints.shimctl.sim.options import narrowed

if TYPE_CHECKING:
    from sim.faults import Fault
    from sim.summary import Finding, Summary

# A failure in XML names so many seeds: the first tells as much as the hundredth.
SEEDS_SHOWN = 20


def junit(summary: "Summary", took_s: float, faults: str) -> str:
    """One test case for each invariant; a failure says which seeds violate it."""
    from sim.invariants import INVARIANTS  # noqa: PLC0415 (200 ms)

    suite = ET.Element("testsuite", name="shimctl sim run", time=f"{took_s:.3f}")
    failures = 0
    names: dict[str, list[str]] = {}
    for invariant, holds in INVARIANTS:
        names.setdefault(invariant, []).append(holds.__name__)
    for invariant, functions in names.items():
        case = ET.SubElement(
            suite, "testcase", classname=f"sim.{invariant}", name=", ".join(functions)
        )
        found = [
            (finding, violation)
            for finding in summary.failed
            for violation in finding.violations
            if violation.invariant == invariant
        ]
        if found:
            failures += 1
            first, violation = found[0]
            failure = ET.SubElement(case, "failure", message=f"{first.name}: {violation.what}")
            failure.text = "\n".join(
                line
                for finding in dict.fromkeys(each for each, _ in found[:SEEDS_SHOWN])
                for line in again(finding, faults)
            )
    suite.set("tests", str(len(names)))
    suite.set("failures", str(failures))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def as_json(summary: "Summary", took_s: float, catalogue: "tuple[Fault, ...]") -> str:
    """The summary with everything that was reached, by which play first, and what was not."""
    from sim.explore.coverage import missed, never_fired  # noqa: PLC0415 (200 ms)

    whole = {
        "seeds": summary.seeds,
        "mutants": summary.mutants,
        "lives": summary.lives,
        "steps": summary.steps,
        "crashes": summary.crashes,
        "seconds": round(took_s, 3),
        "fired": summary.fired,
        "violations": [
            {"play": str(finding.name), "invariant": each.invariant, "what": each.what}
            for finding in summary.failed
            for each in finding.violations
        ],
        "reached": [
            {**each._asdict(), "first": str(name)} for each, name in summary.reached.items()
        ],
        "missed": [each._asdict() for each in missed(summary.reached)],
        "never_fired": never_fired(summary.reached, catalogue),
    }
    return json.dumps(whole, indent=1) + "\n"


def again(finding: "Finding", faults: str) -> list[str]:
    """The commands that show it again, and in short."""
    from sim.summary import replay, shrink  # noqa: PLC0415 (200 ms)

    return [narrowed(replay(finding.name), faults), narrowed(shrink(finding.name), faults)]
