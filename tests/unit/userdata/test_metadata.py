import http.client
import re

import pytest
from metadata import MetadataService


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
