"""Systems Manager as the probe of bare nodes calls it, with agents whose checks pass."""

from ipaddress import IPv4Address
from types import SimpleNamespace

from podnet.probe import wire


class InvalidDocumentError(Exception):
    """As the client raises it."""


class DoesNotExistError(Exception):
    """As the client raises it."""


class FakeSsm:
    """Systems Manager with an agent on each of these instances, all of whose checks pass."""

    exceptions = SimpleNamespace(
        InvalidDocument=InvalidDocumentError,
        InvocationDoesNotExist=DoesNotExistError,
        DocumentAlreadyExists=FileExistsError,
    )

    def __init__(self, nodes):
        self.nodes = {instance_id: name for name, instance_id in nodes.items()}
        self.pings = dict.fromkeys(self.nodes, "Online")
        self.documents, self.sent, self.broken = {}, [], {}
        self.unseen = 1

    def describe_document(self, Name):  # noqa: N803  # as boto3 calls them
        if Name not in self.documents:
            raise InvalidDocumentError
        return {"Document": {"Status": "Active"}}

    def create_document(self, Name, Content, **_):  # noqa: N803
        self.documents[Name] = Content

    def get_paginator(self, _name):
        def paginate(Filters):  # noqa: N803
            asked = [each for each in Filters[0]["Values"] if each in self.pings]
            for each in asked:
                found = {"InstanceId": each, "PingStatus": self.pings[each]}
                yield {"InstanceInformationList": [found]}

        return SimpleNamespace(paginate=paginate)

    def send_command(self, DocumentName, InstanceIds, TimeoutSeconds, Parameters):  # noqa: N803
        assert DocumentName in self.documents
        assert len(InstanceIds) <= 50
        assert TimeoutSeconds >= 30
        self.sent.append((Parameters["Action"][0], InstanceIds, Parameters["Message"][0]))
        return {"Command": {"CommandId": str(len(self.sent) - 1)}}

    def list_command_invocations(self, CommandId, MaxResults):  # noqa: N803
        _, instances, _ = self.sent[int(CommandId)]
        return {
            "CommandInvocations": [
                {"InstanceId": each, "Status": self._outcome(CommandId, each)["Status"]}
                for each in instances[:MaxResults]
            ]
        }

    def get_command_invocation(self, CommandId, InstanceId):  # noqa: N803
        if self.unseen:
            self.unseen -= 1
            raise DoesNotExistError
        return self._outcome(CommandId, InstanceId)

    def _outcome(self, command_id, instance_id):
        action, _, message = self.sent[int(command_id)]
        node = self.nodes[instance_id]
        if (node, action) in self.broken:
            return self.broken[node, action]
        output = wire.pack(self._answer(action, node, wire.unpack(message)))
        return {"Status": "Success", "StandardOutputContent": output}

    @staticmethod
    def _answer(action, node, message):
        number = node.removeprefix("node-")
        addresses = {
            node: f"192.168.1.1{number}",
            **{f"pod-{number}{letter}": f"10.1.{number}.{ord(letter) - 95}" for letter in "ab"},
        }
        names = [*addresses, *(f"pod-{number}{pod}/{one}" for pod in "ab" for one in "ab")]
        if action == "start":
            assert message["nodes"][addresses[node]] == node
        if action == "stop":
            return []
        if action == "start" or message["do"] == wire.DESCRIBE:
            return [
                wire.Listening(
                    label=name,
                    address=IPv4Address(addresses.get(name, "127.0.0.1")),
                    tcp=1,
                    udp=2,
                    mtu=8951,
                ).to_json()
                for name in names
            ]
        if message["do"] == wire.ARRIVED:
            return []
        asked = wire.Plan.from_json(message["plan"]).questions_of(frozenset(names))
        checks = sum(len(each.checks) for each in asked)
        return {"reasons": [None], "results": [0] * checks, "sent": {}}
