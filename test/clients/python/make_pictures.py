"""Writes COUNT pictures with OpenCV: one JSON line each, with the colour they are filled with (blue, green, red) and the JPEG.

    python3 make_pictures.py COUNT [WIDTH HEIGHT]
"""
import base64
import json
import sys

import cv2
import numpy as np

count = int(sys.argv[1])
width, height = (int(text) for text in sys.argv[2:4]) if len(sys.argv) > 3 else (640, 480)

for number in range(count):
    colour = [(number * step + 20) % 256 for step in (37, 91, 151)]
    picture = np.full((height, width, 3), colour, np.uint8)
    # Some noise, even around the colour, so that a frame is as long as one of a camera.
    noise = np.random.default_rng(number).integers(-15, 16, (height, width, 1))
    picture = np.clip(picture.astype(int) + noise, 0, 255).astype(np.uint8)
    ok, buffer = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert ok
    mean = [float(value) for value in picture.mean(axis=(0, 1))]
    print(json.dumps({"mean": mean, "jpeg": base64.b64encode(buffer.tobytes()).decode()}))
