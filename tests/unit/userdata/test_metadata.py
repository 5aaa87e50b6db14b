import http.client
import re

import pytest
from metadata import AssignedRouting, MetadataService

from podnet.plan.routing import Routing, RoutingMode

OVERLAY = "overlay max=4 vni=1 port=8472"
HOST_GW = "host-gw max=4 vni=1 port=8472"


class Service:
    """A metadata service whose tag a test sets, or which raises what a test sets."""

    tag = OVERLAY

    def read(self, path):
        assert path == "tags/instance/podnet:routing"
        if isinstance(self.tag, Exception):
            raise self.tag
        return self.tag


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "routing"


def test_a_new_tag_is_returned_once_and_cached(service, cache):
    subject = AssignedRouting(service, cache)

    assert [subject.refresh(), subject.refresh()] == [OVERLAY, ""]
    assert subject.routing == Routing(mode=RoutingMode.OVERLAY, max_nodes=4)
    assert {path.name: path.read_text() for path in cache.parent.iterdir()} == {
        "routing": f"{OVERLAY}\n"
    }


@pytest.mark.parametrize(
    "answer",
    ["nonsense", OSError("dead"), LookupError("no tag")],
    ids=["unknown", "dead", "no tag"],
)
def test_the_last_routing_stays(service, cache, answer):
    cache.write_text(f"{HOST_GW}\n")
    service.tag = answer
    subject = AssignedRouting(service, cache)

    with pytest.raises((OSError, LookupError, ValueError)):
        subject.refresh()
    assert subject.routing == Routing.parse(HOST_GW)
    assert cache.read_text() == f"{HOST_GW}\n"


def test_a_cached_tag_that_is_read_again_is_no_change(service, cache):
    cache.write_text(f"{OVERLAY}\n")

    assert AssignedRouting(service, cache).refresh() == ""


def test_a_full_disk_does_not_hold_up_a_switch(service, cache):
    subject = AssignedRouting(service, cache / "no-such-folder")

    with pytest.raises(OSError, match="no-such-folder"):
        subject.refresh()
    assert subject.routing == Routing.parse(OVERLAY)


class Server:
    """Answers of the service: status and text by path."""

    def __init__(self):
        self.answers = {"/latest/api/token": (200, b"token"), "/latest/meta-data/x": (200, b"y")}
        self.requests = []

    def connect(self, host, timeout):
        assert (host, timeout) == ("169.254.169.254", 0.5)
        return self

    def request(self, method, path, headers):
        self.requests.append((method, path, headers))

    def getresponse(self):
        self.status, self.body = self.answers.get(self.requests[-1][1], (404, b""))
        return self

    def read(self):
        return self.body

    def close(self):
        pass


@pytest.fixture
def server(monkeypatch):
    subject = Server()
    monkeypatch.setattr(http.client, "HTTPConnection", subject.connect)
    return subject


def test_one_token_serves_many_requests(server):
    subject = MetadataService()

    assert [subject.read("x") for _ in range(3)] == ["y"] * 3
    assert [method for method, _, _ in server.requests] == ["PUT", "GET", "GET", "GET"]
    assert server.requests[1][2] == {"X-aws-ec2-metadata-token": "token"}


def test_a_refused_token_is_not_used_again(server):
    subject = MetadataService()
    server.answers["/latest/meta-data/x"] = (401, b"")
    with pytest.raises(OSError, match="401"):
        subject.read("x")
    server.answers["/latest/meta-data/x"] = (200, b"y")

    assert subject.read("x") == "y"
    assert [method for method, _, _ in server.requests] == ["PUT", "GET", "PUT", "GET"]


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        (404, LookupError, "has no meta-data/x; is it set?"),
        (401, OSError, "answered GET meta-data/x with 401"),
        (503, OSError, "answered GET meta-data/x with 503"),
    ],
)
def test_each_failure_of_the_service_has_its_own_message(server, status, error, text):
    server.answers["/latest/meta-data/x"] = (status, b"")

    with pytest.raises(error, match=re.escape(text)):
        MetadataService().read("x")
