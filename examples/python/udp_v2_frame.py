"""Frames: shards put together, and those that were lost made of parity. No sockets and no clocks.

Made from docs/protocols/udp-v2.md ("Frames"), to be carried over into other languages.
test/clients/python/check_vectors.py holds it to docs/protocols/vectors/udp-v2.json.
"""
from udp_v2_wire import blocks_of

NEVER = float("-inf")


# Repair: Reed-Solomon over GF(2^8) -------------------------------------------------------------

POWERS, LOGARITHMS = [1], [0] * 256  # 2 to the n; its inverse
for n in range(1, 255):
    twice = POWERS[-1] << 1
    POWERS.append(twice ^ 0x11D if twice > 255 else twice)
    LOGARITHMS[POWERS[n]] = n


def multiply(a, b):
    return POWERS[(LOGARITHMS[a] + LOGARITHMS[b]) % 255] if a and b else 0


def inverse(a):
    return POWERS[-LOGARITHMS[a] % 255]


# A shard times c is one lookup for each byte. Python has that as bytes.translate.
TABLES = [bytes(multiply(c, value) for value in range(256)) for c in range(256)]


def add(a, b):
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(len(a), "little")


def repair(data, parity):
    """Puts the shards of one block into `data` where it has None.

    `data`: shards of the same size (the last of a frame filled up with zeros). `parity`: shards by
    their number in the block, as many as are missing or more.
    """
    missing = [d for d, shard in enumerate(data) if shard is None]
    matrix, sums = [], []
    for p in sorted(parity)[:len(missing)]:
        rest = parity[p]
        for d, shard in enumerate(data):
            if shard is not None:
                rest = add(rest, shard.translate(TABLES[inverse(d ^ 255 - p)]))
        matrix.append([inverse(d ^ 255 - p) for d in missing])
        sums.append(rest)
    # Gauss and Jordan. What stands in the diagonal is never 0, so that no rows need be swapped.
    for i, row in enumerate(matrix):
        factor = inverse(row[i])
        row[:] = [multiply(factor, value) for value in row]
        sums[i] = sums[i].translate(TABLES[factor])
        for j, other in enumerate(matrix):
            if j != i:
                factor = other[i]
                other[:] = [a ^ multiply(factor, b) for a, b in zip(other, row)]
                sums[j] = add(sums[j], sums[i].translate(TABLES[factor]))
    for d, shard in zip(missing, sums):
        data[d] = shard


class Frame:
    """A frame of which something came."""

    def __init__(self, frame_id, size, data_count, capture_time, now):
        self.id, self.size, self.data_count = frame_id, size, data_count
        self.capture_time, self.since = capture_time, now
        self.shard_size, self.blocks = -(-size // data_count), blocks_of(data_count)
        self.pieces, self.picture, self.repaired = {}, None, False
        self.parity_count = 0
        self.top = [-1, -1, -1]  # the three highest indices: what stands before all was overtaken
        self.asked = {}  # when, by index

    def passed(self, index):
        self.top = sorted(self.top + [index])[1:]

    def block(self, block):
        """(indices of the data, those that are missing, parity that came, by its number)"""
        data = range(block, self.data_count, self.blocks)
        parity = {(i - self.data_count) // self.blocks: piece for i, piece in self.pieces.items()
                  if i >= self.data_count and (i - self.data_count) % self.blocks == block}
        return data, [i for i in data if i not in self.pieces], parity

    def join(self):
        """Makes the picture if it can be made."""
        if len(self.pieces) < self.data_count:
            return
        blocks = [self.block(block) for block in range(self.blocks)]
        if any(len(missing) > len(parity) for _, missing, parity in blocks):
            return
        shards = [None] * self.data_count
        for data, missing, parity in blocks:
            own = [None if i in missing else self.pieces[i].ljust(self.shard_size, b"\0")
                   for i in data]
            if missing:
                self.repaired = True
                repair(own, parity)
            shards[data.start::self.blocks] = own
        self.picture = b"".join(shards)[:self.size]

    def overdue(self, now, patience):
        """Data shards to ask for: no more than parity will not replace."""
        indices = []
        for block in range(self.blocks):
            _, missing, parity = self.block(block)
            first = self.data_count + block
            coming = sum(i not in self.pieces and i >= self.top[0]
                         for i in range(first, self.data_count + self.parity_count, self.blocks))
            lost = [i for i in missing if i < self.top[0]]
            waiting = [i for i in lost if now - self.asked.get(i, NEVER) < patience]
            needed = len(lost) - len(parity) - coming - len(waiting)
            indices += [i for i in lost if i not in waiting][:max(0, needed)]
        for i in indices[:64]:
            self.asked[i] = now
        return indices[:64]
