import bz2
import json
import sys
from pathlib import Path

root = Path(sys.argv[1])
pack = root / "usr/local/lib/podnet/files.json.bz2"
for path, text in json.loads(bz2.decompress(pack.read_bytes())).items():
    file = root / path[1:]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode())
