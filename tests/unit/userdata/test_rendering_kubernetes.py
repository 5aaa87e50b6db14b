import dataclasses
from base64 import b64decode
from ipaddress import IPv4Network

import pytest
import yaml

from podnet import userdata
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.settings import Settings
from podnet.userdata import packing, rendering
from podnet.userdata.stripping import stripped

CLUSTER = Settings(kubernetes=Kubernetes.KUBEADM)


def test_nodes_of_a_cluster_receive_what_others_do_and_the_means_to_fetch_the_rest():
    plain, cluster = userdata.contents(Settings()), userdata.contents(CLUSTER, "dev")
    fetcher, environment = packing.in_user_data(), "/etc/podnet/node.env"

    assert cluster == {
        **{path: text for path, text in plain.items() if path not in packing.LATE},
        **{path: stripped(text) for path, text in fetcher.items() if path.endswith(".py")},
        **{path: text for path, text in fetcher.items() if not path.endswith(".py")},
        environment: plain[environment]
        + (
            "PODNET_KUBERNETES=kubeadm\n"
            "PODNET_KUBERNETES_VERSION=1.36.0\n"
            f"PODNET_KUBERNETES_FILES={packing.digest()}\n"
            "PODNET_PARAMETERS=/podnet/dev/kubernetes\n"
            "PODNET_SERVICE_CIDR=10.96.0.0/12\n"
        ),
    }


def test_both_units_are_started_and_neither_is_waited_for():
    assert yaml.safe_load(userdata.render(CLUSTER, "dev"))["runcmd"][1:] == [
        ["systemctl", "enable", "--now", "--no-block", "podnet-agent", "podnet-kubernetes"]
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"kubernetes_version": "1.36.4"},
        {"node_port_cidrs": (IPv4Network("203.0.113.0/24"),)},
        {"cluster_timeout_seconds": 60},
    ],
    ids=lambda change: next(iter(change)),
)
def test_without_a_cluster_no_setting_of_one_changes_a_byte(change):
    changed = dataclasses.replace(Settings(), **change)

    assert userdata.render(changed, "dev") == userdata.render(Settings())


def test_the_stack_is_named_in_its_parameters_and_needed_for_them():
    assert "PODNET_PARAMETERS=/podnet/prod/kubernetes\n" in userdata.node_env(CLUSTER, "prod")
    with pytest.raises(ValueError, match="needs a name"):
        userdata.render(CLUSTER)


def test_another_file_in_the_pack_is_another_version(monkeypatch):
    now = userdata.version(CLUSTER, "dev")
    monkeypatch.setattr(packing, "PACKED", packing.PACKED[1:])

    assert userdata.version(CLUSTER, "dev") != now
    assert userdata.version(Settings()) == userdata.version(Settings(), "dev")


def test_a_long_name_of_a_stack_still_fits():
    raw = b64decode(userdata.encoded(CLUSTER, "a-stack-with-a-name-as-long-as-this-one-is-longer"))

    assert len(raw) <= rendering.LIMIT
