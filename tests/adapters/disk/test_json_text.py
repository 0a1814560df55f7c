"""One member changes, and not one other byte."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.disk.json_text import NotJson, with_member

PATH = ("linux", "cgroupsPath")

# What containerd writes, plus everything that a parse-and-print would have changed.
ODD = """{
\t"ociVersion" : "1.2.0", "z": 1, "a": 2,
  "numbers": [18446744073709551615, 123456789012345678901234567890, 1e3, 1.0, -0, 1E-7, 0.1],
  "texts": ["\\u00fc", "ü", "\\ud83d\\ude00", "😀", "\\ud800", "\\/", "<&>\\u003c", "\\u0000"],
  "linux":{ "maskedPaths":[ ] ,"cgroupsPath" :\t"/default/web" , "seccomp":{"a":null}}
}
"""


def test_every_other_byte_of_the_text_stays() -> None:
    changed = with_member(ODD, PATH, "/system.slice/u.service/container")
    assert changed == ODD.replace('"/default/web"', '"/system.slice/u.service/container"')


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("{}", '{"linux":{"cgroupsPath":"x"}}'),
        (' { "a":1}', ' {"linux":{"cgroupsPath":"x"}, "a":1}'),
        ('{"linux":null,"a":1}', '{"linux":{"cgroupsPath":"x"},"a":1}'),
        ('{"linux":{}}', '{"linux":{"cgroupsPath":"x"}}'),
        ('{"linux":{"a":[]}}', '{"linux":{"cgroupsPath":"x","a":[]}}'),
        ('{"linux":{"cgroupsPath":null}}', '{"linux":{"cgroupsPath":"x"}}'),
        ('{"linux":{"cgroupsPath":{"b":[1]}}}\n', '{"linux":{"cgroupsPath":"x"}}\n'),
        ('{"a":{"cgroupsPath":1},"linux":{"cgroupsPath":2}}',
         '{"a":{"cgroupsPath":1},"linux":{"cgroupsPath":"x"}}'),
        ('{"Linux":{"CGROUPSPATH":1}}', '{"Linux":{"CGROUPSPATH":"x"}}'),
        ('{"\\u006cinux":{"cgroupsPath":1}}', '{"\\u006cinux":{"cgroupsPath":"x"}}'),
    ],
)  # fmt: skip
def test_the_member_is_changed_where_it_is_or_made_where_it_belongs(
    text: str, changed: str
) -> None:
    assert with_member(text, PATH, "x") == changed


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "[]", "null", '"x"', "{", '{"a":1,}', '{"a":1} {}', '{"a" 1}', "{a:1}",
        '{"linux":[]}', '{"linux":"x"}', "[" * 100_000,
        '{"linux":{},"linux":{}}', '{"linux":{},"LINUX":{}}',
        '{"linux":{"cgroupsPath":1,"cgroupspath":2}}',
    ],
)  # fmt: skip
def test_a_text_in_which_the_change_would_be_a_guess_is_refused(text: str) -> None:
    with pytest.raises(NotJson):
        with_member(text, PATH, "x")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)
FORMS: list[dict[str, Any]] = [
    {},
    {"indent": 2},
    {"separators": (",", ":"), "ensure_ascii": False},
    {"separators": (" , ", "\t:\r\n ")},
]


@settings(max_examples=50)
@given(
    st.dictionaries(st.text(), VALUES),
    st.none() | st.dictionaries(st.text(), VALUES),
    st.text(),
    st.sampled_from(FORMS),
)
def test_what_is_read_afterwards_differs_in_this_member_alone(
    config: dict[str, Any], linux: dict[str, Any] | None, path: str, form: dict[str, Any]
) -> None:
    for keys in (config, linux or {}):
        assume(not {key.casefold() for key in keys} & {"linux", "cgroupspath"})
    for present in ({}, {"linux": linux}, {"linux": {**(linux or {}), "cgroupsPath": "old"}}):
        text = json.dumps(config | present, **form)
        changed = json.loads(with_member(text, PATH, path))
        assert changed == config | {"linux": (linux if present else None) or {}} | {
            "linux": {**((linux if present else None) or {}), "cgroupsPath": path}
        }
