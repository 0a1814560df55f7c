"""OCI bundles that a test makes in a machine, as containerd would."""

import json
from typing import Final

from tests.lab.containers import IMAGE, PATIENCE_SECONDS
from tests.lab.fifos import FOLDER
from tests.lab.root import Root

ROOTFS: Final = f"{FOLDER}/rootfs"


def make_bundle(root: Root, folder: str, argv: tuple[str, ...]) -> None:
    """A bundle of the image's files whose process is this one, without a terminal."""
    root.shell(f"mkdir -p {folder}; cd {folder}; rm -f config.json; runc spec")
    path = root.path(f"{folder}/config.json")
    config = json.loads(path.read_text())
    config["process"].update(args=list(argv), terminal=False)
    config["process"].pop("rlimits", None)
    config["root"] = {"path": ROOTFS, "readonly": False}
    path.write_text(json.dumps(config))


def unpack_image(root: Root) -> None:
    """The image's files, unpacked once: bundles share them, none writes outside its mounts."""
    root.shell(
        f"[ -d {ROOTFS} ] && exit; mkdir -p {ROOTFS}.new {FOLDER}/image\n"
        f"ctr images mount {IMAGE} {FOLDER}/image >&2\n"
        f"cp -a {FOLDER}/image/. {ROOTFS}.new; umount {FOLDER}/image\n"
        f"ctr snapshots rm {FOLDER}/image >&2 || true; mv {ROOTFS}.new {ROOTFS}",
        timeout=PATIENCE_SECONDS,
    )
