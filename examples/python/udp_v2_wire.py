"""Streamer's UDP protocol, version 2, as functions of bytes: no sockets and no clocks are in here.

Made from docs/protocols/udp-v2.md, whose words it uses, to be carried over into other languages.
test/clients/python/check_vectors.py holds it to docs/protocols/vectors/udp-v2.json.
"""
import struct

REGISTER = b"REGISTER_CLIENT"
MAGIC, VERSION = 0xD5, 2
HELLO, REPORT, RESEND, PATH_RESPONSE, BYE = 1, 2, 3, 4, 5
RETRY, WELCOME, REFUSED, DATA, CLOCK, PROBE, PATH_CHALLENGE, UNKNOWN = range(8, 16)
HEADER = struct.Struct("<BBHII")  # "<": little-endian, without gaps
REPEATED, RESENT = 1, 2  # flags of data
MASK = 0xFFFFFFFF


# Numbers: 32 bits of a greater number, which wrap ----------------------------------------------

def u48(number):
    return (number % (1 << 48)).to_bytes(6, "little")


def difference(later, earlier):
    """later - earlier of 32-bit numbers that wrap: -2^31 to 2^31 - 1."""
    return (later - earlier + (1 << 31)) % (1 << 32) - (1 << 31)


def expand(low, expected):
    """Of all numbers with these lower 32 bits the one nearest to `expected`."""
    number = expected + difference(low, expected)
    return number if number >= 0 else number + (1 << 32)


class Window:
    """Knows which packet numbers came, of the last 2048."""

    def __init__(self):
        self.next, self.seen = 0, set()

    def take(self, low):
        """False for a number that came before."""
        number = expand(low, self.next)
        if number < self.next - 2048 or number in self.seen:
            return False
        self.seen.add(number)
        self.next = max(self.next, number + 1)
        if len(self.seen) > 2 * 2048:
            self.seen = {n for n in self.seen if n >= self.next - 2048}
        return True


# Datagrams: bytes in, bytes out ----------------------------------------------------------------

def datagram(kind, body, connection=0, number=0):
    length = HEADER.size + len(body)
    return HEADER.pack(MAGIC, VERSION << 4 | kind, length, connection, number & MASK) + body


def read_datagram(data):
    """(type, connection, packet_number, body), or None for what is none of version 2."""
    if len(data) < HEADER.size:
        return None
    magic, kind, length, connection, number = HEADER.unpack_from(data)
    if magic != MAGIC or kind >> 4 != VERSION or length != len(data):
        return None
    return kind & 15, connection, number, data[HEADER.size:]


def short(piece):
    return bytes([len(piece)]) + piece


def read_short(data, at):
    """The bytes at `at` that have their length before them; None when they are cut off."""
    end = at + 1 + data[at] if at < len(data) else at
    return data[at + 1:end] if at < end <= len(data) else None


def hello(nonce, client_time, max_datagram, delay, stream="", key_name="", token=b"", proof=b""):
    body = nonce + u48(client_time) + struct.pack("<HH", max_datagram, delay)
    pieces = (stream.encode(), key_name.encode(), token, proof)
    return REGISTER + datagram(HELLO, body + b"".join(map(short, pieces)))


def read_answer(kind, body):
    """(client_nonce, client_time, what goes on) of a retry, welcome or refused, or None.

    It goes on with the token, with (server_time, server_nonce, session_token, stream, codec,
    timeout, proof), or with (reason, text). Offsets are 12 less here than in the document.
    """
    if len(body) < 23:
        return None
    rest = None
    if kind == RETRY:
        rest = read_short(body, 22)
    elif kind == WELCOME and len(body) in (58, 90):
        server_time = int.from_bytes(body[22:28], "little")
        stream, codec, timeout = struct.unpack_from("<BBI", body, 52)
        rest = (server_time, body[28:44], body[44:52], stream, codec, timeout, body[58:])
    elif kind == REFUSED:
        text = read_short(body, 23)
        rest = None if text is None else (body[22], text.decode("utf-8", "replace"))
    return None if rest is None else (body[:16], int.from_bytes(body[16:22], "little"), rest)


def blocks_of(data_count):
    return -(-data_count // 170)


def read_data(body):
    """(frame_id, frame_size, stream, flags, index, data_count, parity_count, capture_time,
    send_time, shard), or None where the numbers do not fit together."""
    if len(body) <= 26:
        return None
    frame_id, size, stream, flags, index, count, parity, capture, send = struct.unpack_from(
        "<IIBBHHH6sI", body)
    shard = body[26:]
    if size == 0 or count == 0 or index >= count + parity:
        return None
    blocks = blocks_of(count)
    if -(-count // blocks) + -(-parity // blocks) > 255:
        return None
    shard_size = -(-size // count)  # rounded up
    last = size - (count - 1) * shard_size
    if last < 1 or len(shard) != (last if index == count - 1 else shard_size):
        return None
    capture_time = int.from_bytes(capture, "little")
    return frame_id, size, stream, flags, index, count, parity, capture_time, send, shard


def report(client_time, totals, longest, delay, round_trip):
    """`totals`: highest, packets, bytes, min_delay, max_delay, frames_whole, frames_lost."""
    numbers = [number & MASK for number in totals]
    return u48(client_time) + struct.pack("<7I3H", *numbers, longest, delay, min(round_trip, 65535))


def read_clock(body):
    """(client_time, received, sent, rate, parity), or None."""
    if len(body) < 24:
        return None
    times = (int.from_bytes(body[at:at + 6], "little") for at in (0, 6, 12))
    return (*times, *struct.unpack_from("<IH", body, 18))


def resend(frame_id, indices):
    return struct.pack(f"<IB{len(indices)}H", frame_id, len(indices), *indices)


# One connection ---------------------------------------------------------------------------------

class Connection:
    """What lasts from a welcome to the end: numbers, meters for the reports, the server's clock."""

    def __init__(self, number, token):
        self.number, self.token = number, token
        self.sent = 0  # the next packet number
        self.window = Window()
        self.packets = self.bytes = self.whole = self.lost = 0
        self.last_frame = None  # id of the last one that was shown or given up
        self.frames = {}
        self.clocks = []  # (when, round trip, offset), of the last ten seconds; microseconds
        self.round_trip = self.offset = None
        self.begin_report()

    def begin_report(self):
        self.longest, self.delays = 0, []

    def write(self, kind, body):
        """A protected datagram: its body has the session token before it."""
        data = datagram(kind, self.token + body, self.number, self.sent)
        self.sent += 1
        return data

    def report(self, now_us, delay_ms):
        least = greatest = 0
        if self.delays:  # these wrap, so they are compared with one of them
            spread = [difference(delay, self.delays[0]) for delay in self.delays]
            least, greatest = self.delays[0] + min(spread), self.delays[0] + max(spread)
        # Before anything came the highest packet number is one below the first one.
        totals = (self.window.next - 1, self.packets, self.bytes, least, greatest,
                  self.whole, self.lost)
        round_trip = 0 if self.round_trip is None else -(-self.round_trip // 1000)
        body = report(now_us, totals, self.longest, delay_ms, round_trip)
        self.begin_report()
        return self.write(REPORT, body)

    def clock(self, body, t4):
        read = read_clock(body)
        if read is None:
            return
        t1, t2, t3 = read[:3]
        self.clocks = [clock for clock in self.clocks if clock[0] > t4 - 10_000_000]
        self.clocks.append((t4, max(0, (t4 - t1) - (t3 - t2)), ((t2 - t1) + (t3 - t4)) // 2))
        _, self.round_trip, self.offset = min(self.clocks, key=lambda clock: clock[1])
