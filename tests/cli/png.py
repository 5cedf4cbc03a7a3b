"""PNG files as arrays: as much of the format as screenshots and cairo use (8 bits, RGB or RGBA, not interlaced)."""

import struct
import zlib

import numpy as np


def read(path):
    """(height, width, 3), uint8."""
    with open(path, "rb") as f:
        data = f.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, packed, head = 8, b"", None
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0], kind
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", body)
        if kind == b"IDAT":
            packed += body
        at += size + 12
    width, height, bits, colour, _, _, interlaced = head
    assert bits == 8 and colour in (2, 6) and not interlaced, head
    n = 3 if colour == 2 else 4
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * n)
    return unfilter(rows, n).reshape(height, width, n)[:, :, :3]


def unfilter(rows, n):
    """The filters of the PNG standard, section 9, row by row."""
    out = np.zeros((len(rows) + 1, rows.shape[1] - 1 + n), np.uint8)
    for y, row in enumerate(rows):
        kind, line, above = row[0], row[1:], out[y, n:]
        if kind == 0:
            out[y + 1, n:] = line
        elif kind == 2:
            out[y + 1, n:] = line + above
        elif kind == 1:
            out[y + 1, n:] = np.cumsum(line.reshape(-1, n), axis=0, dtype=np.uint8).reshape(-1)
        else:
            out[y + 1] = predicted(kind, line.tolist(), out[y].tolist(), n)
    return out[1:, n:]


def predicted(kind, line, above, n):
    """Average and Paeth, a byte at a time; both rows begin with n zeros."""
    now = [0] * n
    for i, byte in enumerate(line):
        left, up, corner = now[i], above[i + n], above[i]
        if kind == 3:
            guess = (left + up) // 2
        else:
            p = left + up - corner
            guess = min((left, up, corner), key=lambda v: abs(p - v))
        now.append((byte + guess) & 255)
    return now
