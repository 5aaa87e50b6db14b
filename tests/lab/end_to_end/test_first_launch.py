"""A new node as its settings ask for it: somebody can log in, and its root volume has its shape."""

from base64 import b64encode

import pytest

from podnet.lab.clients import client

pytestmark = pytest.mark.lab

KEY = f"ssh-ed25519 {b64encode(bytes((0, 0, 0, 11)) + b'ssh-ed25519' + bytes(36)).decode()} me@here"
# What Debian's own image has in its cloud.cfg, and the lab's leaves out, since it has no sshd.
DEBIAN = """
users: [default]
ssh_genkeytypes: []
system_info:
  default_user: {name: admin, lock_passwd: true, shell: /bin/bash}
"""


SETTINGS = {
    "nodeCount": "1",
    "sshKeys": f'["{KEY}"]',
    "sshCidrs": '["203.0.113.0/24"]',
    "rootVolume": '{"size": 30, "type": "gp2", "kmsKeyId": "alias/mine"}',
}


@pytest.fixture(scope="module")
def lab(make_lab):
    lab = make_lab()
    kms = client("kms", lab.stack.endpoint, lab.stack.region)
    kms.create_alias(AliasName="alias/mine", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    lab.stack.save({f"podnet:{key}": value for key, value in SETTINGS.items()})
    lab.up()
    return lab


def test_the_root_volume_has_its_size_type_and_key(lab):
    (volume,) = lab.ec2.describe_volumes()["Volumes"]

    assert (volume["Size"], volume["VolumeType"], volume["KmsKeyId"]) == (30, "gp2", "alias/mine")
    assert volume["Attachments"][0]["InstanceId"] == lab.node("node-1").instance_id


def test_cloud_init_gives_a_key_to_the_user_of_debians_image(lab):
    node = lab.node("node-1")
    node.run("sh", "-c", f"printf '%s' '{DEBIAN}' > /etc/cloud/cloud.cfg.d/99-debian.cfg")
    for module in ("users-groups", "ssh"):
        node.run("cloud-init", "single", "--name", module, "--frequency", "always")
    listed = node.run("cat", "/home/admin/.ssh/authorized_keys").splitlines()
    mode = node.run("stat", "-c", "%U %a", "/home/admin/.ssh/authorized_keys").split()

    assert listed == [KEY]
    assert mode == ["admin", "600"]
