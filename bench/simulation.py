"""Lives a second in the simulator, on one core."""

import time
from typing import Final

from sim.run import run

SEEDS_PER_SAMPLE: Final = 50


def lives_per_second(samples: int) -> list[float]:
    """Of each batch of seeds: lives, by the processor time that they took."""
    _batch(0)  # imports and caches
    return [_batch(1 + number) for number in range(samples)]


def _batch(number: int) -> float:
    seeds = range(number * SEEDS_PER_SAMPLE, (number + 1) * SEEDS_PER_SAMPLE)
    begun = time.process_time()
    lives = sum(run(seed).lives for seed in seeds)
    return lives / (time.process_time() - begun)
