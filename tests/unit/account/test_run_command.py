"""The document of podnet's own, and to whom it is sent."""

import json

from podnet.account.run_command import Instances, document
from tests.unit.account.systems_manager import FakeSsm

DOCUMENT_LIMIT = 64 * 1024
"""Bytes of a document: MaxDocumentSizeExceeded in the API's model."""


def test_commands_go_to_no_more_than_fifty_nodes_at_once():
    nodes = {f"node-{number}": f"i-{number}" for number in range(1, 121)}
    ssm = FakeSsm(nodes)
    ssm.documents["d"] = ""
    agents = Instances(ssm=ssm, document="d", ids=nodes, seconds=1)

    assert agents.run("stop", nodes, []) == {name: [] for name in nodes}
    assert [len(instances) for _, instances, _ in ssm.sent] == [50, 50, 20]


def test_the_document_fits_and_takes_no_text_that_a_shell_would_read():
    content = json.loads(document().content)

    assert len(document().content) < DOCUMENT_LIMIT
    assert content["parameters"]["Message"]["allowedPattern"] == "^[A-Za-z0-9+/=]*$"
    assert set(content["parameters"]) == {"Action", "Message", "Seconds"}
