"""Reads a kubeconfig that holds all it needs; nothing of it is ever put into a file."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import yaml

from podnet.lab.providers.protocol import ProviderError


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """A cluster and how to get into it."""

    server: str
    authority: str
    """Certificates, as PEM, of whoever signs for the API server."""
    name: str = ""
    """The name in the API server's certificate, where that is not the address."""
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


SERVED = {
    "cluster": frozenset({"server", "certificate-authority-data", "tls-server-name"}),
    "user": frozenset({"client-certificate-data", "client-key-data", "token"}),
}


def read(text: str, context: str = "", cluster: str = "") -> Access:
    """The access that a kubeconfig gives; a message about it never quotes it."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        # The parser's message would show the line, and on it perhaps a key.
        raise ProviderError("the kubeconfig is not YAML", rule="kubeconfig-not-yaml") from None
    if not isinstance(content, dict) or "clusters" not in content:
        raise ProviderError(
            "the kubeconfig has no `clusters`: give its content, not the path of a file",
            rule="kubeconfig-without-clusters",
        )
    chosen = _named(content, "context", context or content.get("current-context") or "")
    cluster_ = _served(content, "cluster", cluster or str(chosen.get("cluster")))
    user = _served(content, "user", str(chosen.get("user")))
    server = str(cluster_.get("server", ""))
    if urlsplit(server).scheme != "https" or not urlsplit(server).hostname:
        raise ProviderError(
            f"the kubeconfig's server is {server!r}; it must be an https address",
            rule="kubeconfig-server-malformed",
        )
    if "certificate-authority-data" not in cluster_:
        raise ProviderError(
            "the kubeconfig has no certificate-authority-data, and nothing else "
            "would say whose API server it is",
            rule="kubeconfig-without-authority",
        )
    access = Access(
        server=server,
        authority=_decoded(cluster_, "certificate-authority-data"),
        name=str(cluster_.get("tls-server-name", "")),
        certificate=_decoded(user, "client-certificate-data"),
        key=_decoded(user, "client-key-data"),
        token=str(user.get("token", "")),
    )
    if not access.token and not (access.certificate and access.key):
        raise ProviderError(
            "the kubeconfig's user has neither a token nor a client certificate with its key",
            rule="kubeconfig-without-credentials",
        )
    return access


def _named(content: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    listed = content.get(f"{kind}s") or []
    for item in listed:
        if isinstance(item, dict) and item.get("name") == name:
            found = item.get(kind) or {}
            return dict(found)
    names = ", ".join(str(item.get("name")) for item in listed if isinstance(item, dict))
    raise ProviderError(
        f"the kubeconfig has no {kind} {name!r}; it has {names or 'none'}",
        rule="kubeconfig-entry-missing",
    )


def _served(content: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    found = _named(content, kind, name)
    for key in sorted(found.keys() - SERVED[kind]):
        raise ProviderError(
            f"{key} in the kubeconfig's {kind} {name!r} is not served by the lab, which takes "
            f"{', '.join(sorted(SERVED[kind]))}: all it needs, in itself",
            rule="kubeconfig-entry-not-served",
        )
    return found


def _decoded(values: dict[str, Any], key: str) -> str:
    try:
        return base64.b64decode(str(values.get(key, "")), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ProviderError(
            f"{key} in the kubeconfig is not base64 of text", rule="kubeconfig-not-base64"
        ) from None
