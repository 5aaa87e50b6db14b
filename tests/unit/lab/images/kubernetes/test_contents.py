"""Which images a node has, and what is in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from podnet.lab.images import programs as build
from podnet.lab.images.kubernetes import contents
from podnet.plan import flannel, kube_router
from tests.refusals import refused

PROGRAMS, ROOT = Path("/programs"), Path("/root")
LDD = """\
	linux-vdso.so.1 (0x00007ffd)
	libnftables.so.1 => /lib/x86_64-linux-gnu/libnftables.so.1 (0x00007f1)
	/lib64/ld-linux-x86-64.so.2 (0x00007f2)
"""
LIBRARIES = {"/lib/x86_64-linux-gnu/libnftables.so.1", "/lib64/ld-linux-x86-64.so.2"}


BASE = {
    "/etc/ssl/certs/ca-certificates.crt",
    *(f"/etc/{name}" for name in ("ethertypes", "nsswitch.conf", "protocols", "rpc", "services")),
}


@pytest.fixture
def root(tmp_path):
    """An instance with Python: what is there for a container, and what is not."""
    library = tmp_path / "usr/lib/python3.11"
    for name in ("json/__init__.py", "lib-dynload/_ctypes.so", "test/a.py", "__pycache__/x.pyc"):
        file = library / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (library / "sitecustomize.py").symlink_to("/etc/python3.11/sitecustomize.py")
    (tmp_path / "usr/bin").mkdir()
    (tmp_path / "usr/bin/python3").symlink_to("python3.11")
    return tmp_path


@pytest.fixture(autouse=True)
def _linked(monkeypatch):
    def run(*argv):
        assert argv[0] == "chroot"
        assert argv[2] == "ldd"
        return LDD

    monkeypatch.setattr(contents, "run", run)


def test_the_proxy_finds_its_tools_with_what_they_are_linked_with():
    [image] = contents.cluster_images(["example/kube-proxy:v1"], PROGRAMS, ROOT)

    tools = {"/usr/local/bin/kube-proxy", "/usr/sbin/nft", "/usr/sbin/conntrack"}
    assert set(image.files) == tools | LIBRARIES | BASE
    assert image.files["/usr/sbin/nft"] == Path("/root/usr/sbin/nft")


def test_programs_are_where_the_manifests_of_kubeadm_look_for_them():
    base = {path: Path(f"{ROOT}{path}") for path in BASE}
    names = ["example/kube-apiserver:v1", "example:5000/coredns/coredns:v1", "example/pause:3"]
    found = {
        image.names: (dict(image.files), image.entrypoint, image.user)
        for image in contents.cluster_images(names, PROGRAMS, ROOT)
    }

    assert found == {
        (names[0],): (
            {"/usr/local/bin/kube-apiserver": PROGRAMS / "kube-apiserver"} | base,
            ("/usr/local/bin/kube-apiserver",),
            "",
        ),
        (names[1],): ({"/coredns": PROGRAMS / "coredns"} | base, ("/coredns",), contents.NOBODY),
        (names[2],): ({"/pause": PROGRAMS / "pod"}, ("/pause",), ""),
    }


def test_an_image_that_nobody_can_make_is_named():
    with refused("container-image-unknown"):
        contents.cluster_images(["example/new:v1"], PROGRAMS, ROOT)


def test_an_image_pinned_by_digest_has_the_names_that_containerd_looks_for(root):
    names = {image.names for image in contents.other_images(PROGRAMS, root)}
    digests = [pinned.partition("@")[2] for pinned in (flannel.IMAGE, flannel.PLUGIN_IMAGE)]

    assert names == {
        (f"ghcr.io/flannel-io/flannel@{digests[0]}", flannel.IMAGE.partition("@")[0]),
        (
            f"ghcr.io/flannel-io/flannel-cni-plugin@{digests[1]}",
            flannel.PLUGIN_IMAGE.partition("@")[0],
        ),
        (
            f"docker.io/library/python@{contents.PYTHON_IMAGE.partition('@')[2]}",
            contents.PYTHON_IMAGE.partition("@")[0],
        ),
        (contents.POD_IMAGE,),
    }


def test_flannels_daemon_has_the_files_of_its_base(root):
    images = {image.names[-1]: image for image in contents.other_images(PROGRAMS, root)}

    daemon = {"/opt/bin/flanneld", "/opt/bin/install-conf"}
    assert set(images[flannel.IMAGE.partition("@")[0]].files) == daemon | BASE


def test_the_plugin_can_be_installed_from_its_image(root):
    images = {image.names[-1]: image for image in contents.other_images(PROGRAMS, root)}

    assert (
        set(images[flannel.PLUGIN_IMAGE.partition("@")[0]].files)
        == {"/flannel", "/bin/cp"} | LIBRARIES
    )


def test_kube_router_finds_its_tools_under_their_names(root):
    extensions = root / "usr/lib/x86_64-linux-gnu/xtables"
    extensions.mkdir(parents=True)
    for name in ("libxt_set.so", "libipt_REJECT.so", "libebt_mark.so"):
        (extensions / name).touch()
    image = contents.kube_router_image(PROGRAMS, root)
    multi = root / "usr/sbin/xtables-nft-multi"

    assert image.names == ("podnet.local/kube-router:v2.1.0",)
    assert {image.files[f"/usr/sbin/{name}"] for name in contents.IPTABLES_NAMES} == {multi}
    assert set(image.files) - BASE - LIBRARIES == {
        "/usr/local/bin/kube-router",
        "/usr/sbin/iptables",
        "/usr/sbin/iptables-restore",
        "/usr/sbin/iptables-save",
        "/usr/sbin/ipset",
        "/bin/cp",
        "/sbin/ip",
        "/usr/lib/x86_64-linux-gnu/xtables/libxt_set.so",
        "/usr/lib/x86_64-linux-gnu/xtables/libipt_REJECT.so",
        "/usr/lib/x86_64-linux-gnu/xtables/libebt_mark.so",
    }


def test_kube_router_is_the_version_that_is_built():
    assert build.version("kube-router", build.KUBE_ROUTER) == kube_router.VERSION


def test_python_has_its_library_without_links_and_without_what_nobody_runs(root):
    [image] = [
        image
        for image in contents.other_images(PROGRAMS, root)
        if image.names[0].startswith("docker.io/library/python@")
    ]

    assert set(image.files) - LIBRARIES == {
        "/usr/bin/python3",
        "/usr/bin/python3.11",
        "/usr/lib/python3.11/json/__init__.py",
        "/usr/lib/python3.11/lib-dynload/_ctypes.so",
    }
    assert set(image.files) >= LIBRARIES
    assert image.files["/usr/bin/python3"] == root / "usr/bin/python3.11"
