import json
import subprocess
from ipaddress import IPv4Address, IPv4Network

import pytest

from plan.address import AddressPlan
from userdata.files.usr.local.lib.podnet import agent

ARTICLE = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24)
OTHER = AddressPlan(IPv4Network("172.20.4.0/22"), IPv4Network("10.64.0.0/12"), 26)
NODE = agent.Node(ARTICLE, "eth0", IPv4Address("192.168.1.11"), 9001)

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
ON_LINK = "kube-bridge\t0001010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"


def default_route(link, metric=0, mask="00000000"):
    return f"{link}\t00000000\t0101A8C0\t0003\t0\t0\t{metric}\t{mask}\t0\t0\t0\n"


def test_the_conflist_is_as_the_golden_copy(golden):
    golden("10-mynet.conflist", agent.conflist(NODE))


def test_the_table_is_as_the_golden_copy(golden):
    golden("podnet.nft", agent.table(NODE))


def test_the_conflist_follows_the_block_and_the_link():
    node = agent.Node(OTHER, "ens5", IPv4Address("172.20.5.12"), 1500)

    plugin = json.loads(agent.conflist(node))["plugins"][0]

    assert plugin["mtu"] == 1450
    assert plugin["ipam"]["subnet"] == str(OTHER.block(IPv4Address("172.20.5.12")))


def test_the_table_names_the_ranges_of_the_stack():
    text = agent.table(agent.Node(OTHER, "ens5", IPv4Address("172.20.4.11"), 9001))

    assert 'iifname "kube-bridge" ip saddr != 10.64.0.64/26 counter drop' in text
    assert "ip daddr != { 10.64.0.0/12, 172.20.4.0/22, 224.0.0.0/4 } masquerade" in text
    assert "ip daddr 172.20.4.2 masquerade" in text


@pytest.mark.parametrize(("routes", "link"), [
    (default_route("eth0"), "eth0"),
    (ON_LINK + default_route("ens5", 100), "ens5"),
    (default_route("ens6", 200) + default_route("ens5", 100), "ens5"),
    (default_route("tun0", mask="00000080") + default_route("eth0", 100), "eth0"),
], ids=["alone", "after another route", "least metric", "half the internet is no default"])
def test_the_primary_link_is_that_of_the_default_route(routes, link):
    assert agent.default_link(HEADER + routes) == link


def test_without_a_default_route_there_is_no_primary_link():
    with pytest.raises(LookupError, match="no default route yet"):
        agent.default_link(HEADER + ON_LINK)


@pytest.fixture
def quiet(monkeypatch, tmp_path):
    """An agent whose steps do nothing unless a test says otherwise."""
    subject = agent.Agent(ARTICLE, tmp_path)
    for step in ("keep_sysctls", "keep_node", "keep_table", "keep_conflist"):
        replace(monkeypatch, subject, step, lambda: "")
    return subject


def replace(monkeypatch, subject, step, work):
    work.__name__ = step
    monkeypatch.setattr(subject, step, work)


@pytest.mark.parametrize("error", [
    OSError("no such file"), LookupError("no route"), ValueError("not in the VPC"),
    subprocess.TimeoutExpired("nft", 10),
], ids=lambda error: type(error).__name__)
def test_a_failing_step_is_told_once_and_hides_no_other(quiet, monkeypatch, capsys, error):
    later = []

    def fail():
        raise error

    replace(monkeypatch, quiet, "keep_sysctls", fail)
    replace(monkeypatch, quiet, "keep_conflist", lambda: later.append(1) or "")

    assert [quiet.reconcile() for _ in range(3)] == [False, False, False]
    assert len(later) == 3
    assert capsys.readouterr().out == f"sysctls: {error}\n"


def test_a_step_that_works_again_says_so(quiet, monkeypatch, capsys):
    outcomes = [OSError("gone"), None, None]

    def step():
        if error := outcomes.pop(0):
            raise error
        return ""

    replace(monkeypatch, quiet, "keep_table", step)

    assert [quiet.reconcile() for _ in range(3)] == [False, True, True]
    assert capsys.readouterr().out == "table: gone\ntable: works again\n"


def test_a_poll_that_changes_nothing_logs_nothing(quiet, capsys):
    assert quiet.reconcile()
    assert capsys.readouterr().out == ""


def test_a_changed_problem_is_told(quiet, monkeypatch, capsys):
    problems = ["first", "second", "second"]

    def step():
        raise OSError(problems.pop(0))

    replace(monkeypatch, quiet, "keep_table", step)
    for _ in range(3):
        quiet.reconcile()

    assert capsys.readouterr().out == "table: first\ntable: second\n"


def test_nothing_is_written_before_the_node_is_known(tmp_path):
    subject = agent.Agent(ARTICLE, tmp_path)

    assert (subject.keep_table(), subject.keep_conflist(), list(tmp_path.iterdir())) == ("", "", [])


def test_the_conflist_is_written_once_and_leaves_no_draft(tmp_path):
    subject = agent.Agent(ARTICLE, tmp_path)
    subject.node = NODE

    changes = [subject.keep_conflist(), subject.keep_conflist()]

    file = tmp_path / "10-mynet.conflist"
    assert changes == [f"wrote {file}", ""]
    assert {path: path.read_text() for path in tmp_path.iterdir()} == {
        file: agent.conflist(NODE)}


def test_a_reader_of_the_conflist_never_sees_half_of_it(tmp_path):
    subject = agent.Agent(ARTICLE, tmp_path)
    subject.node = NODE
    file = tmp_path / "10-mynet.conflist"
    file.write_text("old")
    with file.open() as reader:
        subject.keep_conflist()

        assert (reader.read(), file.read_text()) == ("old", agent.conflist(NODE))


def test_a_table_that_nft_lists_in_other_words_is_loaded_once(tmp_path, monkeypatch):
    subject = agent.Agent(ARTICLE, tmp_path)
    subject.node = NODE
    loads = []

    def other_nft(*arguments, script=None):
        if script:
            loads.append(script)
        return "the same in other words"

    monkeypatch.setattr(agent, "nft", other_nft)

    assert [subject.keep_table() for _ in range(3)] == ["loaded", "", ""]
    assert len(loads) == 1
