"""What a check found, and what to do about it."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    OK = "ok"
    WARN = "warn"  # it works, with less than one might expect
    FAIL = "FAIL"  # containers cannot be run, or not be removed


@dataclass(frozen=True, slots=True)
class Finding:
    verdict: Verdict
    subject: str
    says: str
    advice: str = ""


def ok(subject: str, says: str) -> Finding:
    return Finding(Verdict.OK, subject, says)


def warn(subject: str, says: str, advice: str) -> Finding:
    return Finding(Verdict.WARN, subject, says, advice)


def fail(subject: str, says: str, advice: str) -> Finding:
    return Finding(Verdict.FAIL, subject, says, advice)
