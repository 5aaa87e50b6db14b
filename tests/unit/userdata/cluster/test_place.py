import json

import place
import pytest

NAME = "/podnet/dev/kubernetes/join"
TOLD = {
    "endpoint": "ip-192-168-1-11.eu-central-1.compute.internal:6443",
    "token": "abcdef.0123456789abcdef",
    "caCertHash": f"sha256:{'0a' * 32}",
}


def test_a_file_is_written_where_it_differs_and_with_its_mode(tmp_path):
    file = tmp_path / "run" / "kubeadm.yaml"

    assert [place.write(file, text, 0o600) for text in ("a", "a", "b")] == [True, False, True]
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
    monkeypatch.setattr(place, "run", lambda *_: shown)


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

    place.protect(tmp_path)

    assert {name: (tmp_path / name).stat().st_mode & 0o777 for name in names} == dict.fromkeys(
        names, 0o600
    )


def test_files_that_are_not_there_yet_are_no_trouble(units, tmp_path):
    place.protect(tmp_path)

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

    assert place.ignored(tmp_path) == checks


def test_what_to_join_with_is_read():
    assert place.joining(NAME, json.dumps(TOLD)) == TOLD


def test_a_placeholder_is_waited_on():
    with pytest.raises(LookupError, match=f"waiting for the control plane to write {NAME}"):
        place.joining(NAME, "none")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "[]",
        json.dumps({**TOLD, "token": "short"}),
        json.dumps({**TOLD, "caCertHash": "sha256:abc"}),
        json.dumps({**TOLD, "endpoint": "a b:1"}),
        json.dumps({key: TOLD[key] for key in ("endpoint", "token")}),
        json.dumps({**TOLD, "token": 3}),
    ],
)
def test_half_of_it_is_not_believed_and_not_repeated(value):
    with pytest.raises(ValueError, match=f"^{NAME} does not hold a token, a CA hash and an endp"):
        place.joining(NAME, value)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("[preflight] x\nerror: phase preflight: y\nTo see the stack trace\n", "error: phase pref"),
        ("Reading\nE: Version '1' for 'kubeadm' was not found\n", "E: Version '1'"),
        ("one\nlast\n\n", "last"),
        ("", "it said nothing"),
    ],
    ids=["kubeadm", "apt", "other", "nothing"],
)
def test_the_line_that_tells_what_went_wrong_is_found(said, line):
    assert place.reason(said).startswith(line)
