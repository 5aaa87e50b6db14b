import re
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "userdata/kubernetes/files/usr/local/lib/podnet/packages.sh"
KUBERNETES_KEY = "DE15B14486CD377B9E876E1A234654DA9A296436"
DOCKER_KEY = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
TOOLS = ("sh", "awk", "sed", "mkdir", "mv", "rm", "cat")


@pytest.fixture
def machine(tmp_path):
    """A machine with only the programs a test puts there; each writes down how it was called."""
    return Machine(tmp_path)


class Machine:
    def __init__(self, folder):
        self.folder, self.bin, self.etc = folder, folder / "bin", folder / "etc"
        self.calls = folder / "calls"
        self.bin.mkdir()
        (self.etc / "apt/sources.list.d").mkdir(parents=True)
        (self.etc / "os-release").write_text("ID=debian\nVERSION_CODENAME=bookworm\n")
        for tool in TOOLS:
            real = next(
                Path(place) / tool
                for place in ("/bin", "/usr/bin")
                if (Path(place) / tool).exists()
            )
            (self.bin / tool).symlink_to(real)
        self.keys = {"pkgs.k8s.io": KUBERNETES_KEY, "download.docker.com": DOCKER_KEY}
        self.program("apt-mark")
        self.program("curl", 'for last; do :; done; echo "$last" >"$5"')
        self.program("apt-get")

    def program(self, name, body=""):
        file = self.bin / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.calls}\n{body}\n')
        file.chmod(0o755)

    def has(
        self, kubeadm="v1.36.0", containerd="containerd github.com/containerd/containerd v2.3.7 x"
    ):
        if kubeadm:
            self.program("kubeadm", f"echo {kubeadm}")
            self.program("kubelet")
            self.program("kubectl")
        if containerd:
            self.program("containerd", f"echo {containerd}")

    def installing(self, kubeadm):
        """From now on apt-get brings this kubeadm and a containerd."""
        self.program(
            "apt-get",
            f'case "$*" in *kubeadm=*) for p in kubelet kubectl; do cp {self.bin}/apt-mark '
            f"{self.bin}/$p; done; printf '#!/bin/sh\\necho {kubeadm}\\n' >{self.bin}/kubeadm; "
            f"chmod +x {self.bin}/kubeadm;; esac",
        )
        (self.bin / "cp").symlink_to("/bin/cp")
        (self.bin / "chmod").symlink_to("/bin/chmod")

    def run(self):
        shown = "".join(
            f"*{host}*) echo 'pub:-:2048:'; echo 'fpr:::::::::{key}:'; echo 'sub:-:'; "
            f"echo 'fpr:::::::::FFFF:';; "
            for host, key in self.keys.items()
        )
        self.program("gpg", f'for last; do :; done; case "$(cat "$last")" in {shown}esac')
        return subprocess.run(
            [self.bin / "sh", SCRIPT],
            env={
                "PATH": str(self.bin),
                "PODNET_KUBERNETES_VERSION": "1.36.0",
                "PODNET_ETC": str(self.etc),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def installed(self):
        """What was asked of apt-get install, without its options."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [line.partition(" install ")[2].split() for line in lines if " install " in line]


def test_nothing_is_fetched_where_nothing_is_missing(machine):
    machine.has()

    assert machine.run().returncode == 0
    assert machine.installed() == []
    assert list((machine.etc / "apt/sources.list.d").iterdir()) == []


@pytest.mark.parametrize(("system", "codename"), [("debian", "bookworm"), ("ubuntu", "noble")])
def test_a_plain_system_gets_pinned_packages_from_both_projects_and_keeps_them(
    machine, system, codename
):
    (machine.etc / "os-release").write_text(
        f'PRETTY_NAME="X"\nVERSION_ID="1"\nID={system}\nID_LIKE=debian\nVERSION_CODENAME={codename}\n'
    )
    machine.installing("v1.36.0")

    done = machine.run()

    assert (done.returncode, done.stderr) == (0, "")
    assert machine.installed() == [
        ["ca-certificates", "curl", "gpg"],
        ["kubeadm=1.36.0-*", "kubelet=1.36.0-*", "kubectl=1.36.0-*", "containerd.io=2.3.4-*"],
    ]
    assert {
        file.name: file.read_text() for file in (machine.etc / "apt/sources.list.d").iterdir()
    } == {
        "podnet-kubernetes.list": (
            f"deb [signed-by={machine.etc}/apt/keyrings/kubernetes.asc] "
            "https://pkgs.k8s.io/core:/stable:/v1.36/deb/ /\n"
        ),
        "podnet-docker.list": (
            f"deb [signed-by={machine.etc}/apt/keyrings/docker.asc] "
            f"https://download.docker.com/linux/{system} {codename} stable\n"
        ),
    }
    held = re.findall(r"apt-mark hold (\S+)", machine.calls.read_text())
    assert held == ["kubeadm", "kubelet", "kubectl", "containerd.io"]


@pytest.mark.parametrize("version", ["1.6.20~ds1", "v1.7.27"], ids=["Debian 12", "upstream"])
def test_a_containerd_1_is_too_old(machine, version):
    machine.has(containerd=f"containerd github.com/containerd/containerd {version} x")

    machine.run()

    assert machine.installed()[1] == ["containerd.io=2.3.4-*"]


@pytest.mark.parametrize(
    "version",
    [
        "containerd github.com/containerd/containerd v2.3.7 abc",
        "containerd containerd.io 2.3.4 abc",
        "containerd github.com/containerd/containerd/v2 v2.2.1 abc",
    ],
)
def test_any_containerd_2_will_do(machine, version):
    machine.has(containerd=version)

    machine.run()

    assert machine.installed() == []


@pytest.mark.parametrize("host", ["pkgs.k8s.io", "download.docker.com"])
def test_a_key_of_another_fingerprint_installs_nothing(machine, host):
    machine.keys[host] = "0" * 40
    machine.installing("v1.36.0")

    done = machine.run()

    assert done.returncode == 1
    assert f"has fingerprint '{'0' * 40}', not" in done.stderr
    assert machine.installed() == [["ca-certificates", "curl", "gpg"]]
    names = {file.name for file in (machine.etc / "apt/keyrings").iterdir()}
    assert names <= {"kubernetes.asc"}


def test_a_second_key_in_the_file_is_refused_too(machine):
    machine.keys["pkgs.k8s.io"] = f"{KUBERNETES_KEY}:'; echo 'pub:-:'; echo 'fpr:::::::::{'1' * 40}"
    machine.installing("v1.36.0")

    assert machine.run().returncode == 1


def test_an_image_with_another_kubeadm_is_refused_with_both_versions(machine):
    machine.has(kubeadm="v1.35.2")

    done = machine.run()

    assert done.returncode == 1
    assert "the kubeadm on PATH is v1.35.2, the stack needs v1.36.0" in done.stderr


def test_a_failed_installation_fails(machine):
    machine.program("apt-get", "exit 100")

    assert machine.run().returncode == 100
