"""Why a node cannot take pods, from the files of its instance."""

import pytest

from podnet.lab.nodes.discovery import why_not_ready


class FakeNode:
    """A node with this file system, whose agent is active."""

    def __init__(self, root):
        self.root = root

    def run(self, *_argv, **_options):
        return ""


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"etc/cni/net.d/10-mynet.conflist": "{}"}, None),
        ({"etc/cni/net.d/10-mynet.conflist": "{}", "run/cloud-init/cloud-id": "none"}, None),
        ({}, "/etc/cni/net.d/10-mynet.conflist is not there yet"),
        ({"run/cloud-init/cloud-id": "aws\n"}, "/etc/cni/net.d/10-mynet.conflist is not there yet"),
        (
            {"run/cloud-init/cloud-id": "none\n"},
            "cloud-init could not read the metadata service, and so no user data; reboot it",
        ),
    ],
    ids=["ready", "ready all the same", "nothing yet", "user data runs", "no metadata"],
)
def test_a_node_without_a_conflist_says_what_it_waits_for(tmp_path, files, reason):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert why_not_ready(FakeNode(tmp_path)) == reason
