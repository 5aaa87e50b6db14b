"""What the archive holds, and that nothing goes into it but through the redactor."""

import hashlib
import io
import json
import tarfile

import pytest

from podnet.bundle import archive as archives
from podnet.bundle.addresses import Addresses
from podnet.bundle.archive import Archive
from podnet.bundle.redaction import Redactor
from tests.unit.bundle.planted import NAMED, SECRETS, named, pieces


def written(fill, *known, addresses=None):
    """The files of an archive, by name."""
    file = io.BytesIO()
    with Archive(file, "root", Redactor(known), addresses) as archive:
        fill(archive)
    return unpacked(file.getvalue())


def unpacked(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {
            entry.name.partition("/")[2]: tar.extractfile(entry).read()
            for entry in tar.getmembers()
        }


def test_the_manifest_names_every_file_and_what_is_missing():
    def fill(archive):
        archive.text("a.txt", "text", "hello")
        archive.json("b/c.json", "values", {"when": object, "n": 1})
        archive.attempt("d.txt", "a dead node", lambda: 1 / 0)
        archive.attempt("e.json", "a list", lambda: [1])
        archive.lacks("f", "a dead cloud", "it does not run")

    files = written(fill)
    manifest = json.loads(files.pop("MANIFEST.json"))

    assert {
        each["name"]: (each["what"], each["bytes"], each["sha256"]) for each in manifest["files"]
    } == {
        name: (what, len(files[name]), hashlib.sha256(files[name]).hexdigest())
        for name, what in (("a.txt", "text"), ("b/c.json", "values"), ("e.json", "a list"))
    }
    assert manifest["missing"] == [
        {"name": "d.txt", "what": "a dead node", "why": "ZeroDivisionError: division by zero"},
        {"name": "f", "what": "a dead cloud", "why": "it does not run"},
    ]
    assert manifest["removed"] == {}


@pytest.mark.parametrize("kind", SECRETS)
def test_no_way_into_the_archive_lets_a_secret_pass(kind):
    secret = SECRETS[kind]

    def fail():
        raise RuntimeError(f"the answer was {secret}")

    def fill(archive):
        archive.text("a.txt", "text", f"x {secret} y")
        archive.json("b.json", "values", {"items": [{"note": secret}], secret: 1})
        archive.attempt("c.txt", "text", lambda: secret)
        archive.attempt("d.json", "values", lambda: {"a": [secret]})
        archive.attempt("e.txt", "an error", fail)
        archive.lacks("f.txt", "a reason", secret)

    files = written(fill)
    everything = b"\n".join(files.values()).decode().replace("\\n", "\n")

    assert not [piece for piece in pieces(secret) if piece in everything]
    assert sum(json.loads(files["MANIFEST.json"])["removed"].values()) >= 6


@pytest.mark.parametrize("name", NAMED)
def test_nor_one_that_has_a_name(name):
    value = NAMED[name]

    def fill(archive):
        archive.json("a.json", "values", {name: value, "list": [{"Key": name, "Value": value}]})
        for place, text in named(name, value).items():
            archive.text(f"{place}.txt", "text", text)

    assert value.encode() not in b"\n".join(written(fill).values())


def test_a_secret_that_is_known_is_in_no_file():
    files = written(lambda archive: archive.text("a", "text", "it is xyzzy-plugh"), "xyzzy-plugh")

    assert files["a"] == b"it is [removed: secret of the stack]"


def test_of_a_long_log_the_end_is_there_from_a_whole_line_on(monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES", 30)
    files = written(
        lambda archive: archive.text("log", "a log", "first line\nsecond line\nthird line\n")
    )

    assert files["log"] == b"second line\nthird line\n"
    assert json.loads(files["MANIFEST.json"])["files"][0]["cut"] is True


def test_public_addresses_are_replaced_alike_in_all_files():
    def fill(archive):
        archive.text("a", "text", "54.1.2.3 to 10.1.1.2, ec2-54-1-2-3.eu.compute, 54.9.9.9")
        archive.json("b", "values", {"PublicIp": "54.1.2.3", "v6": "2a05:d014::1"})
        archive.lacks("c", "text", "54.9.9.9 refuses")

    files = {name: data.decode() for name, data in written(fill, addresses=Addresses()).items()}

    assert files["a"] == "198.18.0.1 to 10.1.1.2, ec2-198-18-0-1.eu.compute, 198.18.0.2"
    assert json.loads(files["b"]) == {"PublicIp": "198.18.0.1", "v6": "2001:db8::3"}
    assert "198.18.0.2 refuses" in files["MANIFEST.json"]


def test_nobody_else_may_read_what_is_unpacked():
    file = io.BytesIO()
    with Archive(file, "root", Redactor()) as archive:
        archive.text("a", "text", "x")
    with tarfile.open(fileobj=io.BytesIO(file.getvalue())) as tar:
        assert {entry.mode for entry in tar.getmembers()} == {0o600}
        assert {entry.name for entry in tar.getmembers()} == {"root/a", "root/MANIFEST.json"}
