"""Calls of SSM for the stack's parameters, signed with the keys of the node's role.

It needs no package. User data has it, for what fetches a release.
"""

import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from metadata import MetadataService


def headers(  # noqa: PLR0913, PLR0917  # what is signed
    host: str, region: str, action: str, keys: Mapping[str, str], body: bytes, now: str
) -> dict[str, str]:
    """A call, signed (IAM User Guide, "Create a signed AWS API request")."""
    # Sorted, as they are signed.
    found = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": now,
        "x-amz-security-token": keys["Token"],
        "x-amz-target": action,
    }
    lines, names = "".join(f"{key}:{value}\n" for key, value in found.items()), ";".join(found)
    request = f"POST\n/\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
    scope = f"{now[:8]}/{region}/ssm/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = f"AWS4{keys['SecretAccessKey']}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    found["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys['AccessKeyId']}/{scope}, "
        f"SignedHeaders={names}, Signature={key.hex()}"
    )
    return found


def call(service: MetadataService, action: str, name: str, **more: object) -> dict[str, Any]:
    """The answer to a call on a parameter, as in AmazonSSM.GetParameter.

    Raises `OSError` or `LookupError`.
    """
    roles = "iam/security-credentials/"
    region, domain, role = map(service.read, ("placement/region", "services/domain", roles))
    keys = json.loads(service.read(roles + role))
    host, body = f"ssm.{region}.{domain}", json.dumps({"Name": name, **more}).encode()
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    url, signed = f"https://{host}/", headers(host, region, action, keys, body, now)
    try:
        request = urllib.request.Request(url, body, signed)
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # https
            return json.load(answer)  # type: ignore[no-any-return]
    except OSError as error:
        reason = error.read().decode() if isinstance(error, urllib.error.HTTPError) else error
        raise OSError(f"SSM parameter {name} from {host}: {reason}") from error
