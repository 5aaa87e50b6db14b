"""A process that sends datagrams as fast as it can, from one socket it is given to another.

Once its input ends or a datagram is lost, it prints how many it sent and how many arrived.
"""

import select
import socket
import sys
import time

BURST = 50
PATIENCE = 2.0


def flood(client, server):
    """Send burst after burst: (sent, arrived)."""
    sent = arrived = 0
    while arrived == sent and not select.select([sys.stdin], [], [], 0)[0]:
        for _ in range(BURST):
            client.send(b"datagram")
        sent += BURST
        # Most are delivered within the call that sends; a busy kernel puts some off, and no
        # more may be under way than fit into the receiver's buffer.
        end = time.monotonic() + PATIENCE
        while arrived < sent and time.monotonic() < end:
            select.select([server], [], [], 0.1)
            arrived += drained(server)
    return sent, arrived


def drained(server):
    count = 0
    while True:
        try:
            server.recv(100)
        except BlockingIOError:
            return count
        count += 1


if __name__ == "__main__":
    sender, receiver = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    receiver.settimeout(0)
    sys.stdout.write("{} {}".format(*flood(sender, receiver)))
