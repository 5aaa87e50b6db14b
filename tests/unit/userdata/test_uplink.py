"""The uplink keeps the node's names: what resolves them is asked by the link with the address."""

import pytest
import uplink


class Resolved:
    """The DNS servers of links, as resolvectl shows and takes them."""

    def __init__(self, **servers):
        self.servers = {name.replace("_", "-"): each for name, each in servers.items()}
        self.done = []

    def run(self, *argv):
        _, verb, link, *values = argv
        if verb == "dns" and not values:
            return f"Link 2 ({link}): {' '.join(self.servers.get(link, []))}\n"
        self.done.append(argv[1:])
        if verb == "dns":
            self.servers[link] = values
        return ""


@pytest.fixture
def resolved(tmp_path, monkeypatch):
    def of(**servers):
        made = Resolved(**servers)
        monkeypatch.setattr(uplink, "RESOLVED", tmp_path)
        monkeypatch.setattr(uplink, "run", made.run)
        return made

    return of


def test_the_bridge_takes_over_the_servers_of_its_port_once(resolved):
    there = resolved(eth0=["192.168.1.2", "10.0.0.2"])
    first, second = ([*uplink._resolve(["eth0"])] for _ in range(2))  # noqa: SLF001

    assert there.servers["phys-bridge"] == ["192.168.1.2", "10.0.0.2"]
    assert there.done[-1] == ("default-route", "phys-bridge", "yes")
    assert first == [
        "resolvectl dns phys-bridge 192.168.1.2 10.0.0.2",
        "resolvectl default-route phys-bridge yes",
    ]
    assert second == []


def test_servers_that_somebody_gave_the_bridge_stay(resolved):
    there = resolved(eth0=["192.168.1.2"], phys_bridge=["1.1.1.1"])

    assert [*uplink._resolve(["eth0"])] == []  # noqa: SLF001
    assert there.done == []


@pytest.mark.parametrize("runs", [True, False], ids=["no servers", "no resolver"])
def test_where_there_is_nothing_to_take_over_nothing_is_done(resolved, tmp_path, monkeypatch, runs):
    there = resolved()
    if not runs:
        monkeypatch.setattr(uplink, "RESOLVED", tmp_path / "none")

    assert [*uplink._resolve(["eth0"])] == []  # noqa: SLF001
    assert there.done == []
