import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.shim.flags import Flags, Misused, parse


def understood(*words: str) -> Flags:
    flags = parse(list(words))
    assert isinstance(flags, Flags), flags
    return flags


@pytest.mark.parametrize(
    "words",
    [
        ("-id", "web"),
        ("--id", "web"),
        ("-id=web",),
        ("--id=web",),
        ("-id", "other", "-id", "web"),
    ],
)
def test_a_text_comes_after_one_dash_or_two_in_the_next_word_or_after_an_equals_sign(
    words: tuple[str, ...],
) -> None:
    assert understood(*words, "start").texts["id"] == "web"


def test_a_text_may_look_like_a_flag_or_be_empty() -> None:
    assert understood("-id", "-debug").texts["id"] == "-debug"
    assert understood("-id=").texts["id"] == ""
    assert understood("-id", "").texts["id"] == ""


@pytest.mark.parametrize(
    ("word", "expected"),
    [("-debug", True), ("--debug", True), ("-debug=true", True), ("-debug=0", False)],
)
def test_a_switch_takes_its_value_only_after_an_equals_sign(word: str, expected: object) -> None:
    assert understood(word, "start").switches["debug"] is expected


def test_the_word_after_a_switch_is_the_action() -> None:
    assert understood("-debug", "false", "start").action == "false"


def test_what_follows_the_action_is_nobodys() -> None:
    flags = understood("start", "-id", "web", "-nonsense")
    assert flags.action == "start"
    assert flags.texts["id"] == ""


def test_two_dashes_end_the_flags() -> None:
    assert understood("-id", "web", "--", "-debug").action == "-debug"
    assert understood("--").action == ""


def test_a_single_dash_is_an_action() -> None:
    assert understood("-").action == "-"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["-nonsense", "start"], "flag provided but not defined: -nonsense"),
        (["-id"], "flag needs an argument: -id"),
        (["---id", "web"], "bad flag syntax: ---id"),
        (["-=web"], "bad flag syntax: -=web"),
        (["-debug=maybe"], 'invalid boolean value "maybe" for -debug'),
    ],
)
def test_what_go_would_refuse_is_refused_in_its_words(words: list[str], complaint: str) -> None:
    misused = parse(words)
    assert isinstance(misused, Misused)
    assert misused.complaint == complaint


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_asking_for_help_is_no_mistake(word: str) -> None:
    misused = parse([word])
    assert isinstance(misused, Misused)
    assert misused.complaint == ""


@given(st.lists(st.text(alphabet="-=aidebug", max_size=8)))
def test_no_command_line_breaks_the_parser(words: list[str]) -> None:
    before = list(words)
    assert isinstance(parse(words), Flags | Misused)
    assert words == before
