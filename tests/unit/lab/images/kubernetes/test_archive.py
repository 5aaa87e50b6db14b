"""Archives of container images, read back as a container runtime reads them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pytest

from podnet.lab.images.kubernetes.archive import NAME, ContainerImage, write


@pytest.fixture
def program(tmp_path):
    (tmp_path / "libc.so.6").write_bytes(b"library")
    (tmp_path / "libc.so").symlink_to("libc.so.6")
    file = tmp_path / "program"
    file.write_bytes(b"program")
    file.chmod(0o755)
    return file


def read(archive):
    """What an archive holds, by path."""
    with tarfile.open(archive) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}


def blob(parts, descriptor):
    content = parts["blobs/" + descriptor["digest"].replace(":", "/")]
    assert hashlib.sha256(content).hexdigest() == descriptor["digest"].partition(":")[2]
    assert len(content) == descriptor["size"]
    return content


def test_every_name_leads_to_its_image(tmp_path, program):
    write(
        tmp_path / "images.tar",
        [
            ContainerImage(
                names=("example/one:1", "example/one@sha256:ab"),
                files={"/bin/one": program},
                entrypoint=("/bin/one",),
                user="7",
            ),
            ContainerImage(names=("example/two:2",), files={"/two": program}),
        ],
    )

    parts = read(tmp_path / "images.tar")
    found = {}
    for descriptor in json.loads(parts["index.json"])["manifests"]:
        manifest = json.loads(blob(parts, descriptor))
        config = json.loads(blob(parts, manifest["config"]))
        assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]
        found[descriptor["annotations"][NAME]] = (
            config["config"]["Entrypoint"],
            config["config"]["User"],
        )
    assert found == {
        "example/one:1": (["/bin/one"], "7"),
        "example/one@sha256:ab": (["/bin/one"], "7"),
        "example/two:2": ([], ""),
    }


def test_a_layer_holds_folders_before_files_with_their_modes_and_no_links(tmp_path, program):
    write(
        tmp_path / "images.tar",
        [
            ContainerImage(
                names=("example/one:1",),
                files={"/usr/bin/program": program, "/lib/libc.so": tmp_path / "libc.so"},
            )
        ],
    )

    parts = read(tmp_path / "images.tar")
    manifest = json.loads(blob(parts, json.loads(parts["index.json"])["manifests"][0]))
    with tarfile.open(fileobj=io.BytesIO(blob(parts, manifest["layers"][0]))) as layer:
        found = [
            (
                entry.name,
                entry.mode,
                entry.uid,
                layer.extractfile(entry).read() if entry.isfile() else None,
            )
            for entry in layer
        ]
    assert found == [
        ("lib", 0o755, 0, None),
        ("tmp", 0o1777, 0, None),
        ("usr", 0o755, 0, None),
        ("usr/bin", 0o755, 0, None),
        ("lib/libc.so", (tmp_path / "libc.so").stat().st_mode & 0o777, 0, b"library"),
        ("usr/bin/program", 0o755, 0, b"program"),
    ]


def test_the_same_files_make_the_same_archive(tmp_path, program):
    image = ContainerImage(names=("example/one:1",), files={"/program": program})
    write(tmp_path / "first.tar", [image])
    program.touch()
    write(tmp_path / "second.tar", [image])

    assert (tmp_path / "first.tar").read_bytes() == (tmp_path / "second.tar").read_bytes()
