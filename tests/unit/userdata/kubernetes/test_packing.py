"""The packed files, from the project through SSM parameters to a node."""

import hashlib
import lzma
from base64 import b64decode, b64encode
from pathlib import Path

import fetch
import pytest
from botocore.exceptions import ClientError

from podnet.plan.kubernetes import Parameters
from podnet.userdata import packing

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
    pieces = enumerate(packing.pieces(), 1)
    return Ssm({names.file(packing.digest(), number): piece for number, piece in pieces})


@pytest.fixture
def informed(monkeypatch, ssm):
    """A node whose node.env names the packed files."""
    monkeypatch.setenv("PODNET_PARAMETERS", FOLDER)
    monkeypatch.setenv("PODNET_KUBERNETES_FILES", packing.digest())
    monkeypatch.setattr(fetch.boto3, "client", lambda *_, **__: ssm)
    monkeypatch.setattr(fetch.MetadataService, "read", lambda *_: "eu-central-1")


def files(root):
    return {f"/{path.relative_to(root)}": path for path in root.rglob("*") if path.is_file()}


def test_no_piece_is_longer_than_a_standard_parameter_and_none_is_empty():
    assert all(0 < len(piece) <= 4096 for piece in packing.pieces())


def test_the_pack_is_the_same_every_time():
    assert packing.pieces() == packing.pieces()
    assert packing.digest() == packing.digest()


def test_every_file_in_the_folder_is_either_in_user_data_or_packed():
    there = {path for path in files(FILES) if "__pycache__" not in path}

    assert there == {*packing.IN_USER_DATA, *packing.PACKED}


def test_a_node_has_every_file_byte_for_byte(informed, tmp_path):
    fetch.main(tmp_path)

    found = {path: file.read_text() for path, file in files(tmp_path).items()}
    assert found.pop("/etc/podnet/kubernetes.digest") == packing.digest()
    assert found == {
        **{path: (FILES / path[1:]).read_text() for path in packing.PACKED},
        **{path: (PROJECT / "userdata/files" / path[1:]).read_text() for path in packing.LATE},
        **{
            f"/usr/local/lib/podnet/podnet/plan/{name}": (
                (PROJECT / "podnet/plan" / name).read_text()
            )
            for name in packing.SHARED
        },
    }
    assert {oct(file.stat().st_mode & 0o777) for file in files(tmp_path).values()} == {"0o644"}


def test_files_that_are_there_are_not_fetched_again(informed, ssm, tmp_path):
    fetch.main(tmp_path)
    ssm.asked.clear()

    fetch.main(tmp_path)

    assert ssm.asked == []


def test_no_more_pieces_are_asked_for_than_there_are(ssm):
    fetch.fetch(ssm, FOLDER, packing.digest())

    assert ssm.asked == list(ssm.values)


def test_a_missing_piece_is_named_with_the_way_out(informed, ssm, tmp_path):
    del ssm.values[lost := list(ssm.values)[1]]

    with pytest.raises(OSError, match=f"SSM parameter {lost}: .*NotFound.*`pulumi up` writes it"):
        fetch.main(tmp_path)

    assert files(tmp_path) == {}


def test_files_of_another_digest_are_not_unpacked(informed, ssm, tmp_path):
    first = next(iter(ssm.values))
    ssm.values[first] = b64encode(lzma.compress(b"something else")).decode()

    with pytest.raises(
        ValueError, match=f"{first} .* do not hold {packing.digest()}: not unpacked"
    ):
        fetch.main(tmp_path)

    assert files(tmp_path) == {}


def test_the_digest_does_not_hang_on_the_compressor():
    data = fetch.fetch(Ssm(_compressed_otherwise()), FOLDER, packing.digest())

    assert hashlib.sha256(data).hexdigest() == packing.digest()


def _compressed_otherwise():
    tar = lzma.decompress(b"".join(map(b64decode, packing.pieces())))
    whole = b64encode(lzma.compress(tar, preset=0)).decode()
    name = Parameters("dev").file(packing.digest(), 1)
    return {name: whole}
