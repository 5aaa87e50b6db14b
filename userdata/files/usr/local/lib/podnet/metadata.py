"""The instance metadata service."""

import http.client
import threading
import time
from collections.abc import Callable

ADDRESS = "169.254.169.254"
ROUTING = "tags/instance/podnet:routing"
# The primary private address of an instance never changes: EC2 User Guide, "IP addressing".
IDENTITY = "local-ipv4"
LIFETIME = "21600"
WAIT = 0.5
"""Seconds that a poll waits for an answer: with the service dead, repairs must take two polls."""
AGAIN, RETRIES_END = 0.2, 0.5
"""Seconds until a question that failed is asked again, and for how long: a switch waits for two
polls, so one must not be lost to a single error."""


class MetadataService:
    """Version 2 of the service."""

    # For each of two requests; a service that takes seconds is slow and not dead.
    def __init__(self, timeout: float = 5.0) -> None:
        self.timeout = timeout
        self.token = ""
        self.source = ""
        """The address to ask from, once it is known: another may come first on the link."""

    def read(self, path: str) -> str:
        """The text at a path; raises `LookupError` if there is none."""
        self.token = self.token or self._request(
            "PUT", "api/token", {"X-aws-ec2-metadata-token-ttl-seconds": LIFETIME}
        )
        return self._request("GET", f"meta-data/{path}", {"X-aws-ec2-metadata-token": self.token})

    def _request(self, method: str, path: str, headers: dict[str, str]) -> str:
        connection = http.client.HTTPConnection(
            ADDRESS, timeout=self.timeout, source_address=(self.source, 0)
        )
        try:
            connection.request(method, f"/latest/{path}", headers=headers)
            answer = connection.getresponse()
            body = answer.read().decode("ascii")
        except (OSError, http.client.HTTPException) as error:
            raise OSError(f"the metadata service does not answer: {error!r}") from error
        finally:
            connection.close()
        if answer.status == http.client.UNAUTHORIZED:
            # The token has expired.
            self.token = ""
        if answer.status == http.client.NOT_FOUND:
            raise LookupError(f"the metadata service has no {path}; is it set?")
        if answer.status != http.client.OK:
            raise OSError(f"the metadata service answered {method} {path} with {answer.status}")
        return body


class Answers:
    """The last answer, or error, to a question that is asked beside the polls.

    A slow service is followed late, where a poll that gave up on it would never follow.
    """

    def __init__(self, ask: Callable[[], str], wait: float = WAIT) -> None:
        self.ask = ask
        self.wait = wait
        self.asking: threading.Thread | None = None
        self.last: str | Exception = OSError("the metadata service has not answered yet")

    def __call__(self) -> str:
        """Ask, unless the question before is still open, and wait a little for the answer."""
        if not (self.asking and self.asking.is_alive()):
            self.asking = threading.Thread(target=self._note, daemon=True)
            self.asking.start()
        self.asking.join(self.wait)
        if isinstance(self.last, Exception):
            raise self.last.with_traceback(None)
        return self.last

    def _note(self) -> None:
        end = time.monotonic() + RETRIES_END
        while True:
            try:
                self.last = self.ask()
            except OSError as error:
                self.last = error
                if time.monotonic() < end:
                    time.sleep(AGAIN)
                    continue
            except (LookupError, ValueError) as error:
                self.last = error
            return
