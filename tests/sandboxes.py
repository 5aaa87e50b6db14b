"""CNI results and leases of pods, as a runtime and host-local leave them on a node."""

import json


class Runtime:
    """Stands in for a container runtime below a folder like /var/lib/cni."""

    def __init__(self, folder):
        self.folder = folder
        self.results = folder / "results"
        self.leases = folder / "networks" / "mynet"
        for each in (self.results, self.leases):
            each.mkdir(parents=True, exist_ok=True)

    def add(self, pod, address, port, netns=None, mac="02:00:00:00:00:02"):
        """The result and the lease of an ADD: libcni, api.go, and host-local, disk/backend.go."""
        if netns is None:
            netns = self.folder / "netns" / pod
            netns.mkdir(parents=True, exist_ok=True)
        container = f"{pod}-0123456789ab"
        kept = {
            "kind": "cniCacheV1",
            "containerId": container,
            "ifName": "eth0",
            "networkName": "mynet",
            "cniArgs": [["IgnoreUnknown", "1"], ["K8S_POD_NAME", pod]],
            "result": {
                "cniVersion": "1.0.0",
                "interfaces": [
                    {"name": "kube-bridge", "mac": "02:51:c0:a8:01:0b"},
                    {"name": port, "mac": "02:00:00:00:00:01"},
                    {"name": "eth0", "mac": mac, "sandbox": str(netns)},
                ],
                "ips": [{"interface": 2, "address": f"{address}/24", "gateway": "10.1.1.1"}],
                "dns": {},
            },
        }
        (self.results / f"mynet-{container}-eth0").write_text(json.dumps(kept))
        self.lease(address, container)

    def lease(self, address, container=""):
        file = self.leases / str(address)
        file.write_text(f"{container}\r\neth0" if container else "")
        return file
