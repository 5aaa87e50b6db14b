"""A program for the tests: the API alone, in a process of its own as moto keeps global state."""

import json
import threading

from lab.cloud import server
from lab.cloud.api import Api
from lab.cloud.backend import application

changes = []


def settled() -> bytes:
    return json.dumps([[call.action, call.region] for call in changes]).encode()


sock = server.listen(0)
api = server.serve(Api(application(), changes.append, settled), sock)
threading.Thread(target=api.serve_forever, daemon=True).start()
print(sock.getsockname()[1], flush=True)  # noqa: T201  # this is how the test learns the port
input()
