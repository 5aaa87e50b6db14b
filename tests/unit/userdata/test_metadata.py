import http.client
import queue
import re
from functools import partial

import metadata
import pytest
from metadata import Answers, MetadataService


class Server:
    """Answers of the service: status and text by path."""

    def __init__(self):
        self.answers = {"/latest/api/token": (200, b"token"), "/latest/meta-data/x": (200, b"y")}
        self.requests = []
        self.sources = []
        self.failing = lambda: False

    def connect(self, host, timeout, source_address):
        assert (host, timeout) == ("169.254.169.254", 5.0)
        self.sources.append(source_address[0])
        return self

    def request(self, method, path, headers):
        self.requests.append((method, path, headers))

    def getresponse(self):
        if self.failing():
            self.status, self.body = 500, b"it failed"
        else:
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
    monkeypatch.setattr(metadata, "AGAIN", 0.01)
    monkeypatch.setattr(metadata, "RETRIES_END", 0.05)
    return subject


def test_one_token_serves_many_requests(server):
    subject = MetadataService()

    assert [subject.read("x") for _ in range(3)] == ["y"] * 3
    assert [method for method, _, _ in server.requests] == ["PUT", "GET", "GET", "GET"]
    assert server.requests[1][2] == {"X-aws-ec2-metadata-token": "token"}


def test_it_asks_from_the_nodes_address_once_that_is_known(server):
    subject = MetadataService()
    subject.read("x")
    subject.source = "192.168.1.11"
    subject.read("x")

    assert server.sources == ["", "", "192.168.1.11"]


def methods(server):
    return [method for method, _, _ in server.requests]


def test_a_refused_token_is_not_used_again(server):
    subject = MetadataService()
    server.answers["/latest/meta-data/x"] = (401, b"")
    with pytest.raises(OSError, match="401"):
        subject.read("x")
    server.answers["/latest/meta-data/x"] = (200, b"y")

    assert subject.read("x") == "y"
    assert methods(server) == ["PUT", "GET", "PUT", "GET"]


def asked(path="x"):
    return Answers(partial(MetadataService().read, path), wait=10)


@pytest.mark.parametrize("turn", [0, 1], ids=["the first fails", "the second fails"])
def test_of_a_service_that_fails_every_second_request_each_question_has_its_answer(server, turn):
    server.failing = lambda: len(server.requests) % 2 != turn
    subject = asked()

    assert [subject() for _ in range(5)] == ["y"] * 5
    assert methods(server).count("PUT") <= 2


def test_a_service_that_closes_the_connection_is_asked_again_at_once(server, monkeypatch):
    closing, answer = iter([True, True]), server.getresponse

    def respond():
        if next(closing, False):
            raise http.client.RemoteDisconnected
        return answer()

    monkeypatch.setattr(server, "getresponse", respond)

    assert asked()() == "y"


def test_an_error_is_heard_while_the_question_is_asked_again(server, monkeypatch):
    monkeypatch.setattr(metadata, "RETRIES_END", 60)
    server.failing = lambda: True
    subject = Answers(partial(MetadataService().read, "x"), wait=0.2)
    with pytest.raises(OSError, match="500"):
        subject()
    server.failing = lambda: False
    subject.asking.join()

    assert subject() == "y"


def test_a_missing_tag_is_no_failure_to_ask_again_for(server):
    with pytest.raises(LookupError):
        asked("other")()

    assert methods(server) == ["PUT", "GET"]


def test_a_question_that_took_its_time_is_not_asked_again(server, monkeypatch):
    monkeypatch.setattr(metadata, "RETRIES_END", -1)
    server.failing = lambda: True
    with pytest.raises(OSError, match="500"):
        asked()()

    assert methods(server) == ["PUT"]


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


@pytest.fixture
def slow():
    """Answers of a service that says what the test puts into a queue, when it does."""
    said = queue.Queue()

    def ask():
        found = said.get(timeout=10)
        if isinstance(found, Exception):
            raise found
        return found

    answers = Answers(ask, wait=0.05)
    answers.say = said.put
    yield answers
    said.put("")


def later(answers):
    """What is answered once the open question is."""
    answers.asking.join()
    return answers()


def test_a_question_that_ended_between_two_polls_is_asked_again(slow):
    slow.say("overlay")
    slow()
    slow()
    slow.say("host-gw")
    slow.asking.join()
    slow.say("l2")

    assert slow() == "l2"


def test_a_service_that_answers_is_heard_in_the_same_poll():
    said = iter(["one", "two"])
    answers = Answers(lambda: next(said), wait=5)

    assert [answers(), answers()] == ["one", "two"]


def test_an_answer_that_comes_late_is_heard_in_a_later_poll(slow):
    with pytest.raises(OSError, match="has not answered yet"):
        slow()
    slow.say("overlay")

    assert later(slow) == "overlay"


def test_while_a_question_is_open_the_last_answer_holds_and_none_is_asked_twice(slow):
    slow.say("overlay")
    heard = [slow(), slow(), slow()]
    open_question = slow.asking
    slow.say("host-gw")

    assert heard == ["overlay"] * 3
    assert later(slow) == "host-gw"
    assert slow.asking is not open_question


@pytest.mark.parametrize("error", [OSError("it is dead"), LookupError("no tag"), ValueError("x")])
def test_while_a_question_is_open_the_last_error_holds(slow, error):
    slow.say(error)
    for _ in range(3):
        with pytest.raises(type(error), match=str(error)):
            slow()
    slow.say("overlay")

    assert later(slow) == "overlay"
