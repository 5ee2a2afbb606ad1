"""A client of the TCP protocol, version 1 (docs/protocols/tcp.md), built like those that are in use.

    python3 tcp_client.py HOST PORT [--frames N] [--payload pickle|jpeg] [--half-close]

Says a line for each frame that decodes, and ends after N frames.
"""
import argparse
import socket
import struct

from received import report, say

parser = argparse.ArgumentParser()
parser.add_argument("host")
parser.add_argument("port", type=int)
parser.add_argument("--frames", type=int, default=0)
parser.add_argument("--payload", choices=["pickle", "jpeg"], default="pickle")
parser.add_argument("--half-close", action="store_true")
options = parser.parse_args()

LENGTH = "<Q"
LENGTH_SIZE = struct.calcsize(LENGTH)

sock = socket.create_connection((options.host, options.port), timeout=60)
if options.half_close:
    sock.shutdown(socket.SHUT_WR)
say({"registered": True})

data = b""
shown = 0


def fill(size):
    """Reads until `size` bytes are there."""
    global data
    while len(data) < size:
        more = sock.recv(65536)
        if not more:
            raise SystemExit("the server has closed the connection")
        data += more


while options.frames == 0 or shown < options.frames:
    fill(LENGTH_SIZE)
    (length,) = struct.unpack(LENGTH, data[:LENGTH_SIZE])
    fill(LENGTH_SIZE + length)
    frame = data[LENGTH_SIZE : LENGTH_SIZE + length]
    data = data[LENGTH_SIZE + length :]
    report(shown, frame, options.payload)
    shown += 1

sock.close()
