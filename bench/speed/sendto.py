"""The reference of UDP rows: version 1 of docs/protocols/udp.md as a plain loop of sendto, the way such servers are written in Python.

Usage: sendto.py FPS FILE...  Prints {"port":N}; ends with its standard input.
"""

import json
import select
import socket
import struct
import sys
import time

CHUNK_SIZE = 1200


def main():
    interval = 1 / float(sys.argv[1])
    pictures = []
    for path in sys.argv[2:]:
        with open(path, "rb") as file:
            pictures.append(bytearray(file.read()))
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1024 * 1024)
    server.bind(("127.0.0.1", 0))
    print(json.dumps({"port": server.getsockname()[1]}), flush=True)
    clients = set()
    frame_id = 0
    due = time.monotonic()
    while True:
        wait = max(0, due - time.monotonic())
        readable, _, _ = select.select([server, sys.stdin], [], [], wait)
        if sys.stdin in readable and not sys.stdin.buffer.raw.read(256):
            return
        if server in readable:
            data, address = server.recvfrom(2048)
            if data == b"REGISTER_CLIENT":
                server.sendto(b"REGISTERED", address)
                clients.add(address)
            elif data == b"DISCONNECT":
                clients.discard(address)
        if time.monotonic() < due:
            continue
        due += interval
        picture = pictures[frame_id % len(pictures)]
        # The stamp of the corpus: the time in microseconds and the number.
        struct.pack_into("<QI", picture, 8, time.monotonic_ns() // 1000, frame_id)
        send_frame(server, bytes(picture), frame_id, clients)
        frame_id += 1


def send_frame(server, frame, frame_id, clients):
    chunk_count = (len(frame) + CHUNK_SIZE - 1) // CHUNK_SIZE
    start = b"FRAME_START" + struct.pack("<III", frame_id, len(frame), chunk_count)
    for address in clients:
        server.sendto(start, address)
        for index in range(chunk_count):
            chunk = frame[index * CHUNK_SIZE : (index + 1) * CHUNK_SIZE]
            server.sendto(b"CHUNK" + struct.pack("<II", frame_id, index) + chunk, address)


if __name__ == "__main__":
    main()
