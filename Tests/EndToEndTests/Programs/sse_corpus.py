"""Sends event streams of every shape through a proxy, piece by piece, and prints what came of each as `name: result`.

usage: sse_corpus.py PROXY_PORT UPSTREAM_PORT

It is the proxy's upstream as well. A piece is sent when the client has all pieces before it: one that is held until more
follows is missed. Each stream comes in chunks, with a length, and until the connection closes; to HTTP/1.1, HTTP/1.0 and
HTTP/2.
"""

import asyncio
import itertools
import socket
import struct
import sys
import time

import http2_connection as http2

PATIENCE = 20
BROKEN, CLEAN = "broken", "clean"
PROTOCOLS = ("h1", "h1.0", "h2")
FRAMINGS = ("chunked", "length", "close")


def singly(text):
    return [bytes([byte]) for byte in text]


STREAMS = {
    "line feeds": [b"data: a\ndata: b\n\n", b"data: c\n\n"],
    "carriage returns": [b"data: a\rdata: b\r\r", b"data: c\r\r"],
    "both": [b"data: a\r\ndata: b\r\n\r\n", b"data: c\r\n\r\n"],
    "mixed": [b"data: a\r\ndata: b\ndata: c\r\n\n", b"data: d\n\r"],
    "comments": [b": keep-alive\n\n", b":\n\n", b"data: a\n\n", b":::\n"],
    "byte order mark": [b"\xef\xbb\xbfdata: a\n\n", b"\xef\xbb\xbf"],
    "split byte order mark": [b"\xef", b"\xbb", b"\xbfdata: a\n\n"],
    "split characters": [b"data: \xe2", b"\x82\xac \xf0\x9f", b"\xa6", b"\x93\n\n"],
    "split line ends": [b"data: a\r", b"\n\r", b"\n", b"data: b\n", b"\n"],
    "a byte at a time": singly("id: 1\r\nevent: \u00e9\r\nretry: 10\r\ndata: x\r\n\r\n".encode()),
    "no text": [b"data: \x00\xff\xfe\x80\n\n", b"\x00\n\n"],
    "fields of all kinds": [b"data\n\nid\n\nretry: 1\nevent:e\nunknown: u\ndata:  a \n\n"],
    "empty lines": [b"\n", b"\n\n\n", b"\r\n", b"data: a\n\n"],
    "no end of the last event": [b"data: a\n\n", b"data: never ended"],
    "a line of 1 MiB": [b"data: " + b"l" * (1 << 20), b"\n", b"\n", b"data: a\n\n"],
    "many in one piece": [b"".join(b"data: %d\n\n" % number for number in range(5_000))],
    "nothing at all": [],
}


class Exchange:
    """One request and its answer, seen from both ends."""

    def __init__(self):
        self.has_head = asyncio.Event()
        self.received, self.more = bytearray(), asyncio.Event()
        self.fields, self.status = {}, None
        self.ended = asyncio.get_running_loop().create_future()
        self.upstream_ended = asyncio.Event()

    async def has(self, count):
        while len(self.received) < count:
            self.more.clear()
            await self.more.wait()

    def take(self, data):
        self.received += data
        self.more.set()

    def end(self, how):
        if not self.ended.done():
            self.ended.set_result(how)
        self.has_head.set()


class Upstream:
    """Does on each connection what the request's number stands for."""

    def __init__(self):
        self.scripts = {}

    async def serve(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        script, exchange = self.scripts[int(head.split(b" ")[1][1:])]
        try:
            await script(writer)
            writer.close()
        except ConnectionError:
            pass
        except asyncio.CancelledError:
            return
        try:
            await reader.read()
        except ConnectionError:
            pass
        exchange.upstream_ended.set()


def begin(writer, framing, size):
    end = {
        "chunked": b"Transfer-Encoding: chunked\r\n", "length": b"Content-Length: %d\r\n" % size,
        "close": b"Connection: close\r\n",
    }[framing]  # fmt: skip
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nX-Accel-Buffering: no\r\n"
        + end + b"\r\n"
    )  # fmt: skip


def framed(framing, piece):
    return b"%x;x=y\r\n%b\r\n" % (len(piece), piece) if framing == "chunked" else piece


def stream_script(pieces, framing, exchange):
    async def script(writer):
        begin(writer, framing, sum(map(len, pieces)))
        await exchange.has_head.wait()
        count = 0
        for piece in pieces:
            writer.write(framed(framing, piece))
            count += len(piece)
            await exchange.has(count)
        if framing == "chunked":
            writer.write(b"0\r\n\r\n")

    return script


