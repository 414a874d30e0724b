"""A client's HTTP/2 connection for load generators: frames without a library, as few copies as possible."""

import socket
import struct

from hpack import Decoder, Encoder

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
INITIAL_WINDOW, HIGHEST_WINDOW = 4, 0x7FFFFFFF
FRAME_MAX = 16384


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">HBBBI", len(payload) >> 8, len(payload) & 0xFF, kind, flags, stream) + payload


def settings(pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def window_update(stream, size):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size))


def request(path, method="GET", *fields):
    return [
        (":method", method), (":scheme", "http"), (":authority", "a.test"), (":path", path), *fields,
    ]  # fmt: skip


class Frames:
    """Cuts what is read into frames."""

    def __init__(self):
        self.input = bytearray()

    def feed(self, data):
        """The frames that are whole by now, as (kind, flags, stream, payload)."""
        self.input += data
        start, found = 0, []
        while len(self.input) - start >= 9:
            high, low, kind, flags, stream = struct.unpack_from(">HBBBI", self.input, start)
            size = (high << 8) + low
            if len(self.input) - start < 9 + size:
                break
            found.append((kind, flags, stream, bytes(self.input[start + 9 : start + 9 + size])))
            start += 9 + size
        del self.input[:start]
        return found


class Compression:
    def __init__(self):
        self.encoder, self.decoder = Encoder(), Decoder()

    def head(self, stream, fields, end=True):
        flags = END_HEADERS | (END_STREAM if end else 0)
        return frame(HEADERS, flags, stream, self.encoder.encode(fields))

    def fields(self, payload):
        return dict(self.decoder.decode(payload))


def opening(window):
    """What a client says first: it takes so many bytes ahead on each stream, and any number in all."""
    return PREFACE + settings([(INITIAL_WINDOW, window)]) + window_update(0, HIGHEST_WINDOW - 65535)


def connect(port, address="127.0.0.1"):
    connection = socket.create_connection(("127.0.0.1", port), source_address=(address, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
