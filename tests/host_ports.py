"""Exchanges with a port of a node, and the source address that the pod behind it sees."""

import socket
import threading
from contextlib import ExitStack

from podnet.system.netns import inside

SECONDS = 3.0
PROTOCOLS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


class Answers:
    """Listens on ports of a pod, in a `with` block, and answers with the address it sees."""

    def __init__(self, pod):
        self.pod = pod
        self._files = ExitStack()

    def __enter__(self):
        for port in self.pod.ports:
            kind = PROTOCOLS[port.protocol]
            opened = inside(self.pod.netns, lambda kind=kind: socket.socket(type=kind))
            self._files.callback(opened.close)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind((str(self.pod.address), port.container))
            serve = self._tcp if port.protocol == "tcp" else self._udp
            if port.protocol == "tcp":
                opened.listen()
            threading.Thread(target=serve, args=(opened,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._files.close()

    @staticmethod
    def _tcp(opened):
        try:
            while True:
                connection, (address, _) = opened.accept()
                with connection:
                    connection.sendall(address.encode())
        except OSError:
            return

    @staticmethod
    def _udp(opened):
        try:
            while True:
                _, sender = opened.recvfrom(64)
                opened.sendto(sender[0].encode(), sender)
        except OSError:
            return


def seen_as(netns, address, port):
    """As what the pod behind this port of a node sees who asks from here; None: no answer."""
    with inside(netns, lambda: socket.socket(type=PROTOCOLS[port.protocol])) as client:
        client.settimeout(SECONDS)
        try:
            client.connect((str(address), port.host))
            client.send(b"?")
            return client.recv(64).decode()
        except OSError:
            return None
