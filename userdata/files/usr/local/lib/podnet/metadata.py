"""What the node is told: its routing, from its own instance tag, kept where that fails."""

import http.client
from pathlib import Path

from plan.routing import Routing

SERVICE = "169.254.169.254"
TAG = "/latest/meta-data/tags/instance/podnet:routing"
TOKEN = "/latest/api/token"  # noqa: S105  # a path
LIFETIME = "21600"
# Short, since a poll waits for it: with the service dead, repairs must still come in two polls.
TIMEOUT = 0.5


class Metadata:
    """The instance metadata service, version 2, and the last good word it said."""

    def __init__(self, kept: Path) -> None:
        self.kept = kept
        self.token = ""
        self.routing: Routing | None = None

    def keep(self) -> str:
        """Ask for the routing; says what changed, and raises where the last one must do."""
        if self.routing is None:
            self.routing = self._remembered()
        text = self._tag()
        routing = Routing.parse(text)
        changed, self.routing = routing != self.routing, routing
        if changed or self._remembered() != routing:
            draft = self.kept.with_suffix(".new")
            draft.write_text(f"{text}\n")
            draft.replace(self.kept)
        return text if changed else ""

    def _remembered(self) -> Routing | None:
        try:
            return Routing.parse(self.kept.read_text().strip())
        except (FileNotFoundError, ValueError):
            return None

    def _tag(self) -> str:
        self.token = self.token or _ask(
            "PUT", TOKEN, {"X-aws-ec2-metadata-token-ttl-seconds": LIFETIME}
        )
        try:
            return _ask("GET", TAG, {"X-aws-ec2-metadata-token": self.token})
        except PermissionError:
            self.token = ""
            raise


def _ask(method: str, path: str, headers: dict[str, str]) -> str:
    connection = http.client.HTTPConnection(SERVICE, timeout=TIMEOUT)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode("ascii")
    except (OSError, http.client.HTTPException) as error:
        raise OSError(f"the metadata service does not answer: {error!r}") from error
    finally:
        connection.close()
    if answer.status == http.client.NOT_FOUND:
        raise LookupError(f"the metadata service has no {path}; is the tag set?")
    if answer.status == http.client.UNAUTHORIZED:
        raise PermissionError("the metadata service refused the token; asking for another")
    if answer.status != http.client.OK:
        raise OSError(f"the metadata service answered {method} {path} with {answer.status}")
    return body
