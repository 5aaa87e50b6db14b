"""The metadata service of one VPC: knows an instance by its address, wants tokens (IMDSv2)."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from ipaddress import IPv4Address
from socketserver import ThreadingTCPServer

from lab.cloud.credentials import Keys
from lab.cloud.facts import Instance
from lab.cloud.tree import build, find, listing

ADDRESS = ("169.254.169.254", 80)
# EC2 lists about thirty versions; these are the ones that clients such as cloud-init ask for.
VERSIONS = ("2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "latest")
TOKEN_PATH = "/latest/api/token"  # noqa: S105  # the path of the token, not a token
TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"
LONGEST_TTL = 21_600
IDLE_SECONDS = 10


class Refusal(Exception):  # noqa: N818  # an answer, not a fault
    """The status with which a request is turned down."""

    def __init__(self, status: HTTPStatus) -> None:
        self.status = status
        super().__init__(status.phrase)


@dataclass(slots=True)
class Tokens:
    """Tokens handed out, each good for one instance until its time is over."""

    clock: Callable[[], float] = time.monotonic
    _ends: dict[tuple[str, str], float] = field(default_factory=dict)

    def issue(self, instance_id: str, seconds: int) -> str:
        """A new token for this instance."""
        now = self.clock()
        self._ends = {key: end for key, end in self._ends.items() if end > now}
        token = secrets.token_urlsafe(40)
        self._ends[instance_id, token] = now + seconds
        return token

    def good(self, instance_id: str, token: str) -> bool:
        """Whether this instance holds this token and it has not run out."""
        return self._ends.get((instance_id, token), 0) > self.clock()


class MetadataServer(ThreadingTCPServer):
    """Listens where it is made: make it inside the namespace of the VPC."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        at: Callable[[IPv4Address], Instance | None],
        user_data: Callable[[str], bytes | None],
        keys: Callable[[Instance], Keys],
        address: tuple[str, int] = ADDRESS,
    ) -> None:
        self.at = at
        self.user_data = user_data
        self.keys = keys
        self.tokens = Tokens()
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: MetadataServer  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    sys_version = ""
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:  # the name that http.server calls
        self._answer(self._get)

    def do_PUT(self) -> None:
        self._answer(self._put)

    def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Say nothing: a node asks every two seconds."""

    def _answer(self, method: Callable[[Instance], tuple[bytes, Mapping[str, str]]]) -> None:
        headers: Mapping[str, str] = {}
        try:
            body, headers = method(self._who_asks())
            status = HTTPStatus.OK
        except Refusal as refusal:
            status = refusal.status
            body = f"{status.value} - {status.phrase}\n".encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "text/plain",
            "Content-Length": str(len(body)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _who_asks(self) -> Instance:
        instance = self.server.at(IPv4Address(self.client_address[0]))
        if instance is None:
            raise Refusal(HTTPStatus.NOT_FOUND)
        # What a further router gets, it must drop: so a pod cannot have an answer.
        self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, instance.hop_limit)
        if not instance.endpoint_enabled:
            raise Refusal(HTTPStatus.FORBIDDEN)
        return instance

    def _put(self, instance: Instance) -> tuple[bytes, Mapping[str, str]]:
        if self.path != TOKEN_PATH:
            raise Refusal(HTTPStatus.NOT_FOUND)
        # EC2 answers no one who asks through a proxy.
        if "X-Forwarded-For" in self.headers:
            raise Refusal(HTTPStatus.FORBIDDEN)
        raw = self.headers.get(TTL_HEADER, "")
        if not raw.isdecimal() or not 1 <= int(raw) <= LONGEST_TTL:
            raise Refusal(HTTPStatus.BAD_REQUEST)
        return self.server.tokens.issue(instance.id, int(raw)).encode(), {TTL_HEADER: raw}

    def _get(self, instance: Instance) -> tuple[bytes, Mapping[str, str]]:
        token = self.headers.get("X-aws-ec2-metadata-token")
        if token is None and instance.tokens_required:
            raise Refusal(HTTPStatus.UNAUTHORIZED)
        if token is not None and not self.server.tokens.good(instance.id, token):
            raise Refusal(HTTPStatus.UNAUTHORIZED)
        version, _, path = self.path.strip("/").partition("/")
        if not version:
            return "\n".join(VERSIONS).encode(), {}
        if version not in VERSIONS:
            raise Refusal(HTTPStatus.NOT_FOUND)
        data = (
            self.server.user_data(instance.id)
            if path == "user-data"
            else self._read(instance, path)
        )
        if data is None:
            raise Refusal(HTTPStatus.NOT_FOUND)
        return data, {}

    def _read(self, instance: Instance, path: str) -> bytes | None:
        node = find(build(instance, datetime.now(UTC), self.server.keys), path)
        if node is None:
            return None
        if isinstance(node, Mapping):
            return listing(node).encode()
        return (node if isinstance(node, str) else node()).encode()
