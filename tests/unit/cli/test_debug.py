"""`podnet debug bundle`: which options fit together, and that a draft never stays."""

import pytest
from click.testing import CliRunner

import podnet.lab.commands  # noqa: F401  # registers the lab
from podnet.bundle.redaction import Redactor
from podnet.cli import app as application
from podnet.cli.app import app
from podnet.cli.bundle.write import opened
from tests.refusals import refused


def run(*words):
    CliRunner().invoke(app, ["debug", "bundle", *words], catch_exceptions=False)


@pytest.mark.parametrize(
    "words", [("--region", "eu-central-1"), ("--vpc", "vpc-1"), ("--nodes-by", "ssm")]
)
def test_what_chooses_in_an_account_wants_one(words):
    with refused("bundle-without-live"):
        run(*words)


def test_no_node_of_an_account_captures():
    with refused("capture-of-account"):
        run("--live", "--capture", "5")


def test_without_the_lab_an_account_is_needed(monkeypatch):
    monkeypatch.setattr(application, "LABS", [])
    with refused("bundle-without-lab"):
        run()


def test_an_archive_is_there_as_a_whole_or_not_at_all(tmp_path):
    output = tmp_path / "bundle.tar.gz"

    def fill(*, broken):
        with opened(output, "dev", Redactor(), None) as archive:
            archive.text("a", "text", "x")
            if broken:
                raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        fill(broken=True)
    assert list(tmp_path.iterdir()) == []
    fill(broken=False)
    assert [(each.name, each.stat().st_mode & 0o777) for each in tmp_path.iterdir()] == [
        ("bundle.tar.gz", 0o600)
    ]
