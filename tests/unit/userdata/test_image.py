"""The check of an image that podnet did not choose, before anything of podnet is written."""

import dataclasses
import subprocess

import pytest
import yaml

from podnet import userdata
from podnet.plan.image import REFUSAL
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.settings import Settings

OWN = "ami-0123456789abcdef0"


def commands(**changes):
    return yaml.safe_load(userdata.render(Settings(**changes), "dev"))["runcmd"]


@pytest.mark.parametrize("kubernetes", Kubernetes)
def test_the_check_is_the_first_command_of_an_image_that_the_settings_name(kubernetes):
    usual = commands(kubernetes=kubernetes)
    checked = commands(kubernetes=kubernetes, image_id=OWN)

    assert checked[1:] == usual
    assert REFUSAL.text in checked[0]


def test_which_image_it_is_changes_no_byte():
    texts = {
        userdata.render(Settings(image_id=image), "dev") for image in (OWN, "ami-0a1b2c3d", None)
    }

    assert len(texts) == 2


def test_the_image_that_podnet_chooses_passes_its_own_check():
    assert "debian-12" in commands(image_id=OWN)[0]


@pytest.fixture
def boot(tmp_path):
    """Run the check and a command after it where /etc/os-release says this."""

    def run(release):
        file = tmp_path / "os-release"
        file.write_text(release)
        script = "\n".join([commands(image_id=OWN)[0], "echo podnet starts"])
        return subprocess.run(
            ["sh", "-c", script.replace("/etc/os-release", str(file))],
            capture_output=True,
            text=True,
            check=False,
        )

    return run


SUPPORTED = [
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
    'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n',
    'PRETTY_NAME="Ubuntu 24.04.2 LTS"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n',
]
OTHERS = {
    "Debian GNU/Linux 11 (bullseye)": 'ID=debian\nVERSION_ID="11"\n',
    "Debian GNU/Linux 14 (forky)": 'ID=debian\nVERSION_ID="14"\n',
    "Debian GNU/Linux forky/sid": "ID=debian\n",
    "Ubuntu 22.04.5 LTS": 'ID=ubuntu\nVERSION_ID="22.04"\n',
    "Ubuntu 24.10": 'ID=ubuntu\nVERSION_ID="24.10"\n',
    "Amazon Linux 2023": 'ID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n',
    "Linux: debian-12 (a copy)": 'ID=copy\nVERSION_ID="12"\n',
}


@pytest.mark.parametrize("release", SUPPORTED, ids=["Debian 12", "Debian 13", "Ubuntu 24.04"])
def test_a_supported_image_starts(boot, release):
    done = boot(release)

    assert (done.returncode, done.stdout, done.stderr) == (0, "podnet starts\n", "")


@pytest.mark.parametrize(("name", "fields"), OTHERS.items(), ids=OTHERS)
def test_another_is_refused_in_one_sentence_and_starts_nothing(boot, name, fields):
    done = boot(f'PRETTY_NAME="{name}"\n{fields}')

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"podnet: {name}: {REFUSAL.text}\n"


def test_an_image_that_does_not_say_what_it_is_is_refused(boot):
    done = boot("")

    assert done.returncode == 1
    assert REFUSAL.text in done.stderr


def test_a_named_image_leaves_space_too():
    cluster = dataclasses.replace(Settings(image_id=OWN), kubernetes=Kubernetes.KUBEADM)

    for settings, free in ((Settings(image_id=OWN), 2048), (cluster, 4096)):
        size = len(userdata.encoded(settings, "a-stack-with-a-name-as-long-as-this-one")) * 3 // 4
        assert 16_384 - size >= free
