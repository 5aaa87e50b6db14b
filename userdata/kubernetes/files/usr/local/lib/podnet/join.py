"""The join parameter: endpoint, token and CA hash, from the control plane to the other nodes."""

import json
import re

from podnet.plan.kubernetes import UNWRITTEN

FORMATS = {
    "endpoint": r"[a-z0-9.-]+:\d+",
    "token": r"[a-z0-9]{6}\.[a-z0-9]{16}",
    "caCertHash": r"sha256:[0-9a-f]{64}",
}


def from_command(output: str) -> dict[str, str]:
    """The fields of the join command that kubeadm prints."""
    found = re.search(
        r"kubeadm join (\S+) --token (\S+) --discovery-token-ca-cert-hash (sha256:[0-9a-f]{64})",
        output,
    )
    if found is None:
        raise ValueError("kubeadm printed no join command that this version of podnet can read")
    return dict(zip(FORMATS, found.groups(), strict=True))


def from_parameter(name: str, value: str) -> dict[str, str]:
    """The fields of the parameter; raises where it is unwritten or incomplete."""
    if value == UNWRITTEN:
        raise LookupError(f"waiting for the control plane to write {name}")
    try:
        fields: dict[str, str] = json.loads(value)
        if all(re.fullmatch(form, fields[key]) for key, form in FORMATS.items()):
            return fields
    except (ValueError, KeyError, TypeError):
        pass
    # The message does not repeat the value, which contains a secret.
    raise ValueError(f"{name} does not hold a token, a CA hash and an endpoint")
