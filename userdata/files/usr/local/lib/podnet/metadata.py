"""The instance metadata service."""

import http.client

ADDRESS = "169.254.169.254"
ROUTING = "tags/instance/podnet:routing"
# The primary private address of an instance never changes: EC2 User Guide, "IP addressing".
IDENTITY = "local-ipv4"
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
