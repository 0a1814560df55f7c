"""Plays by their names: a seed, or what became of one by mutations; each replays exactly."""

import re
from dataclasses import dataclass, field
from typing import Final

from returns.result import Failure, Result, Success

from sim.explore.mutation import Mutant, Wandering
from sim.faults import CATALOGUE, Fault
from sim.recording import InOrder, Recorder, Recording, Replayer
from sim.run import Report, picked_by, play, run
from sim.world.story import Story

_NAME: Final = re.compile(r"[0-9]+(~[0-9]+)*")
# So many recordings are kept: a batch mutates a few plays several times.
RECORDINGS_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class PlayName:
    """`17~3~8` is seed 17, mutated by 3, and that by 8."""

    seed: int
    mutations: tuple[int, ...] = ()

    def __str__(self) -> str:
        return "~".join(map(str, (self.seed, *self.mutations)))

    def mutated_by(self, number: int) -> "PlayName":
        return PlayName(self.seed, (*self.mutations, number))

    @property
    def parent(self) -> "PlayName":
        return PlayName(self.seed, self.mutations[:-1])


def play_name(text: str) -> Result[PlayName, str]:
    """Fails with a sentence for whoever typed it."""
    if not _NAME.fullmatch(text):
        return Failure(f"{text!r} is no seed (17) and no mutation of one (17~3)")
    seed, *mutations = map(int, text.split("~"))
    return Success(PlayName(seed, tuple(mutations)))


def again(
    recording: Recording, catalogue: tuple[Fault, ...] = CATALOGUE, story: Story | None = None
) -> Report:
    """Plays what was recorded, or what is left of it."""
    return play(Replayer(recording), InOrder(recording.turns), catalogue, story)


@dataclass(slots=True)
class Plays:
    """Plays names under one catalogue, and remembers the last recordings."""

    catalogue: tuple[Fault, ...] = CATALOGUE
    _recordings: dict[PlayName, Recording] = field(default_factory=dict)

    def report(self, name: PlayName, story: Story | None = None) -> Report:
        """What the name plays, told to `story`: by default the short one."""
        if not name.mutations:
            return run(name.seed, self.catalogue, story)
        return self._play(name, story)[0]

    def recording(self, name: PlayName) -> Recording:
        """Its choices."""
        found = self._recordings.get(name)
        if found is None:
            if len(self._recordings) >= RECORDINGS_KEPT:
                del self._recordings[next(iter(self._recordings))]
            found = self._recordings[name] = self._play(name)[1].recording()
        return found

    def _play(self, name: PlayName, story: Story | None = None) -> tuple[Report, Recorder]:
        choices: Recorder
        if name.mutations:
            parent = self.recording(name.parent)
            choices = mutant = Mutant(parent, str(name))
            pick = choices.keeping(Wandering(parent.turns, mutant.child))
        else:
            choices = Recorder(name.seed)
            pick = choices.keeping(picked_by(choices))
        return play(choices, pick, self.catalogue, story), choices
