"""Ports for servers that are killed and started again."""

import random
import socket
from typing import List

#: Below the range that connections take their own ports from (32768 and up on
#: Linux): while a server is down nothing else comes to sit on its port, not
#: even a client of its own that keeps trying to connect.
PORTS = range(20000, 32000)


def free_ports(count: int) -> List[int]:
    """So many different TCP ports that nobody listens on now."""
    found: List[int] = []
    while len(found) < count:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found
