import node_files
import pytest


def test_a_file_is_written_where_it_differs_and_with_its_mode(tmp_path):
    file = tmp_path / "run" / "kubeadm.yaml"

    assert [node_files.write(file, text, 0o600) for text in ("a", "a", "b")] == [True, False, True]
    assert file.read_text() == "b"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


@pytest.fixture
def units(monkeypatch):
    """The kubelet's unit is where the packages put it."""
    shown = (
        "FragmentPath=/lib/systemd/system/kubelet.service\n"
        "DropInPaths=/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf "
        "/etc/systemd/system/kubelet.service.d/20-podnet.conf\n"
    )
    monkeypatch.setattr(node_files, "run", lambda *_: shown)


def test_the_kubelets_files_and_units_are_roots_alone(units, tmp_path):
    names = (
        "etc/kubernetes/kubelet.conf",
        "etc/kubernetes/pki/ca.crt",
        "var/lib/kubelet/config.yaml",
        "lib/systemd/system/kubelet.service",
        "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
        "etc/systemd/system/kubelet.service.d/20-podnet.conf",
    )
    for name in names:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(0o644)

    node_files.protect(tmp_path)

    assert {name: (tmp_path / name).stat().st_mode & 0o777 for name in names} == dict.fromkeys(
        names, 0o600
    )


def test_files_that_are_not_there_yet_are_no_trouble(units, tmp_path):
    node_files.protect(tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        (None, ()),
        ("", ()),
        ("IGNORE_PREFLIGHT=\n", ()),
        ("# of the lab\nIGNORE_PREFLIGHT=Mem,Swap\n", ("Mem", "Swap")),
        ('IGNORE_PREFLIGHT="SystemVerification"\n', ("SystemVerification",)),
    ],
    ids=["no file", "empty", "none", "two", "quoted"],
)
def test_the_image_says_which_checks_it_cannot_pass(tmp_path, text, checks):
    if text is not None:
        (tmp_path / "etc/default").mkdir(parents=True)
        (tmp_path / "etc/default/podnet-kubernetes").write_text(text)

    assert node_files.ignored_checks(tmp_path) == checks
