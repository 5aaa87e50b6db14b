"""Matrices for tests, of three endpoints."""

from podnet.probe import Check, Matrix, Result

NAMES = ("node-1", "web", "db")


def pair(source, target, tcp=None, udp=None, mtu=None):
    reasons = {Check.TCP: tcp, Check.UDP: udp, Check.MTU: mtu}
    return [Result(source, target, check, reason) for check, reason in reasons.items()]


def matrix(*results):
    return Matrix(NAMES, tuple(results), 1.2345)


ONE_FAILED = matrix(
    *pair("web", "db", tcp="refused"),
    *pair("db", "web"),
    *pair("web", "node-1"),
    Result("web/a", "web/b", Check.LOCALHOST, None),
    Result("web/b", "web/a", Check.LOCALHOST, "no answer in 1.0 s"),
    Result("web", "internet", Check.INTERNET, None),
    Result("db", "metadata", Check.METADATA, "reached the metadata service"),
)
