"""Installs the agent of AWS Session Manager where the image has none.

From the bucket of the node's region (Systems Manager User Guide, "Manually installing SSM Agent on
Debian Server instances"), and only if the package has a good signature of the key beside this file,
which AWS publishes in that guide ("Verifying the signature of SSM Agent") and in
aws/amazon-ecs-agent, scripts/amazon-ssm-agent.gpg. A release brings the next key.
"""

import http.client
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

from metadata import MetadataService

KEY = Path(__file__).with_name("amazon-ssm-agent.asc")
NOTE = Path("/run/podnet-notes/sessionManager")
PACKAGE = "amazon-ssm-agent"
UNITS = (f"{PACKAGE}.service", f"snap.{PACKAGE}.{PACKAGE}.service")
"""The agent of the package, and the one that is in Ubuntu's images."""
TIMEOUT = 30
FIRST_WAIT, LONGEST_WAIT = 30, 3600
"""Seconds between two attempts, each time twice as long: AWS may be publishing another package."""


def url(read: Callable[[str], str], architecture: str) -> str:
    """Where the package is, in whatever partition; `read` reads the instance's metadata."""
    region, domain = read("placement/region"), read("services/domain")
    folder = f"amazon-ssm-{region}/latest/debian_{architecture}"
    return f"https://s3.{region}.{domain}/{folder}/{PACKAGE}.deb"


def fetch(source: str, target: Path) -> None:
    """Copy what is at a URL into a file; raises `OSError`."""
    try:
        with urllib.request.urlopen(source, timeout=TIMEOUT) as answer, target.open("wb") as file:  # noqa: S310  # https, as above
            shutil.copyfileobj(answer, file)
    except (OSError, http.client.HTTPException) as error:
        raise OSError(f"{source} cannot be fetched: {error}") from error


def binary(armored: str) -> bytes:
    """A key as gpgv takes it, which the image has, and not gpg (RFC 9580, section 6)."""
    _, _, body = armored.partition("\n\n")
    return b64decode(body.partition("\n=")[0])


def verify(package: Path, signature: Path, key: bytes) -> None:
    """Raise `ValueError` unless the key, which must not have expired, signed the package."""
    keyring = package.with_name("keyring.gpg")
    keyring.write_bytes(key)
    argv = ("gpgv", "--homedir", str(package.parent), "--status-fd", "1", "--keyring", str(keyring))
    done = subprocess.run(
        (*argv, str(signature), str(package)), capture_output=True, check=False, timeout=TIMEOUT
    )
    # gpgv ends with 0 for an expired key too, and says so by another word (GnuPG, doc/DETAILS).
    words = {line.split(b" ")[1] for line in done.stdout.splitlines()}
    if done.returncode or b"GOODSIG" not in words:
        expired = b"EXPKEYSIG" in words
        reason = "the key has expired" if expired else done.stderr.decode(errors="replace").strip()
        raise ValueError(" ".join(reason.split()))


def is_there() -> bool:
    """Whether the node has the agent, from this package or from elsewhere."""
    asked = ("dpkg-query", "-W", "-f", "${db:Status-Status}", PACKAGE)
    state = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    if state and state != "not-installed":
        # Anything else is an installation that was cut off.
        return state == "installed"
    return any(
        subprocess.run(("systemctl", "cat", unit), capture_output=True, check=False).returncode == 0
        for unit in UNITS
    )


def command(*argv: str) -> str:
    """Its output; raises `OSError` with its errors."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise OSError(f"`{' '.join(argv)}`: {done.stderr.strip()}")
    return done.stdout.strip()


def install(read: Callable[[str], str], key: bytes) -> None:
    """Fetch, verify and install; raises what `attempt` names."""
    source = url(read, command("dpkg", "--print-architecture"))
    # Of root alone, so that what was verified is what is installed.
    with tempfile.TemporaryDirectory() as folder:
        package, signature = Path(folder) / f"{PACKAGE}.deb", Path(folder) / f"{PACKAGE}.deb.sig"
        fetch(f"{source}.sig", signature)
        fetch(source, package)
        try:
            verify(package, signature, key)
        except ValueError as error:
            raise ValueError(f"{source} has no good signature of AWS's key: {error}") from error
        options = ("-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold")
        command("apt-get", "-qy", *options, "--no-install-recommends", "install", str(package))
    command("systemctl", "enable", "--now", UNITS[0])


def attempt(read: Callable[[str], str]) -> str:
    """Why Session Manager has no agent to talk to; empty where it has one."""
    if is_there():
        return ""
    try:
        install(read, binary(KEY.read_text()))
    except (OSError, LookupError, ValueError, subprocess.TimeoutExpired) as error:
        return f"not installed: {error}".replace("\n", " ")
    return ""


def main() -> None:
    """Try until the agent is there; each other reason is named once on the console."""
    wait, named = FIRST_WAIT, ""
    while problem := attempt(MetadataService().read):
        if problem != named:
            print(f"Session Manager's agent is {problem}", flush=True)
        named = problem
        NOTE.write_text(problem)
        time.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)
    NOTE.unlink(missing_ok=True)
    print("Session Manager's agent is there", flush=True)


if __name__ == "__main__":
    main()
