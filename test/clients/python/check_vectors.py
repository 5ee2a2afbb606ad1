"""Holds examples/python/ to docs/protocols/vectors/udp-v2.json, and these to HMAC and HKDF.

    python3 check_vectors.py

Says how many hold, or ends with the first that does not.
"""
import hashlib
import hmac
import json
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(root / "examples" / "python"))
import udp_v2_wire as wire  # noqa: E402
from udp_v2_frame import Frame  # noqa: E402

vectors = json.loads((root / "docs/protocols/vectors/udp-v2.json").read_text("utf-8"))
keys = {name: bytes.fromhex(text) for name, text in vectors["keys"].items() if name != "key_text"}
checked = 0

TYPES = {
    "hello": wire.HELLO, "report": wire.REPORT, "resend": wire.RESEND,
    "path_response": wire.PATH_RESPONSE, "bye": wire.BYE, "retry": wire.RETRY,
    "welcome": wire.WELCOME, "refused": wire.REFUSED, "data": wire.DATA, "clock": wire.CLOCK,
    "probe": wire.PROBE, "path_challenge": wire.PATH_CHALLENGE, "unknown": wire.UNKNOWN,
}
REPORTED = ("highest", "packets", "bytes", "min_delay", "max_delay", "frames_whole", "frames_lost")
DATA = ("frame_id", "frame_size", "stream", "flags", "index", "data_count", "parity_count",
        "capture_time", "send_time", "shard")


def same(name, found, wanted):
    global checked
    if found != wanted:
        raise SystemExit(f"{name}: found {found!r} instead of {wanted!r}")
    checked += 1


def body_of(kind, of):
    """The body of what a client sends, from its fields."""
    if kind == "report":
        totals = [of[name] for name in REPORTED]
        return wire.report(of["client_time"], totals, of["longest"], of["delay"], of["round_trip"])
    if kind == "resend":
        return wire.resend(of["frame_id"], of["indices"])
    return bytes.fromhex(of["challenge"]) if kind == "path_response" else bytes([of["reason"]])


def read_back(kind, body, of):
    """What was read of what a server sends, and the fields it should be."""
    if kind in ("retry", "welcome", "refused"):
        nonce, client_time, rest = wire.read_answer(TYPES[kind], body)
        found = [nonce.hex(), client_time]
        found += [rest.hex()] if kind == "retry" else rest
        names = ["client_nonce", "client_time"] + {
            "retry": ["token"], "refused": ["reason", "text"],
            "welcome": ["server_time", "server_nonce", "session_token", "stream", "codec",
                        "timeout", "proof"]}[kind]
    elif kind == "data":
        names, found = DATA, wire.read_data(body)
    elif kind == "clock":
        names = ("client_time", "received", "sent", "rate", "parity")
        found = wire.read_clock(body)
    elif kind == "path_challenge":
        names, found = ["challenge"], [body]
    elif kind == "bye":
        names, found = ["reason"], list(body)
    else:
        names, found = [], [] if body == bytes(of.get("zeros", 0)) else [body]
    found = [one.hex() if isinstance(one, bytes) else one for one in found]
    return found, [of.get(name, "") for name in names]


for vector in vectors["datagrams"]:
    name, kind, of = vector["name"], vector["type"], vector["fields"]
    data = bytes.fromhex(vector["hex"])
    if kind == "hello":
        made = wire.hello(bytes.fromhex(of["client_nonce"]), of["client_time"], of["max_datagram"],
                          of["delay"], of["stream"], of["key_name"], bytes.fromhex(of["token"]),
                          bytes.fromhex(of.get("proof", "")))
        same(name, made.hex(), vector["hex"])
        continue
    read_kind, connection, number, body = wire.read_datagram(data)
    same(name, read_kind, TYPES[kind])
    same(name, (connection, number), (of.get("connection", 0), of.get("packet_number", 0)))
    if "session_token" in of and kind != "welcome":
        own = wire.Connection(connection, bytes.fromhex(of["session_token"]))
        own.sent = number
        same(name, own.write(TYPES[kind], body_of(kind, of)).hex(), vector["hex"])
    else:
        same(name, *read_back(kind, body, of))

for vector in vectors["ignored"]:
    same(vector["name"], wire.read_datagram(bytes.fromhex(vector["hex"])), None)
for vector in vectors["ignored_data"]:
    same(vector["name"], wire.read_data(wire.read_datagram(bytes.fromhex(vector["hex"]))[3]), None)
for vector in vectors["packet_numbers"]:
    same(str(vector), wire.expand(vector["lower"], vector["expected"]), vector["number"])

for vector in vectors["frames"]:
    size, count, shard_size = vector["frame_size"], vector["data_count"], vector["shard_size"]
    whole = bytes.fromhex(vector["frame"])
    shards = [whole[at:at + shard_size] for at in range(0, size, shard_size)]
    shards += [bytes.fromhex(shard) for shard in vector["parity"]]
    same(vector["name"], (len(whole), len(shards)), (size, count + vector["parity_count"]))
    frame = Frame(0, size, count, 0, 0)
    same(vector["name"], (frame.shard_size, frame.blocks), (shard_size, vector["blocks"]))
    # Whichever come first: from the end on, all parity is used that there is.
    for index in reversed(range(len(shards))):
        if index not in vector["lost"]:
            frame.pieces[index] = shards[index]
    frame.join()
    same(vector["name"], (frame.picture, frame.repaired), (whole, True))


def hkdf(key, salt, label, length):
    """RFC 5869 with SHA-256."""
    secret = hmac.digest(salt or bytes(32), key, "sha256")
    made, block = b"", b""
    while len(made) < length:
        block = hmac.digest(secret, block + label.encode() + bytes([len(made) // 32 + 1]), "sha256")
        made += block
    return made[:length]


same("key", vectors["keys"]["key_text"].strip().encode(), keys["key"])
salt = keys["client_nonce"] + keys["server_nonce"]
for side in ("client", "server"):
    proof_key = hkdf(keys["key"], b"", f"streamer v2 {side} proof", 32)
    same(f"{side} proof key", proof_key, keys[f"{side}_proof_key"])
    made = hkdf(keys["key"], salt, f"streamer v2 udp {side}", 44)
    same(f"{side} key and vector", made, keys[f"{side}_key"] + keys[f"{side}_iv"])

for vector in vectors["datagrams"]:
    if "proof" in vector["fields"]:
        data = bytes.fromhex(vector["hex"])
        # Of the hello from `magic` up to the length of the proof; of the welcome up to the proof.
        is_hello = vector["type"] == "hello"
        side, proven = ("client", data[15:-33]) if is_hello else ("server", data[:-32])
        proof = hmac.new(keys[f"{side}_proof_key"], proven, hashlib.sha256).hexdigest()
        same(vector["name"], proof, vector["fields"]["proof"])
        same(vector["name"], data[-32:].hex(), proof)

print(f"{checked} vectors hold")
