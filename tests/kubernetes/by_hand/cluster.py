"""A cluster made by hand: three instances of the Kubernetes image, kubeadm, and routes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

from podnet.lab.images import catalogue
from podnet.lab.images import programs as build
from podnet.system.commands import CommandError

NODES = {1: "172.20.4.11", 2: "172.20.4.12", 3: "172.20.4.13"}
ALL = {f"node-{number}" for number in NODES}
SERVICES = "10.96.0.0/16"
INIT_SECONDS = 240
READY_SECONDS = 120
WATCHED = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "net/netfilter/nf_conntrack_max",
    "net/ipv4/ip_forward",
)
"""What a kubelet or kube-proxy would set on a machine of its own."""
KUBECONFIG = "--kubeconfig=/etc/kubernetes/admin.conf"


def block(number):
    return f"10.9.{number}.0/24"


def user_data(number):
    """What the node agent of a stack does, for one mode and nodes that never change."""
    conflist = {
        "cniVersion": "1.0.0",
        "name": "by-hand",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": block(number)}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
        ],
    }
    commands = ["sysctl -w net.ipv4.ip_forward=1"]
    commands += [
        f"ip route replace {block(peer)} via {address}"
        for peer, address in NODES.items()
        if peer != number
    ]
    return "#cloud-config\n" + json.dumps(
        {
            "write_files": [
                {"path": "/etc/cni/net.d/10-by-hand.conflist", "content": json.dumps(conflist)}
            ],
            # At every boot: a node that reboots must find its routes again.
            "bootcmd": [["sh", "-c", command] for command in commands],
        }
    )


def configuration(kind, number, more=""):
    """A document of kubeadm, with the preflight errors that the image ignores."""
    return dedent(f"""\
        apiVersion: kubeadm.k8s.io/v1beta4
        kind: {kind}
        nodeRegistration:
          name: node-{number}
          ignorePreflightErrors: [IGNORED]
          kubeletExtraArgs:
            - {{name: node-ip, value: {NODES[number]}}}
            - {{name: config-dir, value: /etc/kubernetes/kubelet.conf.d}}
        """) + dedent(more)


def cluster_configuration():
    return configuration(
        "InitConfiguration",
        1,
        f"""\
        localAPIEndpoint:
          advertiseAddress: {NODES[1]}
        ---
        apiVersion: kubeadm.k8s.io/v1beta4
        kind: ClusterConfiguration
        kubernetesVersion: {build.version("kubernetes")}
        networking:
          serviceSubnet: {SERVICES}
        ---
        apiVersion: kubeproxy.config.k8s.io/v1alpha1
        kind: KubeProxyConfiguration
        mode: nftables
        conntrack:
          maxPerCore: 0
        ---
        apiVersion: kubelet.config.k8s.io/v1beta1
        kind: KubeletConfiguration
        protectKernelDefaults: true
        """,
    )


class Cluster:
    """The nodes, by number, and what a person would do on them."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.open_between_nodes()
        self.ids = {
            number: cloud.launch(
                address,
                f"node-{number}",
                ImageId=catalogue.KUBERNETES.image_id,
                UserData=user_data(number),
            )
            for number, address in NODES.items()
        }
        for instance in self.ids.values():
            cloud.ec2.modify_instance_attribute(
                InstanceId=instance, SourceDestCheck={"Value": False}
            )
        self.nodes = {number: cloud.booted(f"node-{number}") for number in NODES}

    def open_between_nodes(self):
        """The default group lets its members reach each other, but not their pods."""
        groups = self.cloud.ec2.describe_security_groups(
            Filters=[
                {"Name": "group-name", "Values": ["default"]},
                {
                    "Name": "vpc-id",
                    "Values": [
                        self.cloud.ec2.describe_subnets(SubnetIds=[self.cloud.subnet])["Subnets"][
                            0
                        ]["VpcId"]
                    ],
                },
            ]
        )["SecurityGroups"]
        self.cloud.ec2.authorize_security_group_ingress(
            GroupId=groups[0]["GroupId"],
            IpPermissions=[
                {
                    "IpProtocol": "-1",
                    "IpRanges": [{"CidrIp": one} for one in ("172.20.4.0/24", "10.9.0.0/16")],
                }
            ],
        )

    def begin(self):
        self.kubeadm(1, "init", cluster_configuration())
        token, _, digest = (
            self.nodes[1]
            .run("kubeadm", "token", "create", "--print-join-command")
            .partition("--discovery-token-ca-cert-hash ")
        )
        joining = f"""\
            discovery:
              bootstrapToken:
                apiServerEndpoint: {NODES[1]}:6443
                token: {token.split()[4]}
                caCertHashes: [{digest.strip()}]
            """
        with ThreadPoolExecutor() as pool:
            list(
                pool.map(
                    lambda number: self.kubeadm(
                        number, "join", configuration("JoinConfiguration", number, joining)
                    ),
                    (2, 3),
                )
            )

    def kubeadm(self, number, verb, text):
        node = self.nodes[number]
        ignored = node.run("sh", "-c", '. /etc/default/podnet-kubernetes; echo "$IGNORE_PREFLIGHT"')
        node.run("tee", "/root/kubeadm.yaml", stdin=text.replace("IGNORED", ignored.strip()))
        node.run("systemctl", "enable", "kubelet")
        node.run("kubeadm", verb, "--config=/root/kubeadm.yaml", timeout=INIT_SECONDS)

    def kubectl(self, *words, **more):
        return self.nodes[1].run("kubectl", KUBECONFIG, *words, **more)

    def get(self, *words):
        return json.loads(self.kubectl("get", "--output=json", *words))["items"]

    def ready(self):
        """The names of the nodes that are ready; none where the API does not answer."""
        with suppress(CommandError):
            return {
                node["metadata"]["name"]
                for node in self.get("nodes")
                if any(
                    one["type"] == "Ready" and one["status"] == "True"
                    for one in node["status"]["conditions"]
                )
            }
        return set()

    def until_ready(self):
        self.cloud.until(lambda: self.ready() == ALL, "all nodes are ready", READY_SECONDS)

    def until_renewed(self, number):
        """Wait until the API has heard from this boot of the node."""
        boot = self.nodes[number].boot_id
        self.cloud.until(
            lambda: boot in self.boots(), f"node-{number} reports its new boot", READY_SECONDS
        )

    def boots(self):
        with suppress(CommandError):
            return {node["status"]["nodeInfo"]["bootID"] for node in self.get("nodes")}
        return set()


def kernel_settings():
    return {name: Path("/proc/sys", name).read_text() for name in WATCHED}
