"""`python -m podnet.lab.machine FOLDER`, started by `podnet.lab.machine.lifecycle`."""

import sys
from pathlib import Path

from podnet.lab.machine.supervisor import main

main(Path(sys.argv[1]))