class Client1(asyncio.Protocol):
    def __init__(self, exchange, number, version="1.1"):
        self.exchange, self.input = exchange, b""
        self.head = b"GET /%d HTTP/%b\r\nHost: a\r\nAccept-Encoding: gzip, br\r\n\r\n" % (number, version.encode())
        self.left = None
        self.is_complete = False

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.head)

    def data_received(self, data):
        self.input += data
        if not self.exchange.has_head.is_set():
            head, end, rest = self.input.partition(b"\r\n\r\n")
            if not end:
                return
            status, *lines = head.decode().split("\r\n")
            self.exchange.status = status.split(" ")[1]
            self.exchange.fields = {name.lower(): value.strip() for name, _, value in (l.partition(":") for l in lines)}
            self.input = rest
            self.left = self.exchange.fields.get("content-length")
            self.left = None if self.left is None else int(self.left)
            self.exchange.has_head.set()
        if "transfer-encoding" in self.exchange.fields:
            while self.chunk():
                pass
        else:
            self.exchange.take(self.input)
            if self.left is not None:
                self.left -= len(self.input)
            self.input = b""
        if self.left == 0 or self.is_complete:
            self.exchange.end(CLEAN)
            self.transport.close()

    def chunk(self):
        line, end, rest = self.input.partition(b"\r\n")
        if not end or self.is_complete:
            return False
        size = int(line, 16)
        if len(rest) < size + 2:
            return False
        self.exchange.take(rest[:size])
        self.input = rest[size + 2 :]
        self.is_complete = size == 0
        return True

    def connection_lost(self, error):
        is_until_close = self.left is None and "transfer-encoding" not in self.exchange.fields
        self.exchange.end(CLEAN if is_until_close and error is None else BROKEN)

    def leave(self, how):
        if how == "reset":
            on = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on)
        self.transport.abort() if how == "reset" else self.transport.close()


class Client2(asyncio.Protocol):
    def __init__(self, exchange, number):
        self.exchange, self.number = exchange, number
        self.frames, self.compression = http2.Frames(), http2.Compression()

    def connection_made(self, transport):
        self.transport = transport
        fields = http2.request(f"/{self.number}", "GET", ("accept-encoding", "gzip, br"))
        transport.write(http2.opening(http2.HIGHEST_WINDOW) + self.compression.head(1, fields))

    def data_received(self, data):
        for kind, flags, _, payload in self.frames.feed(data):
            if kind == http2.HEADERS:
                self.exchange.fields = self.compression.fields(payload)
                self.exchange.status = self.exchange.fields[":status"]
                self.exchange.has_head.set()
            if kind == http2.DATA:
                self.exchange.take(payload)
            if kind in (http2.DATA, http2.HEADERS) and flags & http2.END_STREAM:
                self.exchange.end(CLEAN)
                self.transport.close()
            if kind == http2.SETTINGS and not flags & http2.ACK:
                self.transport.write(http2.frame(http2.SETTINGS, http2.ACK, 0))
            if kind == http2.RST_STREAM:
                self.exchange.end(BROKEN if payload != bytes(4) else CLEAN)
                self.transport.close()

    def connection_lost(self, error):
        self.exchange.end(BROKEN)

    def leave(self, how):
        if how == "reset":
            self.transport.write(http2.frame(http2.RST_STREAM, 0, 1, struct.pack(">I", 8)))
        else:
            self.transport.close()


