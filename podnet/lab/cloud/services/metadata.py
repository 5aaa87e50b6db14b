"""The instance metadata service (IMDSv2) of one VPC; knows an instance by its address."""

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

from podnet.lab.cloud.services.credentials import Keys
from podnet.lab.cloud.services.fault_injection import MetadataFaults
from podnet.lab.cloud.services.metadata_tree import build, find, listing
from podnet.world.model import Instance, World

ADDRESS = ("169.254.169.254", 80)
# EC2 lists about thirty versions; these are the ones that clients such as cloud-init ask for.
VERSIONS = ("2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "latest")
TOKEN_PATH = "/latest/api/token"  # noqa: S105  # the path of the token, not a token
TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"
LONGEST_TTL = 21_600
IDLE_SECONDS = 10


class StatusError(Exception):
    """An HTTP status other than 200 for one request."""

    def __init__(self, status: HTTPStatus) -> None:
        self.status = status
        super().__init__(status.phrase)


@dataclass(slots=True)
class Tokens:
    """Tokens of sessions, each valid for one instance until it expires."""

    clock: Callable[[], float] = time.monotonic
    _expiry: dict[tuple[str, str], float] = field(default_factory=dict)

    def issue(self, instance_id: str, seconds: int) -> str:
        """A new token for this instance."""
        now = self.clock()
        self._expiry = {key: time_ for key, time_ in self._expiry.items() if time_ > now}
        token = secrets.token_urlsafe(40)
        self._expiry[instance_id, token] = now + seconds
        return token

    def valid(self, instance_id: str, token: str) -> bool:
        """Whether this instance holds this token and it has not expired."""
        return self._expiry.get((instance_id, token), 0) > self.clock()


class MetadataServer(ThreadingTCPServer):
    """Must be constructed inside the VPC's namespace, where it then listens."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(  # noqa: PLR0913  # all that it answers from
        self,
        vpc_id: str,
        world: Callable[[], World],
        user_data: Callable[[str], bytes | None],
        keys: Callable[[Instance], Keys],
        *,
        faults: MetadataFaults,
        address: tuple[str, int] = ADDRESS,
    ) -> None:
        self.vpc_id = vpc_id
        self.faults = faults
        self.world = world
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
        """Log nothing: each node sends a request every two seconds."""

    def _answer(self, method: Callable[[World, Instance], tuple[bytes, Mapping[str, str]]]) -> None:
        headers: Mapping[str, str] = {}
        try:
            world = self.server.world()
            body, headers = method(world, self._caller(world))
            status = HTTPStatus.OK
        except StatusError as error:
            status = error.status
            body = _text(status)
        # After it was read: an answer that comes late is one of before.
        if self.server.faults.strike():
            status, headers = HTTPStatus.INTERNAL_SERVER_ERROR, {}
            body = _text(status)
        self.send_response(status)
        for name, value in {
            "Content-Type": "text/plain",
            "Content-Length": str(len(body)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _caller(self, world: World) -> Instance:
        source = IPv4Address(self.client_address[0])
        instance = next(
            (
                instance
                for instance, eni in world.attached(self.server.vpc_id)
                if eni.address == source
            ),
            None,
        )
        if instance is None:
            raise StatusError(HTTPStatus.NOT_FOUND)
        # A router beyond this many hops drops the answer, so with one hop no pod gets it.
        self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, instance.hop_limit)
        if not instance.metadata_enabled:
            raise StatusError(HTTPStatus.FORBIDDEN)
        return instance

    def _put(self, _: World, instance: Instance) -> tuple[bytes, Mapping[str, str]]:
        if self.path != TOKEN_PATH:
            raise StatusError(HTTPStatus.NOT_FOUND)
        # EC2 issues no token through a proxy (EC2 User Guide, "How IMDSv2 works").
        if "X-Forwarded-For" in self.headers:
            raise StatusError(HTTPStatus.FORBIDDEN)
        raw = self.headers.get(TTL_HEADER, "")
        if not raw.isdecimal() or not 1 <= int(raw) <= LONGEST_TTL:
            raise StatusError(HTTPStatus.BAD_REQUEST)
        return self.server.tokens.issue(instance.id, int(raw)).encode(), {TTL_HEADER: raw}

    def _get(self, world: World, instance: Instance) -> tuple[bytes, Mapping[str, str]]:
        token = self.headers.get("X-aws-ec2-metadata-token")
        if token is None and instance.tokens_required:
            raise StatusError(HTTPStatus.UNAUTHORIZED)
        if token is not None and not self.server.tokens.valid(instance.id, token):
            raise StatusError(HTTPStatus.UNAUTHORIZED)
        version, _, path = self.path.strip("/").partition("/")
        if not version:
            return "\n".join(VERSIONS).encode(), {}
        if version not in VERSIONS:
            raise StatusError(HTTPStatus.NOT_FOUND)
        data = (
            self.server.user_data(instance.id)
            if path == "user-data"
            else self._read(world, instance, path)
        )
        if data is None:
            raise StatusError(HTTPStatus.NOT_FOUND)
        return data, {}

    def _read(self, world: World, instance: Instance, path: str) -> bytes | None:
        node = find(build(world, instance, datetime.now(UTC), self.server.keys), path)
        if node is None:
            return None
        if isinstance(node, Mapping):
            return listing(node).encode()
        return (node if isinstance(node, str) else node()).encode()


def _text(status: HTTPStatus) -> bytes:
    return f"{status.value} - {status.phrase}\n".encode()
