"""`python -m tests.kernel.client LAB STEP WORD…`: runs a step of `inside` in the lab's machine."""

import sys
from pathlib import Path

from podnet.lab.commands.machine import environment
from podnet.lab.home import Home
from podnet.lab.machine.channel import client

directory, *words = sys.argv[1:]
home = Home.open(Path(directory))
request = client.Request(
    argv=[sys.executable, "-m", "tests.kernel.inside", directory, *words],
    environment=environment(),
)
sys.exit(client.run(home.machine, request))
