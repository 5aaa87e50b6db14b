"""Fetches the release that the tag `podnet:files` names, and hands over to its updater.

It belongs to the user data, and no release replaces it: so none can break what fetches its
successor. It needs no package.
"""

import io
import lzma
import os
import shutil
import sys
import tarfile
import time
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from metadata import MetadataService
from ssm import call

FILES = "tags/instance/podnet:files"
PROBLEM = Path("run/podnet-update/problem")
RETRY = 10


def read(service: MetadataService, name: str) -> str:
    """The value of a parameter; raises `OSError` or `LookupError`."""
    return str(call(service, "AmazonSSM.GetParameter", name)["Parameter"]["Value"])


def fetch(read: Callable[[str], str], folder: str, digest: str) -> bytes:
    """The tar of a release; raises `ValueError` for another digest."""
    unpacker, data, number = lzma.LZMADecompressor(), b"", 0
    while not unpacker.eof:
        number += 1
        data += unpacker.decompress(b64decode(read(f"{folder}/{number}")))
    if (found := sha256(data).hexdigest()) != digest:
        raise ValueError(f"{folder} holds {found} and not {digest}, so it is not unpacked")
    return data


def unpack(data: bytes, folder: Path) -> None:
    """The folder is there as a whole or not at all."""
    draft = folder.with_suffix(".new")
    shutil.rmtree(draft, ignore_errors=True)
    tarfile.open(fileobj=io.BytesIO(data)).extractall(draft)  # noqa: S202, SIM115  # by its digest
    os.sync()
    draft.replace(folder)


def release(root: Path, read_tag: Callable[[str], str], read: Callable[[str], str]) -> Path:
    """The folder of the wanted release, fetched if it is not there."""
    digest = read_tag(FILES)
    folder = root / f"usr/local/lib/podnet-{digest[:12]}"
    if not folder.is_dir():
        unpack(fetch(read, f"{os.environ['PODNET_FILES']}/{digest[:12]}", digest), folder)
    return folder


def main(root: Path) -> None:
    """Try until there is a release, and become its updater."""
    service, problem = MetadataService(), root / PROBLEM
    while True:
        try:
            folder = release(root, service.read, lambda name: read(service, name))
            problem.write_text(f"{folder.name} does not run yet")
            updater = (sys.executable, "-B", str(folder / "update.py"))
            os.execv(sys.executable, updater)  # noqa: S606  # no shell
        except (OSError, LookupError, ValueError, lzma.LZMAError) as error:
            if (text := f"no release: {error}") != (problem.exists() and problem.read_text()):
                print(text, flush=True)
                problem.write_text(text)
            time.sleep(RETRY)


if __name__ == "__main__":
    main(Path("/"))
