"""The checks over loopback, between sockets of this very process."""

import asyncio
import errno
import socket
import time
from ipaddress import IPv4Address

import pytest

from podnet.probe import reasons
from podnet.probe.exchange import Exchange, patiently
from podnet.probe.receiver import ArrivalLog, Receiver, ReceiverAddress, Report

LOOPBACK = IPv4Address("127.0.0.1")
TIMEOUT = 0.2


def sender(kind):
    made = socket.socket(socket.AF_INET, kind)
    made.settimeout(0)
    return made


def tcp():
    return [sender(socket.SOCK_STREAM), sender(socket.SOCK_STREAM)]


def udp():
    return sender(socket.SOCK_DGRAM)


def with_receiver(check, label="web", receiver_class=Receiver):
    """Run a check against a receiver on loopback; the check gets exchange and receiver."""

    async def body():
        arrivals = ArrivalLog()
        receiver = receiver_class.opener(label, LOOPBACK)()
        receiver.start(arrivals)
        try:
            return await check(Exchange(arrivals, TIMEOUT), receiver)
        finally:
            receiver.close()

    return asyncio.run(body())


@pytest.fixture(autouse=True)
def plain_buffers(monkeypatch):
    # Forcing a buffer takes a capability that a test run without root does not have.
    monkeypatch.setattr("podnet.probe.receiver.SO_RCVBUFFORCE", socket.SO_RCVBUF)


def test_both_protocols_pass_where_the_receiver_sees_the_sender():
    async def check(exchange, receiver):
        return (
            await exchange.tcp(tcp(), receiver.place),
            await exchange.udp(udp(), receiver.place),
        )

    assert with_receiver(check) == (None, None)


def test_the_receiver_must_see_the_address_that_is_asked_for():
    async def check(exchange, receiver):
        return await exchange.tcp(tcp(), receiver.place, IPv4Address("198.51.100.1"))

    assert with_receiver(check) == "seen as 127.0.0.1, not 198.51.100.1"


class Liar(Receiver):
    """Reports another source than it saw."""

    __slots__ = ()

    def _answer(self, number, _source):
        return super()._answer(number, "192.168.1.11")


class Impostor(Receiver):
    """Answers in another's name."""

    __slots__ = ()

    def _answer(self, number, source):
        mine, self.label = self.label, "db"
        try:
            return super()._answer(number, source)
        finally:
            self.label = mine


class Mute(Receiver):
    """Hears and does not answer."""

    __slots__ = ()

    def _answer(self, _number, _source):
        raise OSError(errno.ENETUNREACH, "no way back")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Liar, ("seen as 192.168.1.11, not 127.0.0.1",) * 2),
        (Impostor, ("answered by db",) * 2),
        (Mute, ("closed without an answer", "arrived, but no answer came back in 0.2 s")),
    ],
    ids=["translated", "another answers", "no way back"],
)
def test_what_is_wrong_with_an_answer_is_said(kind, expected):
    async def check(exchange, receiver):
        return (
            await exchange.tcp(tcp(), receiver.place),
            await exchange.udp(udp(), receiver.place),
        )

    assert with_receiver(check, receiver_class=kind) == expected


def test_a_port_where_nobody_listens_refuses():
    free = {}
    for name, made in (("tcp", tcp()[0]), ("udp", udp())):
        with made:
            made.bind(("127.0.0.1", 0))
            free[name] = made.getsockname()
    nobody = ReceiverAddress("web", **free)

    async def body():
        exchange = Exchange(ArrivalLog(), TIMEOUT)
        return (await exchange.tcp(tcp(), nobody), await exchange.udp(udp(), nobody))

    assert asyncio.run(body()) == ("refused", "refused")


def test_a_process_that_is_held_up_does_not_take_that_for_silence():
    async def late():
        await asyncio.sleep(TIMEOUT / 10)
        return "here"

    async def body():
        # Far beyond the timeout, before the first event can be looked at.
        asyncio.get_running_loop().call_soon(time.sleep, TIMEOUT * 2)
        return await patiently(late(), TIMEOUT)

    assert asyncio.run(body()) == "here"


def test_patience_ends_with_the_timeout():
    async def body():
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            await patiently(asyncio.sleep(60), TIMEOUT)
        return time.monotonic() - begun

    assert asyncio.run(body()) >= TIMEOUT


def test_what_is_not_a_packet_of_this_probe_disturbs_nobody():
    async def check(exchange, receiver):
        stranger = udp()
        for data in (b"", b"x", b"\0" * 8, b"12345678?"):
            stranger.sendto(data, receiver.udp.getsockname())
        return await exchange.udp(udp(), receiver.place)

    assert with_receiver(check) is None


def test_a_arrivals_keeps_the_first_report_of_a_packet():
    async def body():
        arrivals = ArrivalLog()
        number = arrivals.new_id()
        arrivals.note(number, Report("web", "10.1.1.2"))
        arrivals.note(number, Report("db", "10.1.1.3"))
        return arrivals.arrival(number).result()

    assert asyncio.run(body()) == Report("web", "10.1.1.2")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ECONNREFUSED, "refused"),
        (errno.ENETUNREACH, "no route"),
        (errno.EHOSTUNREACH, "host unreachable"),
        (errno.ENOBUFS, "no buffer space available"),
    ],
)
def test_the_words_of_the_kernel_become_words_of_people(code, words):
    assert reasons.of_error(OSError(code, "No buffer space available")) == words


@pytest.mark.parametrize(
    ("tcp_said", "udp_said", "both"),
    [
        (None, None, None),
        ("refused", "refused", "refused"),
        (None, "refused", "udp: refused"),
        ("no route", "refused", "tcp: no route; udp: refused"),
    ],
)
def test_one_reason_for_two_protocols(tcp_said, udp_said, both):
    assert reasons.both(tcp=tcp_said, udp=udp_said) == both
