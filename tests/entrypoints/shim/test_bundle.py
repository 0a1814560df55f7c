import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from entrypoints.shim import bundle

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), VALUES), st.sampled_from([None, 2]))
def test_every_json_object_is_one(value: dict[str, object], indent: int | None) -> None:
    assert bundle.is_json_object(json.dumps(value, indent=indent) + "\n")


@given(st.dictionaries(st.text(), VALUES, min_size=1), st.data())
def test_an_object_that_is_cut_short_is_none(value: dict[str, object], data: st.DataObject) -> None:
    text = json.dumps(value)
    assert not bundle.is_json_object(text[: data.draw(st.integers(0, len(text) - 1))])


def test_nesting_without_end_is_no_crash() -> None:
    assert not bundle.is_json_object('{"a":' * 200_000)


def test_bytes_that_are_no_text_are_judged_as_go_judges_them(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b'{"hostname": "\xff"}')
    assert bundle.check_config(str(tmp_path)) is None
