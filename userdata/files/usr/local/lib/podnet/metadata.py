"""The metadata service, and the routing that the node's instance tag assigns."""

import http.client
from pathlib import Path

from podnet.plan.routing import Routing

ADDRESS = "169.254.169.254"
TAG = "tags/instance/podnet:routing"
LIFETIME = "21600"


class MetadataService:
    """Version 2 of the service."""

    # Short, since a poll waits for it: with the service dead, repairs must take two polls.
    def __init__(self, timeout: float = 0.5) -> None:
        self.timeout = timeout
        self.token = ""

    def read(self, path: str) -> str:
        """The text at a path; raises `LookupError` if there is none."""
        self.token = self.token or self._request(
            "PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": LIFETIME}
        )
        try:
            return self._request(
                "GET", f"meta-data/{path}", {"X-aws-ec2-metadata-token": self.token}
            )
        except OSError:
            # It may have expired.
            self.token = ""
            raise

    def _request(self, method: str, path: str, headers: dict[str, str]) -> str:
        connection = http.client.HTTPConnection(ADDRESS, timeout=self.timeout)
        try:
            connection.request(method, f"/latest/{path}", headers=headers)
            answer = connection.getresponse()
            body = answer.read().decode("ascii")
        except (OSError, http.client.HTTPException) as error:
            raise OSError(f"the metadata service does not answer: {error!r}") from error
        finally:
            connection.close()
        if answer.status == http.client.NOT_FOUND:
            raise LookupError(f"the metadata service has no {path}; is it set?")
        if answer.status != http.client.OK:
            raise OSError(f"the metadata service answered {method} {path} with {answer.status}")
        return body


class AssignedRouting:
    """The routing in the tag, and in a file for when the service fails."""

    def __init__(self, service: MetadataService, cache_file: Path) -> None:
        self.service = service
        self.cache_file = cache_file
        self.routing: Routing | None = None

    def refresh(self) -> str:
        """Read the tag; returns it if it changed, and raises where the last one stays."""
        if self.routing is None:
            self.routing = self._cached()
        text = self.service.read(TAG)
        routing = Routing.parse(text)
        changed, self.routing = routing != self.routing, routing
        if changed or self._cached() != routing:
            draft = self.cache_file.with_suffix(".new")
            draft.write_text(f"{text}\n")
            draft.replace(self.cache_file)
        return text if changed else ""

    def _cached(self) -> Routing | None:
        try:
            return Routing.parse(self.cache_file.read_text().strip())
        except (FileNotFoundError, ValueError):
            return None
