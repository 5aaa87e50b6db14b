"""Fetches the files of Kubernetes, which user data has no room for, and unpacks them."""

import hashlib
import io
import lzma
import os
import sys
import tarfile
from base64 import b64decode
from pathlib import Path

from parameters import Store, instance

UNPACKED = Path("etc/podnet/kubernetes.digest")


def fetch(store: Store, folder: str, digest: str) -> bytes:
    """The tar in the pieces below a folder; raises `ValueError` if it is not the one meant."""
    unpacker, data, number = lzma.LZMADecompressor(), b"", 0
    while not unpacker.eof:
        number += 1
        data += unpacker.decompress(b64decode(store.read(f"{folder}/{number}")))
    if (found := hashlib.sha256(data).hexdigest()) != digest:
        raise ValueError(
            f"the files below {folder} have SHA-256 {found}, user data says {digest}; they are "
            "left alone, and `pulumi up` of this stack writes them again"
        )
    return data


def unpack(data: bytes, root: Path) -> None:
    """Put every file at its place, each at once."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive.getmembers():
            file, content = root / member.name, archive.extractfile(member)
            if content is None:
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            draft = file.with_name(f"{file.name}.new")
            draft.write_bytes(content.read())
            draft.replace(file)


def main(root: Path = Path("/")) -> None:
    """Fetch and unpack, once for each release of the files."""
    folder, digest = (os.environ[f"PODNET_{name}"] for name in ("PARAMETERS", "KUBERNETES_FILES"))
    unpacked = root / UNPACKED
    if unpacked.exists() and unpacked.read_text() == digest:
        return
    unpack(fetch(Store(instance("placement/region")), f"{folder}/files/{digest[:12]}", digest), root)
    unpacked.write_text(digest)
    print(f"unpacked the files {digest[:12]} of Kubernetes", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (OSError, LookupError, ValueError) as error:
        sys.exit(str(error))
