"""The page in a real browser: Chromium without a head, and without a network."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from sim.page import page
from sim.world.story import Kind
from tests.sim.page.document_tree import read, steps_of
from tests.sim.page.played import played

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium (apt install chromium)")

# Presses each key, notes the step that is then the current one, and whether it can be seen.
PRESS = """<script>
const said = [];
const main = document.querySelector("main").getBoundingClientRect();
const head = document.querySelector(".head").getBoundingClientRect();
const note = (key) => {
  const rows = document.querySelectorAll("[aria-selected=true]");
  const box = rows[0].getBoundingClientRect();
  said.push([key, rows.length, Number(rows[0].querySelector(".step").textContent),
    box.top >= head.bottom - 1 && box.bottom <= main.bottom + 1, document.activeElement === rows[0],
    document.getElementById("closer").textContent, location.hash]);
};
note("");
for (const key of KEYS) {
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  note(key);
}
const made = document.createElement("pre");
made.id = "said";
made.textContent = JSON.stringify(said);
document.body.append(made);
</script></body>"""


def chromium(folder: Path, html: str, fragment: str, *options: str) -> str:
    """What the browser prints for the page."""
    file = folder / "story.html"
    file.write_text(html, encoding="utf-8")
    command = [
        *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *(f"--user-data-dir={folder / 'profile'}", "--window-size=1280,800"),
        *("--virtual-time-budget=5000", *options, f"{file.as_uri()}{fragment}"),
    ]
    return subprocess.run(command, capture_output=True, check=True, text=True, timeout=120).stdout


def pressed(folder: Path, keys: list[str], fragment: str = "") -> list[tuple[str, int, str]]:
    """After each key: the key, the current step, and what is said of it."""
    script = PRESS.replace("KEYS", json.dumps(keys))
    shown = chromium(folder, page(played()).replace("</body>", script), fragment, "--dump-dom")
    found = re.search(r'<pre id="said">(.*?)</pre>', shown)
    assert found, shown[-2000:]
    said = []
    for key, count, step, is_seen, has_focus, closer, address in json.loads(unescape(found[1])):
        assert (count, is_seen, has_focus) == (1, True, True), (key, step)
        assert address == f"#step={step}"
        said.append((key, step, closer))
    return said


def places(keys: list[str], said: list[tuple[str, int, str]]) -> list[int]:
    assert [key for key, _, _ in said] == ["", *keys]
    return [step for _, step, _ in said]


def test_keys_step_on_and_back_and_to_both_ends(tmp_path: Path) -> None:
    last = len(played().story.lines)
    keys = ["ArrowRight", "j", "ArrowDown", "ArrowLeft", "k", "End", "j", "Home", "k"]
    steps = places(keys, pressed(tmp_path, keys, "#step=12"))
    assert steps == [12, 13, 14, 15, 14, 13, last, last, 1, 1]


def test_keys_go_from_fault_to_fault_and_from_violation_to_violation(tmp_path: Path) -> None:
    lines = played().story.lines
    faults = [at + 1 for at, line in enumerate(lines) if line.fault is not None]
    violated = [
        int(each.attributes["id"].removeprefix("step="))
        for each in steps_of(read(page(played())))
        if "violated" in each.attributes["class"].split()
    ]
    keys = ["Home", "f", "f", "F", "Home", *["v"] * len(violated), "v", "V"]
    said = pressed(tmp_path, keys)
    want = [violated[0], 1, faults[0], faults[1], faults[0], 1, *violated, violated[-1]]
    assert places(keys, said)[:-1] == want
    assert "Fault F" in said[2][2]
    assert "Violated " in said[0][2]


def test_enter_goes_from_a_call_to_its_answer_and_back(tmp_path: Path) -> None:
    lines = played().story.lines
    answer = next(at for at, line in enumerate(lines) if line.call is not None)
    call = lines[answer].call
    assert call is not None
    said = pressed(tmp_path, ["Enter", "Enter"], f"#step={call + 1}")
    assert [step for _, step, _ in said] == [call + 1, answer + 1, call + 1]
    assert f"answered at step {answer + 1}" in said[0][2]
    assert f"the answer to step {call + 1}" in said[1][2]


def test_details_can_be_left_out(tmp_path: Path) -> None:
    lines = played().story.lines
    said = [at + 1 for at, line in enumerate(lines) if line.kind is Kind.SAID or line.fault]
    steps = places(["d", "Home", "j", "d", "j"], pressed(tmp_path, ["d", "Home", "j", "d", "j"]))
    assert steps[2:4] == said[:2]
    assert steps[5] == said[1] + 1


def test_the_step_in_the_address_is_shown_in_full(tmp_path: Path) -> None:
    dom = chromium(tmp_path, page(played()), "#step=12", "--dump-dom")
    chosen = re.findall(r'id="step=(\d+)"[^>]*aria-selected="true"', dom)
    assert chosen == ["12"]
    found = re.search(r'<section id="closer".*?</section>', dom, re.DOTALL)
    assert found
    assert played().story.lines[11].what in unescape(re.sub("<[^>]+>", "", found[0]))


def test_a_picture_of_it_can_be_taken_and_is_not_blank(tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    chromium(tmp_path, page(played()), "", f"--screenshot={picture}")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000
