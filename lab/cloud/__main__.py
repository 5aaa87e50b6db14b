"""`python -m lab.cloud --home DIRECTORY`: the cloud of one lab, until it is told to end."""

from __future__ import annotations

import argparse
import fcntl
import importlib
import logging
import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

from lab import authority
from lab.cloud import roots, server
from lab.cloud.api import Api
from lab.cloud.backend import application
from lab.cloud.control import CGROUP_MEMBER, Files, cgroups
from lab.cloud.internet import Internet
from lab.cloud.loop import Loop
from lab.errors import LabError
from lab.fabric import Fabric
from lab.home import Home


def main() -> int:
    """Run until SIGTERM; the exit code of the process."""
    parser = argparse.ArgumentParser(prog="python -m lab.cloud", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="directory of the lab")
    parser.add_argument("--port", type=int, default=0, help="port of the API on loopback")
    arguments = parser.parse_args()
    logging.basicConfig(
        format="%(asctime)s %(name)s %(levelname)s %(message)s", level=logging.WARNING
    )
    try:
        run(Home.open(arguments.home), arguments.port)
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def run(home: Home, port: int) -> None:
    """Serve the API and keep the lab in step with it."""
    files = Files(home)
    # Held until the process ends, however it ends: this is how others know that it lives.
    with files.life.open("a+") as life:
        try:
            fcntl.flock(life, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError(f"another cloud runs in {home.directory}; a lab has one") from None
        life.truncate(0)
        life.write(f"{os.getpid()}\n")
        life.flush()
        groups = cgroups(home)
        groups.enter(CGROUP_MEMBER)
        sock = server.listen(port)
        endpoint = f"http://{server.HOST}:{sock.getsockname()[1]}"
        loop = Loop(home, endpoint, partial(roots.of, home.image), groups)
        signal.signal(signal.SIGTERM, lambda *_: loop.end())
        api = Api(application(), loop.changed, loop.settled)
        threading.Thread(target=server.serve(api, sock).serve_forever, daemon=True).start()
        threading.Thread(target=api.warm, daemon=True).start()
        draft = files.endpoint.with_suffix(".new")
        draft.write_text(endpoint)
        draft.rename(files.endpoint)
        # It reads moto, which must not be read before the application is made.
        regional = importlib.import_module("lab.cloud.regional").Regional(api)
        loop.run(
            Internet(
                Fabric(home).internet_namespace, lambda: authority.ensure(home.image), regional
            )
        )


if __name__ == "__main__":
    sys.exit(main())
