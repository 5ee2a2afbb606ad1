"""A client of the UDP protocol, version 1 (docs/protocols/udp.md), built like those that are in use.

    python3 udp_client.py HOST PORT [--frames N] [--header u32|u64|native] [--payload pickle|jpeg] [--stream NAME]

Says {"registered": true} once it is, then a line for each frame that decodes, and ends after N frames.
"""
import argparse
import socket
import struct
import time

from received import report, say

parser = argparse.ArgumentParser()
parser.add_argument("host")
parser.add_argument("port", type=int)
parser.add_argument("--frames", type=int, default=0)
parser.add_argument("--header", choices=["u32", "u64", "native"], default="u32")
parser.add_argument("--payload", choices=["pickle", "jpeg"], default="pickle")
parser.add_argument("--stream")
options = parser.parse_args()

CHUNK_SIZE = 1200
# "LLL" is how the first server packed its numbers: eight bytes each on a 64-bit Linux.
START, CHUNK = {"u32": ("<III", "<II"), "u64": ("<QQQ", "<QQ"), "native": ("LLL", "LL")}[options.header]
START_SIZE = 11 + struct.calcsize(START)
CHUNK_HEADER = 5 + struct.calcsize(CHUNK)
KEEPALIVE_SECONDS = 5

server = (options.host, options.port)
family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
sock = socket.socket(family, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)

message = b"REGISTER_CLIENT"
if options.stream is not None:
    message += b" " + options.stream.encode()
sock.sendto(message, server)
sock.settimeout(60)
answer, _ = sock.recvfrom(65536)
if answer != b"REGISTERED":
    raise SystemExit(f"the first datagram is {answer[:20]!r}")
say({"registered": True})

frames = {}
shown = 0
last_keepalive = time.monotonic()
while options.frames == 0 or shown < options.frames:
    if time.monotonic() - last_keepalive > KEEPALIVE_SECONDS:
        sock.sendto(b"KEEPALIVE", server)
        last_keepalive = time.monotonic()
    data, _ = sock.recvfrom(65536)
    if data.startswith(b"FRAME_START"):
        if len(data) != START_SIZE:
            raise SystemExit(f"a start of {len(data)} bytes")
        frame_id, frame_size, chunk_count = struct.unpack(START, data[11:])
        frames = {frame_id: {"size": frame_size, "left": chunk_count, "data": bytearray(frame_size)}}
    elif data.startswith(b"CHUNK"):
        frame_id, index = struct.unpack(CHUNK, data[5:CHUNK_HEADER])
        frame = frames.get(frame_id)
        if frame is None:
            continue
        payload = data[CHUNK_HEADER:]
        offset = index * CHUNK_SIZE
        frame["data"][offset : offset + len(payload)] = payload
        # Like the clients in use it only counts: a chunk that came twice would spoil the frame.
        frame["left"] -= 1
        if frame["left"] == 0:
            del frames[frame_id]
            if len(frame["data"]) != frame["size"]:
                raise SystemExit(f"frame {frame_id} has grown")
            report(frame_id, bytes(frame["data"]), options.payload)
            shown += 1

sock.sendto(b"DISCONNECT", server)
sock.close()
