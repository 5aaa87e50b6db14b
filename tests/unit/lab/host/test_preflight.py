from podnet.lab.host import preflight as host


def test_another_system_than_linux_is_named(monkeypatch):
    monkeypatch.setattr(host.sys, "platform", "darwin")

    assert host.problems() == [
        "the lab needs Linux: it is made of network namespaces, and this is darwin"
    ]


def test_a_user_without_root_is_refused(monkeypatch):
    monkeypatch.setattr(host.os, "geteuid", lambda: 1000)

    assert host.problems() == [
        "the lab needs root: it makes network namespaces and mounts; run it with sudo"
    ]
