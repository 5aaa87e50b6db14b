"""The keys that may log in reach cloud-init, and make a node another one."""

from __future__ import annotations

import yaml

from podnet import userdata
from podnet.plan.settings import Settings

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me: \"#1\", 'Jürgen' {x}"


def test_keys_are_for_the_user_of_the_image_word_for_word():
    config = yaml.safe_load(userdata.render(Settings(ssh_keys=(KEY, "ssh-rsa AAAA")), "dev"))

    assert config["ssh_authorized_keys"] == [KEY, "ssh-rsa AAAA"]
    assert "ssh_authorized_keys" not in yaml.safe_load(userdata.render(Settings(), "dev"))


def test_another_key_is_another_version_of_a_nodes_files():
    versions = {
        userdata.version(Settings(ssh_keys=keys), "dev") for keys in ((), (KEY,), (KEY, "b"))
    }

    assert len(versions) == 3
