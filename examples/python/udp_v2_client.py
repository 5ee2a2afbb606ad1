#!/usr/bin/env python3
"""A client of Streamer's UDP protocol, version 2, in Python's standard library alone.

    python3 udp_v2_client.py HOST[:PORT] [--stream NAME] [--frames N] [--output FOLDER]
                             [--drop PERCENT --seed N] [--timeout SECONDS]

Made from docs/protocols/udp-v2.md, to be carried over into other languages. All bytes are read and
written in udp_v2_wire.py; udp_v2_frame.py puts frames together and repairs them.
Servers with a key are not for it, and refuse it: ChaCha20-Poly1305 is not in the standard library.
"""
import argparse
import os
import random
import select
import socket
import sys
import time

import udp_v2_wire as wire
from udp_v2_frame import Frame

MAX_DATAGRAM = 1452  # what fits through Ethernet with IPv6
DELAY = 0.2  # a frame waits so long for pieces that were lost, seconds
REPORT_EVERY = 0.1
SILENCE = 2.0  # then register anew
TRY_AFTER = (0.25, 0.5, 1, 2)  # and then every 4 seconds
MAX_FRAME = 64 << 20  # longer ones are refused
MAX_OPEN = 64  # frames that are kept while they are not whole


def now_us():
    return time.monotonic_ns() // 1000


