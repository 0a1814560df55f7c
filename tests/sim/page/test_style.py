"""Everybody can read it: text stands out from what is behind it, in light and in darkness."""

import re

import pytest

from sim.page.style import STYLE

# WCAG 2.1, 1.4.3 for text.
CONTRAST_MIN = 4.5
PALETTES = tuple(
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
)
TEXT_ON = (
    ("ink", "paper"),
    ("ink", "band"),
    ("ink", "here"),
    ("ink", "fault-band"),
    ("ink", "violation-band"),
    ("quiet", "paper"),
    ("quiet", "band"),
    ("quiet", "fault-band"),
    ("quiet", "violation-band"),
    ("on-badge", "fault"),
    ("on-badge", "violation"),
    ("fault", "band"),
    ("violation", "band"),
    ("violation", "paper"),
    ("good", "paper"),
)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_has_enough_contrast_in_light_and_darkness(text: str, ground: str) -> None:
    assert len(PALETTES) == 2
    for palette in PALETTES:
        assert contrast(palette[text], palette[ground]) >= CONTRAST_MIN, palette[text]
