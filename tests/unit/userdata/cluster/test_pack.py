"""The way of the packed files: from the project to SSM parameters to a node."""

import hashlib
import lzma
from base64 import b64decode, b64encode
from pathlib import Path

import fetch
import pytest
from botocore.exceptions import ClientError

from plan.kubernetes import Parameters
from userdata import kubernetes

PROJECT = Path(__file__).parents[4]
FILES = PROJECT / "userdata" / "kubernetes" / "files"
FOLDER = Parameters("dev").root


class Ssm:
    """What the fetcher asks of SSM."""

    def __init__(self, values):
        self.values = values
        self.asked = []

    def get_parameter(self, Name):  # noqa: N803  # as boto3 calls it
        self.asked.append(Name)
        if Name not in self.values:
            raise ClientError({"Error": {"Code": "ParameterNotFound"}}, "GetParameter")
        return {"Parameter": {"Value": self.values[Name]}}


@pytest.fixture
def ssm():
    names = Parameters("dev")
    pieces = enumerate(kubernetes.pieces(), 1)
    return Ssm({names.file(kubernetes.digest(), number): piece for number, piece in pieces})


@pytest.fixture
def told(monkeypatch, ssm):
    """A node that is told of the packed files."""
    monkeypatch.setenv("PODNET_PARAMETERS", FOLDER)
    monkeypatch.setenv("PODNET_KUBERNETES_FILES", kubernetes.digest())
    monkeypatch.setattr(fetch.boto3, "client", lambda *_, **__: ssm)
    region = type("Region", (), {"retrieve_region": lambda _: "eu-central-1"})
    monkeypatch.setattr(fetch, "InstanceMetadataRegionFetcher", region)


def files(root):
    return {f"/{path.relative_to(root)}": path for path in root.rglob("*") if path.is_file()}


def test_no_piece_is_longer_than_a_standard_parameter_and_none_is_empty():
    assert all(0 < len(piece) <= 4096 for piece in kubernetes.pieces())


def test_the_pack_is_the_same_every_time():
    assert kubernetes.pieces() == kubernetes.pieces()
    assert kubernetes.digest() == kubernetes.digest()


def test_every_file_in_the_folder_is_either_in_user_data_or_packed():
    there = {path for path in files(FILES) if "__pycache__" not in path}

    assert there == {*kubernetes.IN_USER_DATA, *kubernetes.PACKED}


def test_a_node_has_every_file_byte_for_byte(told, tmp_path):
    fetch.main(tmp_path)

    found = {path: file.read_text() for path, file in files(tmp_path).items()}
    assert found.pop("/etc/podnet/kubernetes.digest") == kubernetes.digest()
    assert found == {
        **{path: (FILES / path[1:]).read_text() for path in kubernetes.PACKED},
        "/usr/local/lib/podnet/plan/kubernetes.py": (
            (PROJECT / "plan" / "kubernetes.py").read_text()
        ),
    }
    assert {oct(file.stat().st_mode & 0o777) for file in files(tmp_path).values()} == {"0o644"}


def test_files_that_are_there_are_not_fetched_again(told, ssm, tmp_path):
    fetch.main(tmp_path)
    ssm.asked.clear()

    fetch.main(tmp_path)

    assert ssm.asked == []


def test_no_more_pieces_are_asked_for_than_there_are(ssm):
    fetch.fetch(ssm, FOLDER, kubernetes.digest())

    assert ssm.asked == list(ssm.values)


def test_a_missing_piece_is_named_with_the_way_out(told, ssm, tmp_path):
    del ssm.values[lost := list(ssm.values)[1]]

    with pytest.raises(OSError, match=f"SSM parameter {lost}: .*NotFound.*`pulumi up` mends it"):
        fetch.main(tmp_path)

    assert files(tmp_path) == {}


def test_files_of_another_digest_are_not_unpacked(told, ssm, tmp_path):
    first = next(iter(ssm.values))
    ssm.values[first] = b64encode(lzma.compress(b"something else")).decode()

    with pytest.raises(ValueError, match=f"{first} .* is not {kubernetes.digest()}: left alone"):
        fetch.main(tmp_path)

    assert files(tmp_path) == {}


def test_the_digest_does_not_hang_on_the_compressor():
    data = fetch.fetch(Ssm(_compressed_otherwise()), FOLDER, kubernetes.digest())

    assert hashlib.sha256(data).hexdigest() == kubernetes.digest()


def _compressed_otherwise():
    tar = lzma.decompress(b"".join(map(b64decode, kubernetes.pieces())))
    whole = b64encode(lzma.compress(tar, preset=0)).decode()
    name = Parameters("dev").file(kubernetes.digest(), 1)
    return {name: whole}
