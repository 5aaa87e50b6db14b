"""The reasons for which a check fails, as sentences for people."""

from __future__ import annotations

import errno

WORDS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "connection cut off",
    errno.EPIPE: "connection cut off",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "no route",
    errno.EACCES: "forbidden by a route",
    errno.EINVAL: "swallowed by a blackhole route",
    errno.EPERM: "forbidden by the sender's own firewall",
    errno.EMSGSIZE: "packet too big",
    errno.ENETDOWN: "network down",
    errno.EADDRNOTAVAIL: "the sender has no address",
}


def of_error(error: OSError) -> str:
    """The reason that the kernel gave."""
    return WORDS.get(error.errno or 0, error.strerror or str(error)).lower()


def no_answer(timeout: float) -> str:
    """Nothing came at all."""
    return f"no answer in {timeout:.1f} s"


def answer_lost(timeout: float) -> str:
    """The path there works, the path back does not."""
    return f"arrived, but no answer came back in {timeout:.1f} s"


def seen_as(seen: str, expected: str) -> str:
    """The receiver saw another source address than the one it should have seen."""
    return f"seen as {seen}, not {expected}"


def answered_by(receiver: str) -> str:
    """Somebody else has the address."""
    return f"answered by {receiver}"


def too_big_here(size: int) -> str:
    """A full packet does not leave the sender."""
    return f"the sender's own interface takes no packet of {size} bytes"


def too_big_on_the_way(size: int) -> str:
    """A hop refused a full packet with an ICMP error."""
    return f"a link on the way takes no packet of {size} bytes"


def black_hole(size: int, timeout: float) -> str:
    """A full packet vanished, and no ICMP error came."""
    return f"no packet of {size} bytes arrived in {timeout:.1f} s"


def over_got_through(mtu: int) -> str:
    """A packet that is too long arrived."""
    return f"1 byte over the MTU of {mtu} got through"


def address_missing(label: str, address: object) -> str:
    """An end cannot listen."""
    return f"{label} does not have its address {address}"


def gone(label: str) -> str:
    """An end is not there any more."""
    return f"{label} is gone"


def both(*, tcp: str | None, udp: str | None) -> str | None:
    """One reason for two protocols."""
    if tcp == udp:
        return tcp
    return "; ".join(
        f"{name}: {reason}"
        for name, reason in {"tcp": tcp, "udp": udp}.items()
        if reason is not None
    )


METADATA_REACHED = "reached the metadata service"
CLOSED = "closed without an answer"
