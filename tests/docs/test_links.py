"""The pages for people lead where they say."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).parents[2]
FOLDERS: Final = ("adapters", "docs", "tests")
PAGES: Final = tuple(
    sorted(
        {
            *REPOSITORY.glob("*.md"),
            *(page for folder in FOLDERS for page in (REPOSITORY / folder).rglob("*.md")),
        }
    )
)

_CODE_BLOCK: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ +(.+)$", re.MULTILINE)
# A path of this repository in backticks: it begins with one of its folders.
_PATH: Final = re.compile(
    r"`((?:adapters|bench|docs|domain|entrypoints|packaging|script|sim|tests)/[\w./-]*)`"
)
_COMMAND: Final = re.compile(r"^(script/[\w-]+)", re.MULTILINE)


def pages() -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "page", PAGES, ids=[str(page.relative_to(REPOSITORY)) for page in PAGES]
    )


@pages()
def test_a_relative_link_leads_to_a_file_and_a_heading_in_it(page: Path) -> None:
    for target in _LINK.findall(_prose(page)):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{target} leads nowhere"
        if heading:
            assert heading in _anchors(found), f"{target} has no such heading"


@pages()
def test_a_path_in_backticks_exists(page: Path) -> None:
    missing = [path for path in _PATH.findall(_prose(page)) if not (REPOSITORY / path).exists()]
    assert missing == []


def test_every_page_of_docs_can_be_reached_from_its_index() -> None:
    index = REPOSITORY / "docs" / "README.md"
    reached = {index}
    fresh = [index]
    while fresh:
        page = fresh.pop()
        for target in _LINK.findall(_prose(page)):
            found = (page.parent / target.partition("#")[0]).resolve()
            if found.suffix == ".md" and found not in reached:
                reached.add(found)
                fresh.append(found)
    assert set((REPOSITORY / "docs").rglob("*.md")) - reached == set()


def test_the_commands_of_the_readme_exist_and_explain_themselves() -> None:
    blocks = "\n".join(_CODE_BLOCK.findall((REPOSITORY / "README.md").read_text()))
    commands = set(_COMMAND.findall(blocks))
    assert {"script/demo", "script/test"} <= commands
    for command in commands:
        program = REPOSITORY / command
        assert os.access(program, os.X_OK), f"{command} cannot be run"
        asked = subprocess.run(
            [program, "--help"],
            # Where everything is installed already: no command is to fetch anything here.
            env={**os.environ, "PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=False,
        )
        assert asked.returncode == 0
        assert Path(command).name in asked.stdout


def _prose(page: Path) -> str:
    """Without the blocks of code, whose brackets are no links."""
    return _CODE_BLOCK.sub("", page.read_text())


def _anchors(page: Path) -> set[str]:
    """As code hosts make them: small letters, dashes for blanks, signs left out."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in _HEADING.findall(page.read_text())
    }