class Client:
    def __init__(self, options):
        self.options = options
        family, _, _, _, address = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_DGRAM)[0]
        self.server = address
        # One socket for all: the server knows a client by its address and port. Its buffer holds
        # a few frames, because datagrams come while a picture is written or shown.
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.setblocking(False)
        self.dice = random.Random(options.seed)
        self.shown = self.missed = self.repaired = self.lost_before = 0
        self.second = None  # (end, shown, missed, repaired, lost datagrams) when the line begins
        self.line_bytes, self.ages = 0, []
        self.connection = None
        self.start()

    # Registration ------------------------------------------------------------------------------

    def start(self):
        self.lost_before = self.lost_datagrams()
        self.connection = None
        self.nonce, self.token = os.urandom(16), b""
        self.tries, self.next_hello = 0, time.monotonic()

    def say_hello(self, now):
        self.send(wire.hello(self.nonce, now_us(), MAX_DATAGRAM, int(DELAY * 1000),
                             self.options.stream, token=self.token))
        self.next_hello = now + (TRY_AFTER[self.tries] if self.tries < len(TRY_AFTER) else 4)
        self.tries += 1

    def answer(self, kind, connection, body, now):
        read = wire.read_answer(kind, body)
        if read is None or read[0] != self.nonce or self.connection is not None:
            return
        if kind == wire.RETRY:
            self.token = read[2]
            self.say_hello(now)
        elif kind == wire.WELCOME and connection != 0:
            self.connection = wire.Connection(connection, read[2][2])
            self.heard, self.next_report = now, now
        elif kind == wire.REFUSED:  # anybody could have said so: go on, more slowly
            print(f"refused: {read[2][1]} (reason {read[2][0]})", file=sys.stderr, flush=True)
            self.token, self.next_hello = b"", now + 4

    # What comes --------------------------------------------------------------------------------

    def receive(self, data, now):
        if data == b"REGISTERED" and self.connection is None:
            raise SystemExit("the server speaks version 1 only: docs/protocols/udp.md")
        read = wire.read_datagram(data)
        if read is None:
            return
        kind, connection, packet_number, body = read
        if kind in (wire.RETRY, wire.WELCOME, wire.REFUSED):
            self.answer(kind, connection, body, now)
            return
        own = self.connection
        if own is None or connection != own.number:
            return
        if kind == wire.UNKNOWN:  # not protected, so believed only when nothing else comes
            if now - self.heard > 1:
                self.start()
            return
        if kind == wire.DATA and self.dice.random() * 100 < self.options.drop:
            return
        if not own.window.take(packet_number):
            return
        self.heard = now
        own.packets += 1
        own.bytes += len(data)
        own.longest = max(own.longest, len(data))
        if kind == wire.DATA:
            self.line_bytes += len(data)
            self.take(body, now)
        elif kind == wire.CLOCK:
            own.clock(body, now_us())
        elif kind == wire.PATH_CHALLENGE:
            self.send(own.write(wire.PATH_RESPONSE, body))
        elif kind == wire.BYE:
            self.start()
            self.next_hello = now + TRY_AFTER[0]

    def take(self, body, now):
        own, read = self.connection, wire.read_data(body)
        if read is None or read[1] > MAX_FRAME:
            return
        frame_id, size, _, flags, index, data_count, parity_count, capture, send_time, shard = read
        own.delays.append((now_us() - send_time) & wire.MASK)
        if own.last_frame is not None and wire.difference(frame_id, own.last_frame) <= 0:
            return
        frame = own.frames.get(frame_id)
        if frame is None:
            frame = own.frames[frame_id] = Frame(frame_id, size, data_count, capture, now)
        elif (frame.size, frame.data_count) != (size, data_count):
            return
        if not flags & wire.RESENT:
            frame.parity_count = parity_count
            # Shards are sent in the order of their indices, one frame after the other.
            frame.passed(index)
            for other in own.frames.values():
                if wire.difference(frame_id, other.id) > 0:
                    other.passed(data_count + parity_count)
        if frame.picture is None:
            frame.repaired |= bool(flags & wire.RESENT)
            frame.pieces.setdefault(index, shard)
            frame.join()

    # What is shown -----------------------------------------------------------------------------

    def show_due(self, now, may_give_up):
        """Shows frames in their order. One that is not whole is waited for, but not for long."""
        own = self.connection
        first = next(iter(own.frames), 0)  # ids wrap, so they are compared with one of them
        for frame_id in sorted(own.frames, key=lambda one: wire.difference(one, first)):
            frame = own.frames[frame_id]
            if self.is_done:
                return
            if frame.picture is not None:
                own.whole += 1
                self.show(frame)
            elif may_give_up and now - frame.since > DELAY or len(own.frames) > MAX_OPEN:
                own.lost += 1
                self.missed += 1
            else:
                return
            own.last_frame = frame_id
            del own.frames[frame_id]

    def show(self, frame):
        self.shown += 1
        self.repaired += frame.repaired
        if self.connection.offset is not None:
            age = now_us() + self.connection.offset - frame.capture_time
            self.ages.append(age / 1000)
        if self.options.output:
            path = os.path.join(self.options.output, f"frame-{self.shown:06}.jpg")
            with open(path, "wb") as file:
                file.write(frame.picture)

    def ask_again(self, now):
        own = self.connection
        round_trip = (own.round_trip or 0) / 1e6
        for frame in own.frames.values():
            if frame.picture is None and now + round_trip < frame.since + DELAY:
                indices = frame.overdue(now, max(0.02, 1.5 * round_trip))
                if indices:
                    self.send(own.write(wire.RESEND, wire.resend(frame.id, indices)))

    def lost_datagrams(self):
        own = self.connection
        return self.lost_before + (own.window.next - own.packets if own else 0)

    def print_line(self, now):
        counts = (self.shown, self.missed, self.repaired, self.lost_datagrams())
        if self.second is not None:
            frames, missed, repaired, lost = (a - b for a, b in zip(counts, self.second[1:]))
            rate = self.line_bytes * 8 / 1e6 / (now - self.second[0] + 1)
            age = f"{sum(self.ages) / len(self.ages):.1f} ms" if self.ages else "unknown"
            print(f"{frames} frames, {missed} frames lost, {lost} datagrams lost, "
                  f"{repaired} frames repaired, {rate:.2f} Mbit/s, age {age}", flush=True)
        self.second, self.line_bytes, self.ages = (now + 1, *counts), 0, []

    # The loop ----------------------------------------------------------------------------------

    @property
    def is_done(self):
        return 0 < self.options.frames <= self.shown

    def send(self, data):
        try:
            self.socket.sendto(data, self.server)
        except OSError:
            pass  # what the network does not take is lost

    def run(self):
        last_shown, shown = time.monotonic(), 0
        while not self.is_done:
            select.select([self.socket], [], [], 0.01)
            is_empty = False
            for _ in range(64):  # then see to what is due; on a fast network this never ends
                try:
                    data, address = self.socket.recvfrom(65536)
                except BlockingIOError:
                    is_empty = True
                    break
                except OSError:
                    continue  # the server's machine said that nobody listens there
                if address[:2] == self.server[:2]:
                    self.receive(data, time.monotonic())
            self.tick(time.monotonic(), is_empty)
            if self.shown > shown:
                last_shown, shown = time.monotonic(), self.shown
            elif time.monotonic() - last_shown > self.options.timeout:
                break

    def tick(self, now, is_empty):
        if self.second is None or now >= self.second[0]:
            self.print_line(now)
        own = self.connection
        if own is None:
            if now >= self.next_hello:
                self.say_hello(now)
            return
        self.ask_again(now)
        self.show_due(now, may_give_up=is_empty)  # else what is missing may lie in the socket
        if is_empty and now - self.heard > SILENCE:
            self.start()
            return
        if now >= self.next_report:
            self.send(own.report(now_us(), int(DELAY * 1000)))
            self.next_report = now + REPORT_EVERY

    def end(self):
        if self.connection is not None:
            self.send(self.connection.write(wire.BYE, b"\0"))
        self.socket.close()
        print(f"in all: {self.shown} frames, {self.missed} frames lost, "
              f"{self.lost_datagrams()} datagrams lost, {self.repaired} frames repaired",
              flush=True)
        return 0 if self.shown > 0 else 1


def host_and_port(text):
    """HOST, HOST:PORT or [IPV6]:PORT."""
    host, colon, port = text.rpartition(":")
    if not colon or ":" in host and not host.endswith("]"):
        host, port = text, "9999"
    return host.strip("[]"), int(port)


def main():
    parser = argparse.ArgumentParser(description="Watches a stream over UDP, version 2.")
    parser.add_argument("server", metavar="HOST[:PORT]")
    parser.add_argument("--stream", default="", help="its name; the first one if not given")
    parser.add_argument("--frames", type=int, default=0, help="end after so many")
    parser.add_argument("--output", metavar="FOLDER", help="where to write the pictures")
    parser.add_argument("--drop", type=float, default=0, metavar="PERCENT",
                        help="drop so many of the datagrams with data, to see the repair")
    parser.add_argument("--seed", type=int, help="of the drops, to have the same again")
    parser.add_argument("--timeout", type=float, default=10, metavar="SECONDS",
                        help="end when no frame came for so long")
    options = parser.parse_args()
    options.host, options.port = host_and_port(options.server)
    if options.output:
        os.makedirs(options.output, exist_ok=True)
    client = Client(options)
    try:
        client.run()
    except KeyboardInterrupt:
        pass
    return client.end()


if __name__ == "__main__":
    sys.exit(main())
