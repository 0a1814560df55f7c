"""Writes an OCI image of nothing but a static busybox, as an archive for `ctr image import`.

Runs inside a lab root with its own Python, so it needs the standard library only. The archive is
the same, byte for byte, for the same busybox.
"""

import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

BUSYBOX: Final = Path("/bin/busybox")
NAME: Final = "docker.io/library/busybox:latest"
FOLDERS: Final = ("bin", "dev", "etc", "proc", "root", "sys", "tmp", "var")
FILES: Final = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": b"root:x:0:\nnogroup:x:65534:\n",
}

OCI: Final = "application/vnd.oci.image"


def digest(content: bytes) -> str:
    """The content's address in the image."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def add_file(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    """Puts one regular file into the archive."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = mode
    archive.addfile(member, io.BytesIO(content))


def layer(busybox: bytes, applets: list[str]) -> bytes:
    """The root file system: busybox, a link for each of its applets, and a few folders."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in FOLDERS:
            folder = tarfile.TarInfo(name)
            folder.type = tarfile.DIRTYPE
            folder.mode = 0o1777 if name == "tmp" else 0o755
            archive.addfile(folder)
        add_file(archive, "bin/busybox", busybox, mode=0o755)
        for name in sorted(set(applets) - {"busybox"}):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type = tarfile.SYMTYPE
            link.linkname = "/bin/busybox"
            archive.addfile(link)
        for name, content in FILES.items():
            add_file(archive, name, content)
    return buffer.getvalue()


def descriptor(media: str, content: bytes) -> dict[str, object]:
    """How one blob of the image names another."""
    return {"mediaType": f"{OCI}.{media}", "digest": digest(content), "size": len(content)}


def write_image(target: Path, content: bytes) -> None:
    """Wraps the layer in a config, a manifest and an index."""
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(content)]},
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": descriptor("config.v1+json", config),
            "layers": [descriptor("layer.v1.tar", content)],
        }
    ).encode()
    entry = descriptor("manifest.v1+json", manifest) | {
        "platform": {"architecture": "amd64", "os": "linux"},
        "annotations": {
            "io.containerd.image.name": NAME,
            "org.opencontainers.image.ref.name": "latest",
        },
    }
    index = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    with tarfile.open(target, mode="w") as archive:
        add_file(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        add_file(archive, "index.json", index)
        for blob in (config, manifest, content):
            add_file(archive, "blobs/sha256/" + digest(blob).removeprefix("sha256:"), blob)


def main() -> None:
    """Writes the image to the path on the command line."""
    (target,) = sys.argv[1:]
    listing = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True)  # noqa: S603
    write_image(Path(target), layer(BUSYBOX.read_bytes(), listing.stdout.split()))


if __name__ == "__main__":
    main()
