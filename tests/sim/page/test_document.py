"""The page of a story, as a document: whole, by itself, and nothing lost or let through."""

import re
from dataclasses import replace

import pytest

from sim.page import page
from sim.page.document import POLICY
from sim.run import Report, run
from sim.world.story import LANES, Story
from tests.sim.page.document_tree import Element, read, steps_of
from tests.sim.page.played import INJECTED, played


@pytest.fixture(scope="module")
def document() -> Element:
    return read(page(played()))


def test_every_line_of_the_story_is_a_step_in_its_words(document: Element) -> None:
    steps = steps_of(document)
    lines = played().story.lines
    assert [step.of_class("what")[0].text for step in steps] == [line.what for line in lines]
    assert [step.of_class("who")[0].text for step in steps] == [line.who for line in lines]
    assert [step.all("time")[0].text for step in steps] == [f"{each.at_s:.3f} s" for each in lines]
    assert [step.attributes["data-lane"] for step in steps] == [line.lane for line in lines]
    assert [step.attributes["id"] for step in steps] == [
        f"step={number}" for number in range(1, len(lines) + 1)
    ]


def test_nothing_is_fetched_from_anywhere() -> None:
    text = page(played())
    assert not re.search(r"\b(src|srcset|data|action|poster)\s*=\s*[\"']", text)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttp|<link|<img", text)
    assert POLICY.startswith("default-src 'none'")
    assert f'content="{POLICY}"' in text


def test_what_a_story_says_is_text_and_never_markup(document: Element) -> None:
    assert INJECTED not in page(played())
    assert INJECTED in document.of_class("violations")[0].text


def test_the_title_says_what_was_played_and_how_it_ended(document: Element) -> None:
    title = document.all("title")[0].text
    assert title.startswith(f"Seed {played().seed} · violated S9 L6 · ")
    for number in played().fired:
        assert number in title
    good = read(page(replace(played(), violations=())))
    assert "everything holds" in good.all("title")[0].text
    assert "Seed 17~3 · " in read(page(played(), "17~3")).all("title")[0].text


def test_every_violation_is_listed_and_leads_to_a_step_that_bears_its_mark(
    document: Element,
) -> None:
    links = document.of_class("violations")[0].all("a")
    assert len(links) == 2
    steps = {each.attributes.get("id"): each for each in document.all("li")}
    for link in links:
        invariant = link.of_class("violation")[0].text
        step = steps[link.attributes["href"].removeprefix("#")]
        assert invariant in [each.text for each in step.of_class("violation")]
        assert "violated" in step.attributes["class"].split()


def test_every_fault_marks_its_steps(document: Element) -> None:
    steps = steps_of(document)
    for step, line in zip(steps, played().story.lines, strict=True):
        marks = [each.text for each in step.of_class("fault")]
        assert marks == ([line.fault.number] if line.fault else [])
        assert ("faulty" in step.attributes["class"].split()) == (line.fault is not None)
        assert ("data-fault" in step.attributes) == (line.fault is not None)


def test_a_call_and_its_answer_lead_to_each_other(document: Element) -> None:
    steps = steps_of(document)
    paired = [at for at, each in enumerate(steps) if "data-partner" in each.attributes]
    assert paired
    for at in paired:
        partner = int(steps[at].attributes["data-partner"]) - 1
        assert int(steps[partner].attributes["data-partner"]) - 1 == at


def said(*lines: tuple[float, str, str]) -> Report:
    """A report of a story made by hand."""
    story = Story()
    for at_s, who, what in lines:
        story.tell(at_s, who, what)
    return replace(played(), violations=(), story=story)


def test_from_its_death_to_its_boot_the_shims_lane_is_interrupted() -> None:
    story = said(
        (0.0, "shim", "shim 1 is killed"),
        (0.1, "client", "create default/c0 has no answer"),
        (0.1, "kernel", "boots"),
        (9.0, "shim", "shim 2 boots"),
        (9.0, "shim", "shim 2 serves"),
        (9.5, "shim", "shim 2 shuts down"),
    )
    steps = steps_of(read(page(story)))
    down = ["down" in each.attributes["class"].split() for each in steps]
    assert down == [True, True, True, False, False, True]


def test_a_death_as_the_world_tells_it_interrupts_the_lane(document: Element) -> None:
    assert played().crashes
    assert document.of_class("down")
    assert any("down" not in each.attributes["class"].split() for each in steps_of(document))


def test_the_lanes_stand_above_the_steps(document: Element) -> None:
    head = document.all("main")[0].all("div")[0]
    assert tuple(each.text for each in head.all("span")) == LANES


def test_time_in_which_nothing_happens_takes_one_row() -> None:
    story = said((0.9, "shim", "a"), (1.8, "shim", "b"), (42.0, "shim", "c"), (43.0, "shim", "d"))
    gaps = [each.text for each in read(page(story)).of_class("gap")]
    assert gaps == ["40.2 s later", "1.0 s later"]


def test_a_short_story_has_its_page_too() -> None:
    report = run(3)
    assert len(read(page(report)).all("time")) == len(report.story.lines)


def test_an_empty_story_has_its_page_too() -> None:
    root = read(page(replace(played(), story=Story())))
    assert "no steps" in root.all("header")[0].text