class Corpus:
    def __init__(self, proxy):
        self.proxy, self.upstream, self.numbers = proxy, Upstream(), itertools.count()

    async def ask(self, protocol, make_script):
        exchange, number = Exchange(), next(self.numbers)
        self.upstream.scripts[number] = (make_script(exchange), exchange)
        make = {
            "h1": lambda: Client1(exchange, number), "h1.0": lambda: Client1(exchange, number, "1.0"),
            "h2": lambda: Client2(exchange, number),
        }[protocol]  # fmt: skip
        _, client = await asyncio.get_running_loop().create_connection(make, "127.0.0.1", self.proxy)
        return exchange, client

    async def stream(self, pieces, protocol, framing):
        exchange, _ = await self.ask(protocol, lambda exchange: stream_script(pieces, framing, exchange))
        try:
            async with asyncio.timeout(PATIENCE):
                end = await exchange.ended
        except TimeoutError:
            return f"held behind {len(exchange.received)} bytes"
        if bytes(exchange.received) != b"".join(pieces) or end != CLEAN:
            return f"{end} behind {len(exchange.received)} bytes"
        kept = ("content-type", "text/event-stream"), ("cache-control", "no-cache"), ("x-accel-buffering", "no")
        if exchange.status != "200" or any(exchange.fields.get(name) != value for name, value in kept):
            return f"{exchange.fields}"
        return "encoded" if "content-encoding" in exchange.fields else "as sent"

    async def all_ways(self, pieces):
        ways = [(protocol, framing) for protocol in PROTOCOLS for framing in FRAMINGS]
        results = await asyncio.gather(*(self.stream(pieces, *way) for way in ways))
        wrong = [f"{way}: {result}" for way, result in zip(ways, results) if result != "as sent"]
        return "; ".join(wrong) or f"as sent, {len(results)} ways"

    async def keep_alive(self, protocol):
        """Comments keep a stream alive for longer than the upstream may be silent."""

        def make(exchange):
            async def script(writer):
                begin(writer, "chunked", 0)
                for _ in range(7):
                    await asyncio.sleep(0.5)
                    writer.write(framed("chunked", b": keep-alive\n\n"))
                writer.write(b"0\r\n\r\n")

            return script

        exchange, _ = await self.ask(protocol, make)
        return f"{await exchange.ended} {len(exchange.received)} bytes"

    async def long_poll(self, protocol):
        def make(exchange):
            async def script(writer):
                await asyncio.sleep(3)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

            return script

        exchange, _ = await self.ask(protocol, make)
        return f"{await exchange.ended} {bytes(exchange.received)}"

    async def leave(self, protocol, how):
        """The client leaves in the middle; no further event is sent, so only the proxy can tell."""
        seen = asyncio.Event()

        def make(exchange):
            async def script(writer):
                begin(writer, "chunked", 0)
                writer.write(framed("chunked", b"data: a\n\n"))
                await seen.wait()
                # The end is read next.
                writer.close = lambda: None

            return script

        exchange, client = await self.ask(protocol, make)
        await exchange.has(9)
        seen.set()
        begun = time.monotonic()
        client.leave(how)
        try:
            async with asyncio.timeout(PATIENCE):
                await exchange.upstream_ended.wait()
        except TimeoutError:
            return "the upstream does not learn of it"
        took = (time.monotonic() - begun) * 1e3
        print(f"{protocol} {how}: upstream told within {took:.1f} ms", file=sys.stderr)
        return "the upstream learns of it"

    async def die(self, protocol, framing, how):
        """The upstream dies in the middle: what came is passed on, and then there is no clean end."""
        event = b"data: a\n\n"

        def make(exchange):
            async def script(writer):
                begin(writer, framing, 1_000)
                writer.write(framed(framing, event))
                await exchange.has(len(event))
                if how == "mid event":
                    writer.write(b"20\r\ndata: " if framing == "chunked" else b"data: ")
                    await writer.drain()
                if how == "reset":
                    on = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, on)
                    writer.transport.abort()

            return script

        exchange, _ = await self.ask(protocol, make)
        try:
            async with asyncio.timeout(PATIENCE):
                end = await exchange.ended
        except TimeoutError:
            end = "no end"
        return end if exchange.received.startswith(event) else f"{end} without the event"

    async def deaths(self):
        ways = [
            (protocol, framing, how)
            for protocol in PROTOCOLS
            for framing in FRAMINGS
            for how in ("cut", "mid event", "reset")
            # Without a length the end of the connection is the end of the body.
            if framing != "close" or how == "reset"
        ]
        results = await asyncio.gather(*(self.die(*way) for way in ways))
        wrong = [f"{way}: {result}" for way, result in zip(ways, results) if result != BROKEN]
        return "; ".join(wrong) or f"broken, {len(results)} ways"

    async def cases(self):
        for name, pieces in STREAMS.items():
            yield name, await self.all_ways(pieces)
        for protocol in ("h1", "h2"):
            yield f"kept alive over {protocol}", await self.keep_alive(protocol)
            yield f"long poll over {protocol}", await self.long_poll(protocol)
            for how in ("close", "reset"):
                yield f"client leaves over {protocol} by {how}", await self.leave(protocol, how)
        yield "upstream dies", await self.deaths()


async def main():
    corpus = Corpus(int(sys.argv[1]))
    await asyncio.start_server(corpus.upstream.serve, "127.0.0.1", int(sys.argv[2]), limit=1 << 16)
    async for name, outcome in corpus.cases():
        print(f"{name}: {outcome}", flush=True)


asyncio.run(main())
