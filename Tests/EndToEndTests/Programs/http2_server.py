"""An HTTP/2 server without TLS that behaves as its paths say, frame by frame.

usage: http2_server.py PORT

Prints `ready`, then a line per request: `CONNECTION/STREAM METHOD PATH BODY_BYTES TRAILERS`.
"""

import json
import socket
import sys
import threading

from hpack import Decoder, Encoder
from hyperframe import frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
lock = threading.Lock()
counts = {}


def count(path):
    """How often this path was asked for, by now."""
    with lock:
        counts[path] = counts.get(path, 0) + 1
        return counts[path]


class Connection(threading.Thread):
    def __init__(self, number, connection):
        super().__init__(daemon=True)
        self.number, self.socket, self.input = number, connection, b""
        self.encoder, self.decoder = Encoder(), Decoder()
        self.requests = {}
        self.window = threading.Condition()

    def send(self, *some):
        try:
            self.socket.sendall(b"".join(frame.serialize() for frame in some))
        except OSError:
            pass

    def headers(self, stream, fields, end=False):
        with lock:
            flags = ["END_HEADERS", "END_STREAM"] if end else ["END_HEADERS"]
            self.send(frames.HeadersFrame(stream, self.encoder.encode(fields), flags=flags))

    def data(self, stream, data, end=True):
        self.send(frames.DataFrame(stream, data, flags=["END_STREAM"] if end else []))

    def take(self, size):
        while len(self.input) < size:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError
            self.input += more
        taken, self.input = self.input[:size], self.input[size:]
        return taken

    def run(self):
        try:
            assert self.take(len(PREFACE)) == PREFACE
            self.send(frames.SettingsFrame(0, settings={3: 4}))
            while True:
                head = self.take(9)
                frame, length = frames.Frame.parse_frame_header(memoryview(head))
                frame.parse_body(memoryview(self.take(length)))
                self.received(frame)
        except (ConnectionError, OSError):
            self.socket.close()

    def received(self, frame):
        stream = frame.stream_id
        if isinstance(frame, frames.SettingsFrame) and "ACK" not in frame.flags:
            self.send(frames.SettingsFrame(0, flags=["ACK"]))
        if isinstance(frame, frames.PingFrame) and "ACK" not in frame.flags:
            self.send(frames.PingFrame(0, frame.opaque_data, flags=["ACK"]))
        if isinstance(frame, frames.HeadersFrame):
            section = self.decoder.decode(bytes(frame.data))
            if stream not in self.requests:
                fields = dict(section)
                self.requests[stream] = {"fields": section, "body": 0, "trailers": []}
                self.begun(stream, fields[":path"])
            else:
                self.requests[stream]["trailers"] = section
        if isinstance(frame, frames.DataFrame):
            size = frame.flow_controlled_length
            self.requests[stream]["body"] += len(frame.data)
            if size:
                self.send(frames.WindowUpdateFrame(0, size))
                if "END_STREAM" not in frame.flags:
                    self.send(frames.WindowUpdateFrame(stream, size))
        if "END_STREAM" in frame.flags and stream in self.requests:
            request = self.requests[stream]
            fields = dict(request["fields"])
            print(
                f"{self.number}/{stream} {fields[':method']} {fields[':path']} {request['body']}"
                f" {json.dumps(request['trailers'])}",
                flush=True,
            )
            self.ended(stream, fields[":path"], request)

    def begun(self, stream, path):
        if path == "/early":
            self.headers(stream, [(":status", "200")])
            self.data(stream, b"early")
            self.send(frames.RstStreamFrame(stream, 0))
        if path == "/echo":
            self.headers(stream, [(":status", "200")])

    def ended(self, stream, path, request):
        ok = [(":status", "200"), ("content-length", "2")]
        if path == "/refused" and count(path) == 1:
            self.send(frames.RstStreamFrame(stream, 7))
        elif path == "/goaway" and count(path) == 1:
            self.send(frames.GoAwayFrame(0, last_stream_id=0, error_code=0))
        elif path == "/reset":
            self.send(frames.RstStreamFrame(stream, 2))
        elif path == "/reset-late":
            self.headers(stream, [(":status", "200")])
            self.data(stream, b"half", end=False)
            self.send(frames.RstStreamFrame(stream, 2))
        elif path == "/close":
            self.socket.shutdown(socket.SHUT_RDWR)
        elif path == "/silent":
            pass
        elif path == "/trailers":
            self.headers(stream, [(":status", "200"), ("trailer", "x-sum")])
            self.data(stream, b"hi", end=False)
            self.headers(stream, [("x-sum", "7")], end=True)
        elif path == "/trailers-only":
            self.headers(stream, [(":status", "200"), ("grpc-status", "5")], end=True)
        elif path == "/hints":
            self.headers(stream, [(":status", "103"), ("link", "</a>")])
            self.headers(stream, ok)
            self.data(stream, b"ok")
        elif path == "/upper":
            self.headers(stream, [(":status", "200"), ("X-Upper", "1")])
            self.data(stream, b"ok")
        elif path == "/short":
            self.headers(stream, [(":status", "200"), ("content-length", "9")])
            self.data(stream, b"ok")
        elif path == "/no-status":
            self.headers(stream, [("content-length", "2")])
            self.data(stream, b"ok")
        elif path == "/fields":
            text = json.dumps(sorted(request["fields"])).encode()
            self.headers(stream, [(":status", "200"), ("content-length", str(len(text)))])
            self.data(stream, text)
        elif path in ("/early", "/echo"):
            if path == "/echo":
                self.data(stream, b"%d" % request["body"])
        elif path == "/slow":
            threading.Timer(0.2, lambda: (self.headers(stream, ok), self.data(stream, b"ok"))).start()
        else:
            self.headers(stream, ok)
            self.data(stream, b"ok")


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=512)
    print("ready", flush=True)
    number = 0
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number += 1
        Connection(number, connection).start()


main()
