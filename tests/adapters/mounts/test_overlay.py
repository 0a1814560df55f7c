"""How an overlay's options are taken apart and shortened; no mount is made here."""

from adapters.mounts.options import MS_NODEV, MS_RDONLY, MS_REC
from adapters.mounts.overlay import Layers, attributes, fits, shorten, split_layers


def test_layers_are_split_at_colons_that_are_not_escaped() -> None:
    assert split_layers(r"/a\:b:/c\,d:/e\\f") == Layers(("/a:b", "/c,d", "/e\\f"), ())


def test_data_only_layers_come_behind_two_colons() -> None:
    assert split_layers("/a:/b::/c::/d") == Layers(("/a", "/b"), ("/c", "/d"))


def test_folders_become_relative_to_the_one_that_all_lie_in() -> None:
    data = ("workdir=/s/9/work", "index=off", "upperdir=/s/9/fs", "lowerdir=/s/2/fs:/s/1/fs")
    assert shorten(data) == (
        "/s",
        ("workdir=9/work", "index=off", "upperdir=9/fs", "lowerdir=2/fs:1/fs"),
    )


def test_escapes_stay_in_the_options_and_go_from_the_folder() -> None:
    assert shorten((r"lowerdir=/a\:b/1:/a\:b/2\:x::/a\:b/3",)) == (
        "/a:b",
        (r"lowerdir=1:2\:x::3",),
    )


def test_a_layer_that_is_the_common_folder_itself_is_a_dot() -> None:
    assert shorten(("lowerdir=/a:/a/b",)) == ("/a", ("lowerdir=.:b",))


def test_relative_folders_stay_as_they_are() -> None:
    assert shorten(("lowerdir=a:/b",)) == ("/", ("lowerdir=a:/b",))


def test_a_page_holds_4095_bytes_and_their_end() -> None:
    assert fits(("a" * 2047, "b" * 2047))
    assert not fits(("a" * 2047, "b" * 2048))


def test_flags_of_a_mount_have_other_numbers_in_the_new_calls() -> None:
    assert attributes(MS_RDONLY | MS_NODEV | MS_REC) == 0x01 | 0x04
