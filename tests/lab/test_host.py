import subprocess

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


@pytest.mark.parametrize("kind", ["veth", "no-such-kind", "gre"])
def test_what_kinds_of_links_the_kernel_makes_is_what_ip_makes_of_them(kind):
    # A key, since a namespace may begin with a device of GRE without one.
    key = ["key", "7"] if kind == "gre" else []
    link = ["ip", "link", "add", "one", "type", kind, *key]
    made = subprocess.run(["unshare", "--net", *link], capture_output=True, check=False)

    assert host.makes_no(kind) is (made.returncode != 0)
