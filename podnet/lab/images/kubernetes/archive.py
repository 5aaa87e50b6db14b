"""Container images as an archive of the Open Container Initiative's image layout."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
NAME = "io.containerd.image.name"
"""The annotation from which containerd takes an image's whole name."""
VENDOR = "application/vnd.oci.image"
SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerImage:
    """One image, of one layer."""

    names: tuple[str, ...]
    files: Mapping[str, Path]
    """Path in the image to the file on this machine, which is read through symbolic links."""
    entrypoint: tuple[str, ...] = ()
    user: str = ""


def write(target: Path, images: Sequence[ContainerImage]) -> None:
    """Write an archive of these images, the same for the same files."""
    manifests: list[dict[str, Any]] = []
    with tarfile.open(target, "w") as archive:
        for image in images:
            manifest = _image(archive, image, target.parent)
            manifests += [{**manifest, "annotations": {NAME: name}} for name in image.names]
        _add(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(archive, "index.json", _json({"schemaVersion": 2, "manifests": manifests}))


def _image(archive: tarfile.TarFile, image: ContainerImage, scratch: Path) -> dict[str, Any]:
    layer = _layer(archive, image.files, scratch)
    config = _blob(
        archive,
        f"{VENDOR}.config.v1+json",
        _json(
            {
                "architecture": ARCHITECTURES[platform.machine()],
                "os": "linux",
                "config": {
                    "Entrypoint": list(image.entrypoint),
                    "User": image.user,
                    "Env": [SEARCH_PATH],
                },
                "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
            }
        ),
    )
    return _blob(
        archive,
        f"{VENDOR}.manifest.v1+json",
        _json(
            {
                "schemaVersion": 2,
                "mediaType": f"{VENDOR}.manifest.v1+json",
                "config": config,
                "layers": [layer],
            }
        ),
    )


def _layer(archive: tarfile.TarFile, files: Mapping[str, Path], scratch: Path) -> dict[str, Any]:
    with tempfile.TemporaryFile(dir=scratch) as file:
        with tarfile.open(fileobj=file, mode="w") as layer:
            for folder, mode in _folders(files):
                layer.addfile(_entry(folder, tarfile.DIRTYPE, mode))
            for path, source in sorted(files.items()):
                entry = _entry(path, tarfile.REGTYPE, source.stat().st_mode & 0o777)
                entry.size = source.stat().st_size
                with source.open("rb") as content:
                    layer.addfile(entry, content)
        size = file.tell()
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        entry = _entry(f"blobs/sha256/{digest}", tarfile.REGTYPE, 0o644)
        entry.size = size
        archive.addfile(entry, file)
    return _descriptor(f"{VENDOR}.layer.v1.tar", digest, size)


def _folders(files: Mapping[str, Path]) -> Iterator[tuple[str, int]]:
    folders = {str(folder) for path in files for folder in PurePosixPath(path).parents} - {"/"}
    for folder in sorted(folders | {"/tmp"}):  # noqa: S108  # in the image, as any system has it
        yield folder, 0o1777 if folder == "/tmp" else 0o755  # noqa: S108


def _blob(archive: tarfile.TarFile, kind: str, content: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    _add(archive, f"blobs/sha256/{digest}", content)
    return _descriptor(kind, digest, len(content))


def _descriptor(kind: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": size}


def _add(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    entry = _entry(path, tarfile.REGTYPE, 0o644)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _entry(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path.removeprefix("/"))
    entry.type, entry.mode = kind, mode
    return entry


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
