"""The release of a stack, from the project's files to the folder on a node."""

import ast
import dataclasses
import hashlib
import lzma
from base64 import b64decode, b64encode
from ipaddress import IPv4Network
from pathlib import Path

import fetch
import pytest

from podnet.plan.kubernetes import Kubernetes
from podnet.plan.settings import Fabric, Settings
from podnet.userdata import release
from podnet.userdata.stripping import stripped

PLAIN, CLUSTER = Settings(), Settings(kubernetes=Kubernetes.KUBEADM)
EVERY = {
    "plain": PLAIN,
    "cluster": CLUSTER,
    "switch": Settings(fabric=Fabric.SWITCH),
}
OF_SWITCH = {"uplink.py"}
LIBRARY = "usr/local/lib/podnet/"

every = pytest.mark.parametrize("settings", EVERY.values(), ids=EVERY)


def sources(folder):
    """The files of a folder, by the path in a release."""
    return {
        str(path.relative_to(folder)).removeprefix(LIBRARY): path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def parameters(settings, values=None):
    """What the fetcher asks SSM for."""
    digest = release.digest(settings)
    pieces = enumerate(values or release.pieces(settings), 1)
    return {release.piece("dev", digest, number): value for number, value in pieces}


def fetched(settings, found):
    digest = release.digest(settings)
    return fetch.fetch(found.__getitem__, f"{release.folder('dev')}/{digest[:12]}", digest)


@every
def test_no_piece_is_longer_than_a_standard_parameter_and_none_is_empty(settings):
    assert all(0 < len(piece) <= 4096 for piece in release.pieces(settings))


@every
def test_a_release_is_the_same_every_time_and_a_name_of_its_own(settings):
    assert release.pieces(settings) == release.pieces(settings)
    assert len({release.digest(each) for each in EVERY.values()}) == len(EVERY)


@pytest.mark.parametrize(
    "change",
    [
        {"kubernetes_version": "1.36.4"},
        {"node_port_cidrs": (IPv4Network("203.0.113.0/24"),)},
        {"vpc_cidr": IPv4Network("10.0.0.0/24")},
        {"node_count": 7},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_only_settings_decide_is_in_no_release(change):
    assert release.digest(dataclasses.replace(CLUSTER, **change)) == release.digest(CLUSTER)


def test_every_file_in_the_folders_is_in_a_release():
    of_cluster = set(sources(release.CLUSTER))
    of_every = set(sources(release.EVERY_NODE)) - OF_SWITCH
    own = {"units", *(f"podnet/plan/{name}" for name in release.SHARED + release.SHARED_LATER)}
    shared = {f"podnet/plan/{name}" for name in release.SHARED_BY_CLUSTER}

    assert set(release.files(PLAIN)) == of_every | own
    assert set(release.files(EVERY["switch"])) == of_every | own | OF_SWITCH
    assert set(release.files(CLUSTER)) == of_every | own | of_cluster | shared


@every
def test_no_import_of_another_file_is_lost_with_what_is_stripped(settings):
    """An import that only `__all__` names looks unused."""
    files = release.files(settings)
    for path, text in files.items():
        if path.endswith(".py"):
            for name in attributes_of_modules(text, files):
                assert name in defined(files[f"{name.partition('.')[0]}.py"], name), path


def attributes_of_modules(text, files):
    tree = ast.parse(text)
    modules = {
        each.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for each in node.names
        if f"{each.name}.py" in files
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in modules:
            yield f"{node.value.id}.{node.attr}"
        if isinstance(node, ast.ImportFrom) and f"{node.module}.py" in files:
            yield from (f"{node.module}.{each.name}" for each in node.names)


def defined(text, name):
    module = name.partition(".")[0]
    names = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {
                each.id
                for target in node.targets
                for each in ast.walk(target)
                if isinstance(each, ast.Name)
            }
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            names |= {each.name for each in node.names}
    return {f"{module}.{each}" for each in names}


@every
def test_a_node_has_every_file_of_it(settings, tmp_path):
    data = fetched(settings, parameters(settings))

    fetch.unpack(data, tmp_path / "podnet-1")

    found = {
        str(path.relative_to(tmp_path / "podnet-1")): path
        for path in (tmp_path / "podnet-1").rglob("*")
        if path.is_file()
    }
    assert {path: file.read_text() for path, file in found.items()} == release.files(settings)
    assert {oct(file.stat().st_mode & 0o777) for file in found.values()} == {"0o644"}
    assert not (tmp_path / "podnet-1.new").exists()


def test_python_arrives_stripped_and_the_rest_without_comments():
    files = release.files(CLUSTER)

    assert files["bootstrap.py"] == stripped(sources(release.CLUSTER)["bootstrap.py"].read_text())
    assert not any(
        line.startswith("#") and not line.startswith("#!")
        for path, text in files.items()
        if not path.endswith(".py")
        for line in text.splitlines()
    )


def test_no_more_pieces_are_asked_for_than_there_are():
    found, asked = parameters(PLAIN), []

    class Ssm(dict):
        def __getitem__(self, name):
            asked.append(name)
            return super().__getitem__(name)

    fetched(PLAIN, Ssm(found))

    assert asked == list(found)


def test_files_of_another_digest_are_refused_with_both():
    other = b64encode(lzma.compress(b"something else")).decode()
    wrong = hashlib.sha256(b"something else").hexdigest()

    with pytest.raises(ValueError, match=f"holds {wrong} and not {release.digest(PLAIN)}"):
        fetched(PLAIN, parameters(PLAIN, [other]))


def test_the_digest_does_not_hang_on_the_compressor():
    tar = lzma.decompress(b"".join(map(b64decode, release.pieces(PLAIN))))
    whole = b64encode(lzma.compress(tar, preset=0)).decode()

    data = fetched(PLAIN, parameters(PLAIN, [whole]))

    assert hashlib.sha256(data).hexdigest() == release.digest(PLAIN)


def test_a_folder_that_was_not_unpacked_to_its_end_is_unpacked_again(tmp_path):
    data = fetched(PLAIN, parameters(PLAIN))
    half = tmp_path / "podnet-1.new"
    half.mkdir()
    Path(half / "rest").write_text("of a cut")

    fetch.unpack(data, tmp_path / "podnet-1")

    assert not (tmp_path / "podnet-1" / "rest").exists()
