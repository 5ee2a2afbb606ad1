"""What the clients of this folder say about a frame: one JSON line."""
import hashlib
import json
import pickle

import numpy as np

try:
    import cv2
except ImportError:
    cv2 = None


def report(number, payload, kind):
    """Turns a payload into an array, and the array into a picture where OpenCV is there, and prints what came out."""
    if kind == "pickle":
        array = pickle.loads(payload)
        # Some clients do this with what they unpickled.
        assert np.array_equal(np.frombuffer(array, np.uint8), array)
    else:
        array = np.frombuffer(payload, np.uint8)
    line = {
        "number": number,
        "type": type(array).__name__,
        "dtype": str(array.dtype),
        "array": list(array.shape),
        "writable": bool(array.flags.writeable),
        "sha256": hashlib.sha256(array.tobytes()).hexdigest(),
    }
    if cv2 is not None:
        picture = cv2.imdecode(array, cv2.IMREAD_COLOR)
        line["picture"] = None if picture is None else list(picture.shape)
        line["mean"] = None if picture is None else [float(value) for value in picture.mean(axis=(0, 1))]
    say(line)


def say(line):
    print(json.dumps(line), flush=True)
