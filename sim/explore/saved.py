"""A recording as a file."""

import json

from returns.result import Failure, Result, Success

from sim.recording import Recording


def to_json(recording: Recording) -> str:
    """Everything that it takes to play it."""
    whole = {
        "seed": recording.seed,
        "draws": {who: list(values) for who, values in recording.draws.items()},
        "turns": list(recording.turns),
    }
    return json.dumps(whole, indent=1) + "\n"


def from_json(text: str) -> Result[Recording, str]:
    """Fails with a sentence for whoever named the file."""
    try:
        whole = json.loads(text)
        draws = {
            str(who): tuple(float(value) for value in values)
            for who, values in whole["draws"].items()
        }
        recording = Recording(int(whole["seed"]), draws, tuple(map(str, whole["turns"])))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return Failure(f"no recording: {error!r}")
    if any(not 0.0 <= value < 1.0 for values in draws.values() for value in values):
        return Failure("no recording: a draw is a number from 0 up to, and not, 1")
    return Success(recording)
