"""A node that a collector of a bundle runs on: its files, and what its commands print."""

import hashlib
import json

import pytest


def noise(lines):
    """Lines that hardly get shorter by compression."""
    return [
        f"10:00 node-1 podnet-agent[1]: {hashlib.sha256(str(number).encode()).hexdigest()}"
        for number in range(lines)
    ]


@pytest.fixture
def root(tmp_path):
    """The files of a node."""
    for name, text in {
        "run/podnet-agent/state.json": json.dumps({"ready": True, "token": "planted-in-state"}),
        "etc/podnet/node.env": "PODNET_FILES=/podnet/x/files\nTOKEN=planted-in-env\n",
        "etc/cni/net.d/10-podnet.conflist": json.dumps({"name": "podnet"}),
        "var/log/cloud-init.log": "long",
        "sys/class/net/lo/mtu": "1",
        "sys/class/net/ens5/device/x": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "sys/class/net/ens5/device/driver").symlink_to("../../drivers/ena")
    return tmp_path


def commands(journal="started\n"):
    """What commands print on a node: secrets of every kind among it."""

    def run(argv):
        if argv[0] == "bridge":
            raise LookupError("`bridge` cannot run: No such file or directory")
        if argv[0] == "journalctl":
            assert "--unit=podnet-*" in argv
            return journal
        if argv[:2] == ("ethtool", "-S"):
            return "NIC statistics:\n     bw_in_allowance_exceeded: 7\n     tx_timeout: 0\n"
        return "[]" if "-json" in argv else f"what {argv[0]} prints\n"

    return run
