"""An API server of a few kinds, which answers as a test has laid down."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from podnet.lab.providers.kubernetes.api import (
    Kind,
)

CONFIG_MAP = Kind("v1", "ConfigMap")
DAEMON_SET = Kind("apps/v1", "DaemonSet")
RESOURCES = {
    "/api/v1": [
        {"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "verbs": []},
        {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": []},
        {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": []},
        {"name": "namespaces", "kind": "Namespace", "namespaced": False, "verbs": []},
    ],
    "/apis/apps/v1": [{"name": "daemonsets", "kind": "DaemonSet", "namespaced": True, "verbs": []}],
}


class Handler(BaseHTTPRequestHandler):
    """Reports kinds by the table above, and for the rest what a test has laid out."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer(None)

    def do_PATCH(self):
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    do_DELETE = do_PATCH  # noqa: N815

    def _answer(self, body):
        parts = urlsplit(self.path)
        peer = self.connection.getpeercert() or {}
        self.server.asked.append(
            {
                "method": self.command,
                "path": parts.path,
                "query": parse_qs(parts.query),
                "body": body,
                "type": self.headers.get("Content-Type"),
                "token": self.headers.get("Authorization"),
                "user": [value for rdn in peer.get("subject", ()) for _, value in rdn],
            }
        )
        if parts.path in RESOURCES:
            status, answer = 200, {"kind": "APIResourceList", "resources": RESOURCES[parts.path]}
        elif self.server.answers:
            status, answer = self.server.answers.pop(0)
        else:
            status, answer = 404, {"kind": "Status", "message": "not found"}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass
