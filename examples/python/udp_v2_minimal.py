#!/usr/bin/env python3
"""The least that is a client of the UDP protocol, version 2. It repairs nothing.

    python3 udp_v2_minimal.py HOST PORT FRAMES
"""
import os
import socket
import struct
import sys
import time

host, port, wanted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
sock.settimeout(0.1)
nonce, token, connection, session = os.urandom(16), b"", 0, b""
sent = packets = size = shown = longest = 0
highest, next_send = 0xFFFFFFFF, 0.0
frames = {}


def send(kind, body, before=b""):
    length = 12 + len(body)
    head = struct.pack("<BBHII", 0xD5, 0x20 | kind, length, connection, sent if connection else 0)
    sock.sendto(before + head + body, (host, port))


while shown < wanted:
    now = time.monotonic()
    clock = (time.monotonic_ns() // 1000).to_bytes(6, "little")
    if now >= next_send and connection == 0:  # hello: longest datagram 1200, no delay, one token
        piece = bytes([0, 0, len(token)]) + token + b"\0"
        send(1, nonce + clock + struct.pack("<HH", 1200, 0) + piece, b"REGISTER_CLIENT")
        next_send = now + 0.5
    elif now >= next_send:  # report: without delays, and nothing that is waited for
        totals = struct.pack("<7I3H", highest, packets, size, 0, 0, shown, 0, longest, 0, 0)
        send(2, session + clock + totals)
        sent, next_send, longest = sent + 1, now + 0.1, 0
    try:
        data = sock.recv(65536)
    except (socket.timeout, ConnectionError):
        continue
    if len(data) < 12 or data[0] != 0xD5 or data[1] >> 4 != 2:
        continue
    kind, number = data[1] & 15, struct.unpack_from("<I", data, 8)[0]
    if kind in (8, 9) and connection == 0 and data[12:28] == nonce:
        if kind == 8:  # retry: the same hello again, with the token
            token, next_send = data[35:], 0.0
        else:  # welcome
            connection, session, next_send = *struct.unpack_from("<I", data, 4), data[56:64], 0.0
    elif kind >= 11 and kind != 15 and struct.unpack_from("<I", data, 4)[0] == connection:
        packets, size, longest = packets + 1, size + len(data), max(longest, len(data))
        highest = number if highest == 0xFFFFFFFF else max(highest, number)
        if kind == 11:  # data
            frame_id, _, _, _, index, count = struct.unpack_from("<IIBBHH", data, 12)
            shards = frames.setdefault(frame_id, {})
            shards[index] = data[38:]
            if all(i in shards for i in range(count)):
                picture = b"".join(shards[i] for i in range(count))
                frames = {i: s for i, s in frames.items() if i > frame_id}
                shown += 1
                print(f"frame {frame_id}: {len(picture)} bytes", flush=True)
send(5, session + b"\0")  # bye
sock.close()
