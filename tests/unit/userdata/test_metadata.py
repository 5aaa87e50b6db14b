import http.client

import metadata
import pytest

from plan.routing import Routing, RoutingMode

OVERLAY = "overlay max=4 vni=1 port=8472"
HOST_GW = "host-gw max=4 vni=1 port=8472"


@pytest.fixture
def service(monkeypatch):
    """A metadata service whose tag a test sets, or which raises what a test sets."""

    class Service:
        tag = OVERLAY
        calls = ()

        def ask(self, method, *_):
            self.calls = (*self.calls, method)
            if method == "PUT":
                return "token"
            if isinstance(self.tag, Exception):
                raise self.tag
            return self.tag

    subject = Service()
    monkeypatch.setattr(metadata, "_ask", subject.ask)
    return subject


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "routing"


def test_a_new_word_is_told_once_and_kept(service, kept):
    subject = metadata.Metadata(kept)

    assert [subject.keep(), subject.keep()] == [OVERLAY, ""]
    assert subject.routing == Routing(mode=RoutingMode.OVERLAY, max_nodes=4)
    assert {path.name: path.read_text() for path in kept.parent.iterdir()} == {
        "routing": f"{OVERLAY}\n"
    }


def test_one_token_serves_many_polls(service, kept):
    subject = metadata.Metadata(kept)
    for _ in range(3):
        subject.keep()

    assert service.calls == ("PUT", "GET", "GET", "GET")


@pytest.mark.parametrize(
    "answer",
    ["nonsense", OSError("dead"), LookupError("no tag")],
    ids=["unknown", "dead", "no tag"],
)
def test_the_last_good_word_holds(service, kept, answer):
    kept.write_text(f"{HOST_GW}\n")
    service.tag = answer
    subject = metadata.Metadata(kept)

    with pytest.raises((OSError, LookupError, ValueError)):
        subject.keep()
    assert subject.routing == Routing.parse(HOST_GW)
    assert kept.read_text() == f"{HOST_GW}\n"


def test_a_kept_word_that_is_told_again_is_no_change(service, kept):
    kept.write_text(f"{OVERLAY}\n")

    assert metadata.Metadata(kept).keep() == ""


def test_a_refused_token_is_not_used_again(service, kept):
    subject = metadata.Metadata(kept)
    service.tag = PermissionError("refused")
    with pytest.raises(PermissionError):
        subject.keep()
    service.tag = OVERLAY

    assert subject.keep() == OVERLAY
    assert service.calls == ("PUT", "GET", "PUT", "GET")


def test_a_full_disk_does_not_hold_up_a_switch(service, kept):
    subject = metadata.Metadata(kept / "no-such-folder")

    with pytest.raises(OSError, match="no-such-folder"):
        subject.keep()
    assert subject.routing == Routing.parse(OVERLAY)


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (404, LookupError, "is the tag set?"),
        (401, PermissionError, "refused the token"),
        (503, OSError, "answered GET /x with 503"),
    ],
)
def test_what_the_service_answers_is_told_apart(monkeypatch, status, error, says):
    class Connection:
        def __init__(self, *_, **__):
            self.status = status

        def request(self, *_, **__):
            pass

        def getresponse(self):
            return self

        def read(self):
            return b""

        def close(self):
            pass

    monkeypatch.setattr(http.client, "HTTPConnection", Connection)

    with pytest.raises(error) as refusal:
        metadata._ask("GET", "/x", {})  # noqa: SLF001  # the wire is not a method's business
    assert says in str(refusal.value)
