"""Datagrams between all pairs of pods, and which of them were lost."""

import select
import threading
import time
from itertools import permutations

from switch import socket_in


class Exchange:
    """Datagrams at 100 Hz between all pairs of pods, numbered, until the block ends."""

    INTERVAL = 0.01

    def __init__(self, pods):
        self.sockets = {}
        for pod in pods:
            self.sockets[pod] = socket_in(pod)
            self.sockets[pod].bind((pod.address, 7000))
            self.sockets[pod].setblocking(False)  # noqa: FBT003  # positional only
        self.pods = {pod.address: pod for pod in pods}
        self.numbers = {}
        self.arrived = {pair: set() for pair in permutations(self.pods, 2)}
        self.running = threading.Event()
        self.threads = [threading.Thread(target=self._send), threading.Thread(target=self._receive)]
        self.sent = 0
        self.lost = {}

    def __enter__(self):
        self.running.set()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.running.clear()
        for thread in self.threads:
            thread.join()
        for each in self.sockets.values():
            each.close()
        self.lost = {
            pair: missing
            for pair, numbers in self.arrived.items()
            if (missing := sorted(set(range(self.sent)) - numbers))
        }

    def _send(self):
        due = time.monotonic()
        while self.running.is_set():
            for source, target in self.arrived:
                self.sockets[self.pods[source]].sendto(str(self.sent).encode(), (target, 7000))
            self.sent += 1
            due += self.INTERVAL
            time.sleep(max(0, due - time.monotonic()))

    def _receive(self):
        owner = {each: pod.address for pod, each in self.sockets.items()}
        # A busy machine may hold the sender up; only when it has ended is silence the end.
        while (ready := select.select(owner, [], [], 0.3)[0]) or self.running.is_set():
            for each in ready:
                data, (source, _) = each.recvfrom(64)
                self.arrived[source, owner[each]].add(int(data))
