"""mountinfo, read."""

from adapters.mounts.mount_table import below, mount_points

TABLE = (
    b"21 1 0:20 / / rw - ext4 /dev/vda rw\n"
    b"30 21 0:31 / /run/b\\040c/rootfs rw,nosuid shared:1 - overlay overlay rw,lowerdir=a:b\n"
    b"31 30 0:32 / /run/b\\040c/rootfs/tmp rw - tmpfs tmpfs rw\n"
    b"32 21 0:33 / /run/b\\040c/rootfs-2 rw - tmpfs tmpfs rw\n"
    b"33 30 0:34 / /run/b\\040c/rootfs rw - tmpfs tmpfs rw\n"
    b"34 21 0:35 / /run/back\\134slash\\012line rw - tmpfs tmpfs rw\n"
)


def test_escaped_characters_are_themselves_again() -> None:
    assert mount_points(TABLE)[1] == b"/run/b c/rootfs"
    assert mount_points(TABLE)[-1] == b"/run/back\\slash\nline"


def test_the_last_that_was_mounted_comes_off_first() -> None:
    assert below(b"/run/b c/rootfs", TABLE) == (
        b"/run/b c/rootfs",
        b"/run/b c/rootfs/tmp",
        b"/run/b c/rootfs",
    )


def test_everything_is_below_the_root() -> None:
    assert len(below(b"/", TABLE)) == len(TABLE.splitlines())
