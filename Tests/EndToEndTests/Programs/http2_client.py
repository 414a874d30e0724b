"""Speaks HTTP/2 to a proxy frame by frame, well and badly, and prints what came of each case as `name: result`.

usage: http2_client.py PROXY_PORT UPSTREAM_PORT

It is the proxy's upstream as well: an HTTP/1.1 server at UPSTREAM_PORT that says what it was asked.
"""

import json
import socket
import sys
import threading

from hpack import Decoder, Encoder
from hyperframe import frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CODES = {
    0: "NO_ERROR", 1: "PROTOCOL_ERROR", 2: "INTERNAL_ERROR", 3: "FLOW_CONTROL_ERROR", 5: "STREAM_CLOSED",
    6: "FRAME_SIZE_ERROR", 7: "REFUSED_STREAM", 8: "CANCEL", 9: "COMPRESSION_ERROR", 11: "ENHANCE_YOUR_CALM",
}  # fmt: skip


class Upstream(threading.Thread):
    """Answers by path; `/` and all else with what was asked, as JSON."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", port), backlog=512)

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        stream = connection.makefile("rb")
        try:
            while self.answer(connection, stream):
                pass
        except (OSError, ValueError):
            pass  # the proxy broke off
        connection.close()

    def answer(self, connection, stream):
        line = stream.readline().decode()
        if not line:
            return False
        method, path, _ = line.split(" ")
        fields = []
        while (line := stream.readline().decode().rstrip("\r\n")) != "":
            name, _, value = line.partition(":")
            fields.append([name.lower(), value.strip()])
        if path == "/early":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly")
            return False
        body, trailers = self.body(dict(map(tuple, fields)), stream)
        if path == "/trailers":
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                b"2\r\nhi\r\n0\r\nX-Sum: 7\r\nContent-Length: 9\r\n\r\n"
            )
        elif path == "/hints":
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        elif path == "/204":
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        elif path == "/304":
            connection.sendall(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")
        elif path == "/cut":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            return False
        elif path == "/large":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300000)
        else:
            text = json.dumps(
                {"method": method, "path": path, "fields": fields, "body": len(body), "trailers": trailers}
            ).encode()
            head = b"HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Up: Yes\r\nContent-Length: %d\r\n\r\n" % len(text)
            connection.sendall(head + (b"" if method == "HEAD" else text))
        return True

    @staticmethod
    def body(fields, stream):
        if fields.get("transfer-encoding") != "chunked":
            return stream.read(int(fields.get("content-length", 0))), []
        body = b""
        while size := int(stream.readline(), 16):
            body += stream.read(size)
            stream.readline()
        trailers = []
        while (line := stream.readline().rstrip(b"\r\n")) != b"":
            trailers.append(line.decode())
        return body, trailers


class Client:
    def __init__(self, port, settings=None):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encoder, self.decoder = Encoder(), Decoder()
        self.decoder.max_header_list_size = 1 << 20
        self.input = b""
        self.send_bytes(PREFACE)
        self.send(frames.SettingsFrame(0, settings=settings or {}))
        # The server's bounds hold once it knows that they are known.
        while not isinstance(self.read(), frames.SettingsFrame):
            pass
        self.send(frames.SettingsFrame(0, flags=["ACK"]))

    def send_bytes(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def send(self, *some):
        self.send_bytes(b"".join(frame.serialize() for frame in some))

    def headers(self, stream, fields, end=True, flags=("END_HEADERS",)):
        flags = [*flags, "END_STREAM"] if end else flags
        self.send(frames.HeadersFrame(stream, self.encoder.encode(fields), flags=flags))

    def data(self, stream, data, end=True):
        self.send(frames.DataFrame(stream, data, flags=["END_STREAM"] if end else []))

    def read(self):
        """The next frame, or None at the end of the connection."""
        while True:
            if len(self.input) >= 9:
                frame, length = frames.Frame.parse_frame_header(memoryview(self.input)[:9])
                if len(self.input) >= 9 + length:
                    frame.parse_body(memoryview(self.input)[9 : 9 + length])
                    self.input = self.input[9 + length :]
                    return frame
            try:
                more = self.socket.recv(65536)
            except ConnectionError:
                return None
            if not more:
                return None
            self.input += more

    def outcome(self, stream, until=None):
        """What becomes of a stream, in words; `until` ends it early at a frame of that kind."""
        words, body, fields = [], b"", {}
        while True:
            frame = self.read()
            if frame is None:
                return fields, " ".join(words + ["closed"])
            if isinstance(frame, frames.GoAwayFrame):
                words.append("GOAWAY " + CODES[frame.error_code])
            if frame.stream_id != stream:
                continue
            if isinstance(frame, frames.RstStreamFrame):
                return fields, " ".join(words + self.text(body) + ["RST " + CODES[frame.error_code]])
            if isinstance(frame, frames.HeadersFrame):
                section = dict(self.decoder.decode(bytes(frame.data)))
                if ":status" in section:
                    words.append(section[":status"])
                    fields = section
                else:
                    words += self.text(body) + ["trailers " + json.dumps(section)]
                    body = b""
            if isinstance(frame, frames.DataFrame):
                body += frame.data
                if frame.flow_controlled_length:
                    self.send(frames.WindowUpdateFrame(0, frame.flow_controlled_length))
            if "END_STREAM" in frame.flags:
                rest = self.text(body)
                return fields, " ".join(words + rest)
            if until and isinstance(frame, until):
                return fields, " ".join(words + self.text(body))

    @staticmethod
    def text(body):
        if not body:
            return []
        try:
            return [json.loads(body)["code"]]
        except (ValueError, KeyError, TypeError):
            return [body.decode()] if len(body) < 40 else ["%d bytes" % len(body)]


def request(*extra, method="GET", path="/", authority="api.test", scheme="http"):
    fields = [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)]
    return [field for field in fields if field[1] is not None] + list(extra)


PORT = 0


def ask(fields, body=None, **rest):
    client = Client(PORT)
    client.headers(1, fields, end=body is None, **rest)
    if body is not None:
        client.data(1, body)
    return client.outcome(1)


def result(fields, body=None):
    return ask(fields, body)[1]


def seen(fields, body=None):
    """What the upstream saw of a request."""
    client = Client(PORT)
    client.headers(1, fields, end=body is None)
    if body is not None:
        client.data(1, body)
    text = b""
    while not isinstance(frame := client.read(), frames.DataFrame) or "END_STREAM" not in frame.flags:
        text += bytes(frame.data) if isinstance(frame, frames.DataFrame) else b""
    return json.loads(text + bytes(frame.data))


def field(seen, name):
    return [value for key, value in seen["fields"] if key == name]


def flood(make, count=3000):
    """Sends the frames `make` returns again and again until the server ends the connection."""
    client = Client(PORT)
    for index in range(count):
        client.send(*make(client, index))
    while (frame := client.read()) is not None:
        if isinstance(frame, frames.GoAwayFrame):
            return "GOAWAY " + CODES[frame.error_code]
    return "closed"


def reset_at_once(client, index):
    head = frames.HeadersFrame(2 * index + 1, client.encoder.encode(request()), flags=["END_HEADERS", "END_STREAM"])
    return head, frames.RstStreamFrame(2 * index + 1, 8)


def continuation(client, index):
    if index == 0:
        return (frames.HeadersFrame(1, client.encoder.encode(request()), flags=["END_STREAM"]),)
    return (frames.ContinuationFrame(1, client.encoder.encode([("x-%d" % index, "y")])),)


def empty_data(client, index):
    if index == 0:
        head = client.encoder.encode(request(method="POST", path="/"))
        return (frames.HeadersFrame(1, head, flags=["END_HEADERS"]),)
    return (frames.DataFrame(1, b""),)


def malformed_requests(client, index):
    section = client.encoder.encode(request(("connection", "close")))
    return (frames.HeadersFrame(2 * index + 1, section, flags=["END_HEADERS", "END_STREAM"]),)


def many_streams():
    client = Client(PORT)
    for index in range(101):
        client.headers(2 * index + 1, request(method="POST"), end=False)
    return client.outcome(201)[1]


def large_section(count):
    """A section of `count` KiB, in as many frames as it takes."""
    client = Client(PORT)
    data = client.encoder.encode(request(*[("x-%d" % index, "v" * 1000) for index in range(count)]))
    pieces = [data[start : start + 16000] for start in range(0, len(data), 16000)]
    for index, piece in enumerate(pieces):
        flags = ["END_HEADERS"] if index + 1 == len(pieces) else []
        if index == 0:
            client.send(frames.HeadersFrame(1, piece, flags=["END_STREAM", *flags]))
        else:
            client.send(frames.ContinuationFrame(1, piece, flags=flags))
    return client.outcome(1)[1]


def small_window():
    """Takes nothing of an answer until it opens the window."""
    client = Client(PORT, {4: 0})
    client.headers(1, request(path="/large"))
    _, first = client.outcome(1, until=frames.HeadersFrame)
    client.send(frames.PingFrame(0, b"12345678"))
    while not isinstance(frame := client.read(), frames.PingFrame) or "ACK" not in frame.flags:
        if isinstance(frame, frames.DataFrame):
            return "data against the window"
    client.send(frames.WindowUpdateFrame(1, 1 << 20))
    return first + " then " + client.outcome(1)[1]


def parallel():
    client = Client(PORT)
    for index in range(50):
        client.headers(2 * index + 1, request(path="/p%d" % index, method="POST"), end=False)
    for index in reversed(range(50)):
        client.data(2 * index + 1, b"x" * index)
    bodies, ended = {}, 0
    while ended < 50:
        frame = client.read()
        if isinstance(frame, frames.DataFrame):
            bodies[frame.stream_id] = bodies.get(frame.stream_id, b"") + frame.data
            ended += "END_STREAM" in frame.flags
    right = [json.loads(bodies[2 * i + 1]) for i in range(50)]
    return all(one["path"] == "/p%d" % i and one["body"] == i for i, one in enumerate(right))


def request_trailers():
    client = Client(PORT)
    client.headers(1, request(("trailer", "x-end"), method="POST"), end=False)
    client.data(1, b"abc", end=False)
    client.headers(1, [("x-end", "1")])
    text = b""
    while not isinstance(frame := client.read(), frames.DataFrame) or "END_STREAM" not in frame.flags:
        text += bytes(frame.data) if isinstance(frame, frames.DataFrame) else b""
    seen = json.loads(text + bytes(frame.data))
    return seen["body"], seen["trailers"]


def expectation():
    client = Client(PORT)
    client.headers(1, request(("expect", "100-continue"), ("content-length", "3"), method="POST"), end=False)
    _, first = client.outcome(1, until=frames.HeadersFrame)
    client.data(1, b"abc")
    return first + " then " + client.outcome(1)[1][:3]


def early_answer():
    client = Client(PORT)
    client.headers(1, request(method="POST", path="/early"), end=False)
    _, words = client.outcome(1)
    while not isinstance(frame := client.read(), frames.RstStreamFrame):
        pass
    return words + " RST " + CODES[frame.error_code]


def too_large():
    client = Client(PORT)
    client.headers(1, request(method="POST", path="/"), end=False)
    client.data(1, b"x" * 16000, end=False)
    client.data(1, b"x" * 16000, end=False)
    client.data(1, b"x" * 16000, end=False)
    return client.outcome(1)[1]


def fields_of_answer():
    fields, _ = ask(request())
    return sorted(name for name in fields if name not in ("x-request-id", "date"))


# What nobody needs, and what ends it.
BOUNDS = {
    "101 streams": lambda: many_streams(),
    "40 KiB of fields": lambda: large_section(40),
    "120 KiB of fields": lambda: large_section(120),
    "120 fields": lambda: result(request(*[("x-%d" % index, "") for index in range(120)])),
    "rapid reset": lambda: flood(reset_at_once),
    "ping flood": lambda: flood(lambda client, index: (frames.PingFrame(0, b"12345678"),)),
    "settings flood": lambda: flood(lambda client, index: (frames.SettingsFrame(0),)),
    "continuation flood": lambda: flood(continuation),
}


def cases():
    yield "GET", result(request())
    yield "what is passed on", fields_of_answer()
    yield "HEAD", result(request(method="HEAD"))
    yield "204", result(request(path="/204"))
    yield "304", result(request(path="/304"))
    yield "POST", seen(request(method="POST"), b"hello")["body"]
    yield "length kept", field(seen(request(("content-length", "5"), method="POST"), b"hello"), "content-length")
    yield "authority is Host", field(seen(request(authority="a.test:99")), "host")
    yield "Host without authority", field(seen(request(("host", "b.test"), authority=None)), "host")
    yield "crumbs", field(seen(request(("cookie", "a=1"), ("x-a", "1"), ("cookie", "b=2"))), "cookie")
    yield "Via", field(seen(request()), "via")
    yield "te", field(seen(request(("te", "trailers"))), "te")
    yield "hints", result(request(path="/hints"))
    yield "answer's trailers", result(request(path="/trailers"))
    yield "request's trailers", request_trailers()
    yield "expectation", expectation()
    yield "early answer", early_answer()
    yield "broken off", result(request(path="/cut"))
    yield "50 at once", parallel()
    yield "window of 0", small_window()
    yield "body too large", too_large()
    yield "path in reserve", result(request(path="/%2e%2e/x"))
    yield "CONNECT", result([(":method", "CONNECT"), (":authority", "a:1")])
    yield "OPTIONS *", seen(request(method="OPTIONS", path="*"))["path"]
    yield "40 KiB of fields", BOUNDS["40 KiB of fields"]()
    yield "120 KiB of fields", BOUNDS["120 KiB of fields"]()
    yield "120 fields", BOUNDS["120 fields"]()
    yield "upper case", result(request(("X-Upper", "1")))
    for name in ("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"):
        yield name, result(request((name, "x")))
    yield "te: gzip", result(request(("te", "gzip")))
    yield "length too long", result(request(("content-length", "9"), method="POST"), b"hello")
    yield "length too short", result(request(("content-length", "2"), method="POST"), b"hello")
    yield "length without body", result(request(("content-length", "2")))
    yield "no path", result(request(path=None))
    yield "empty path", result(request(path=""))
    yield "path without slash", result(request(path="x"))
    yield "path with space", result(request(path="/a b"))
    yield "no method", result(request(method=None))
    yield "two methods", result(request((":method", "GET")))
    yield "late pseudo-header", result([(":method", "GET"), ("x", "1"), (":path", "/"), (":scheme", "http")])
    yield "unknown pseudo-header", result(request()[:4] + [(":own", "1")])
    yield "Host of somebody else", result(request(("host", "other.test")))
    yield "bad Host", result(request(authority="a/b"))
    yield "line feed in a value", result(request(("x-a", "a\nb: c")))
    yield "NUL in a value", result(request(("x-a", "a\0b")))
    yield "space before a value", result(request(("x-a", " a")))
    yield "space behind a value", result(request(("x-a", "a ")))
    yield "space in a name", result(request(("x a", "1")))
    yield "101 streams", BOUNDS["101 streams"]()
    yield "rapid reset", BOUNDS["rapid reset"]()
    yield "ping flood", BOUNDS["ping flood"]()
    yield "settings flood", BOUNDS["settings flood"]()
    yield "continuation flood", BOUNDS["continuation flood"]()
    yield "empty data flood", flood(empty_data)
    yield "malformed flood", flood(malformed_requests)
    yield "data on no stream", flood(lambda client, index: (frames.DataFrame(7, b"x"),), 1)
    yield "large frame", flood(lambda client, index: (frames.DataFrame(1, b"x" * 20000),), 1)
    yield "afterwards", seen(request(method="POST"), b"hello")["body"]


def main():
    global PORT
    PORT = int(sys.argv[1])
    Upstream(int(sys.argv[2])).start()
    for name, outcome in cases():
        print(f"{name}: {outcome}", flush=True)


if __name__ == "__main__":
    main()
