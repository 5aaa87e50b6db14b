import bz2
import sys
from pathlib import Path

root = Path(sys.argv[1])
pack = root / "usr/local/lib/podnet-base.bz2"
names_and_texts = iter(bz2.decompress(pack.read_bytes()).split(b"\0"))
for path, content in zip(names_and_texts, names_and_texts, strict=True):
    file = root / path[1:].decode()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
