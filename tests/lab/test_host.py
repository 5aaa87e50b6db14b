import pytest

from podnet.lab.host import preflight as host

pytestmark = pytest.mark.lab


def test_a_machine_that_runs_this_tier_has_no_problems():
    assert host.problems() == []


def test_a_link_kind_that_the_kernel_lacks_is_named(monkeypatch):
    monkeypatch.setattr(host, "LINK_KINDS", ("veth", "no-such-kind", "bridge"))

    assert host.problems() == [
        "this kernel makes no no-such-kind interface: Operation not supported"
    ]


def test_a_missing_capability_is_named(monkeypatch):
    monkeypatch.setattr(host, "NEEDED_CAPABILITIES", {"CAP_NOT_THERE": 63})

    assert host.problems() == [
        "the lab needs CAP_NOT_THERE, which this root lacks: is this an unprivileged container?"
    ]
