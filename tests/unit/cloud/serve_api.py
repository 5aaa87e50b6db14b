"""A program for the tests: the API alone, in a process of its own as moto keeps global state.

It serves the API, and on a port of its own what instances see of it.
"""

import importlib
import json
import threading

from lab.cloud import server
from lab.cloud.api import Api
from lab.cloud.backend import application

changes = []


def settled() -> bytes:
    return json.dumps([[call.action, call.region] for call in changes]).encode()


api = Api(application(), changes.append, settled)
regional = importlib.import_module("lab.cloud.regional").Regional(api)
for app in (api, regional):
    sock = server.listen(0)
    threading.Thread(target=server.serve(app, sock).serve_forever, daemon=True).start()
    print(sock.getsockname()[1], flush=True)  # noqa: T201  # this is how the test learns the port
input()
