"""Container images of another CNI, of programs that the user has built."""

import json
import struct
import tarfile

import pytest

from podnet.lab.images import kubernetes, selection
from podnet.lab.images.catalogue import KUBERNETES
from podnet.lab.images.kubernetes import cni as images
from podnet.lab.images.root import Root
from podnet.lab.images.selection import root_of
from podnet.plan.cni import Cni
from tests.refusals import refused

HEADER = 64
SEGMENT = 56


def program(file, *, kinds=(1,), mode=0o755, magic=b"\x7fELF\x02\x01"):
    """A program of 64 bits with segments of these types."""
    sizes = struct.pack("<QQIHHH", HEADER, 0, 0, HEADER, SEGMENT, len(kinds))
    table = b"".join(struct.pack("<I", kind).ljust(SEGMENT, b"\0") for kind in kinds)
    file.write_bytes((magic.ljust(32, b"\0") + sizes).ljust(HEADER, b"\0") + table)
    file.chmod(mode)


@pytest.fixture
def folder(tmp_path):
    """Where a user has built Calico."""
    made = tmp_path / "programs"
    made.mkdir()
    program(made / "calico")
    return made


def test_the_name_of_an_image_has_a_digest_of_its_programs(folder):
    name = images.image_name(Cni.CALICO, folder)
    assert name.startswith("podnet.local/calico:programs@sha256:")
    assert images.image_name(Cni.CALICO, folder) == name

    program(folder / "calico", kinds=(1, 2))
    assert images.image_name(Cni.CALICO, folder) != name


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda file: file.unlink(), "calico is missing"),
        (lambda file: program(file, mode=0o644), "calico is not executable"),
        (lambda file: program(file, kinds=(1, 3)), "calico is linked dynamically"),
        (lambda file: program(file, magic=b"#!/bin"), "calico is no program"),
        (lambda file: file.write_bytes(b"\x7fELF"), "calico is no program"),
    ],
    ids=["missing", "not executable", "dynamic", "a script", "cut off"],
)
def test_a_folder_that_lacks_a_program_is_refused_by_its_name(folder, spoil, reason):
    spoil(folder / "calico")

    with refused("cni-programs-unfit") as caught:
        images.image_name(Cni.CALICO, folder)
    assert reason in str(caught.value)


@pytest.mark.parametrize("cni", [Cni.NONE, Cni.KUBE_ROUTER, Cni.CUSTOM])
def test_a_cni_that_takes_no_programs_is_refused(folder, cni):
    with refused("cni-programs-for-none"):
        images.image_name(cni, folder)


def test_the_layer_holds_the_image_and_what_imports_it(folder, tmp_path, monkeypatch):
    upper, base = tmp_path / "upper", tmp_path / "base"
    for layer, path in [
        *((base, path) for path in images.contents.BASE),
        *((base, path) for path in ("/usr/sbin/nft", "/usr/lib/libnftables.so.1")),
        *((upper, path) for path in ("/usr/sbin/ipset", "/usr/sbin/conntrack")),
    ]:
        file = layer / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{layer.name}{path}")
    linked = "\tlibnftables.so.1 => /lib/libnftables.so.1 (0x00007f)\n"
    monkeypatch.setattr(images, "run", lambda *_: linked)
    monkeypatch.setattr(images.contents, "iptables", lambda *_: {})
    written, write = [], images.archive.write
    monkeypatch.setattr(
        images.archive, "write", lambda target, made: written.extend(made) or write(target, made)
    )
    layer, name = tmp_path / "layer", images.image_name(Cni.CALICO, folder)

    nodes = Root(layers=(upper, base), kubelet=True)
    images.write_layer(layer, Cni.CALICO, folder, name, nodes)
    images.write_layer(layer, Cni.CALICO, folder, name, nodes)

    assert "images import" in (layer / images.UNIT).read_text()
    with tarfile.open(layer / images.PACKED) as archive:
        index = json.load(archive.extractfile("index.json"))
    names = {each["annotations"]["io.containerd.image.name"] for each in index["manifests"]}
    digest = name.partition("@")[2]
    assert names == {f"podnet.local/calico@{digest}", "podnet.local/calico:programs"}
    files = written[-1].files
    assert files["/lib/libnftables.so.1"] == base / "usr/lib/libnftables.so.1"
    assert files["/usr/sbin/ipset"] == upper / "usr/sbin/ipset"
    assert not layer.with_name("layer.draft").exists()


def test_a_file_that_no_layer_holds_ends_it(folder, tmp_path):
    name = images.image_name(Cni.CALICO, folder)

    with pytest.raises(FileNotFoundError, match="ca-certificates"):
        images.write_layer(tmp_path / "layer", Cni.CALICO, folder, name, Root(layers=(tmp_path,)))


def test_nodes_of_clusters_alone_have_the_layer_above_their_image(tmp_path, monkeypatch):

    built, layer = Root(layers=(tmp_path / "a",), kubelet=True), tmp_path / "cni"
    monkeypatch.setattr(kubernetes, "find", lambda _: built)
    monkeypatch.setattr(selection.debian, "ensure", lambda directory, **_: directory)
    monkeypatch.setattr(selection, "trusting", lambda _, base: base)

    assert root_of(tmp_path, KUBERNETES.image_id, layer) == built
    layer.mkdir()
    assert root_of(tmp_path, KUBERNETES.image_id, layer).layers == (layer, tmp_path / "a")
    assert root_of(tmp_path, KUBERNETES.image_id) == built
    assert layer not in root_of(tmp_path, "ami-1", layer).layers
