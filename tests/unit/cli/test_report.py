"""`podnet report` of a saved world, without a lab and without an account."""

import json

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

import podnet.lab.commands  # noqa: F401  # registers the lab
from podnet.account import quotas
from podnet.cli.app import app
from podnet.plan.quotas import quota
from podnet.verify import planned
from podnet.world import saved
from tests.refusals import refused
from tests.unit.cli.test_verify import SETTINGS, tagged
from tests.unit.report.dom import parse
from tests.unit.report.matrices import document


@pytest.fixture
def world(tmp_path):
    path = tmp_path / "world.json"
    saved.save(tagged(planned.world(SETTINGS), "1-3"), path)
    return path


def run(*words):
    done = CliRunner().invoke(app, ["report", *map(str, words)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def test_a_saved_world_becomes_a_page_whatever_it_says(world, tmp_path):
    page = tmp_path / "page.html"
    done = run("--file", world, "-o", page)

    assert (done.exit_code, done.stdout) == (0, f"{page}: not proved; no packets\n")
    shown = parse(page.read_text())
    assert shown.one("h1").text == "Pod network of stack dev"
    assert "node-3 must exist and does not" in shown.one("header").text
    assert "As world.json holds it." in shown.one("header").text


def test_a_matrix_of_another_time_is_shown_with_it(world, tmp_path):
    matrix, page = tmp_path / "matrix.json", tmp_path / "page.html"
    matrix.write_text(json.dumps(document(2, ("pod-2a",))))
    done = run("--file", world, "--nodes", "1-2", "--matrix", matrix, "-o", page)

    assert done.stdout == f"{page}: proved on paper; 20 of 30 pairs passed\n"
    assert "Read from matrix.json." in parse(page.read_text()).one("main").text


def test_a_page_that_cannot_be_written_ends_with_a_sentence(world, tmp_path):
    with refused("output-unwritable"):
        run("--file", world, "-o", tmp_path / "missing" / "page.html")


def test_a_matrix_that_is_no_text_is_refused(world, tmp_path):
    (tmp_path / "matrix").write_bytes(b"\xff\xfe\x00")
    with refused("matrix-file-not-text"):
        run("--file", world, "--matrix", tmp_path / "matrix")


class Service:
    """Service Quotas of an account that may read one quota alone."""

    def get_service_quota(self, **which):
        if which == {"ServiceCode": "vpc", "QuotaCode": quota.ROUTES.code}:
            return {"Quota": {"Value": 50.0}}
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetServiceQuota")


def test_quotas_that_may_not_be_read_are_left_to_their_defaults():
    assert quotas.read(Service(), (quota.ROUTES, quota.RULES)) == {quota.ROUTES: 50}
