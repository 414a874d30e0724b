"""Is a client that stalls, ends early or vanishes, and prints what came of each case as `name: result`.

usage: slow_clients.py PROXY_PORT UPSTREAM_PORT reading|cancel|answer DEAD_PEER_SECONDS

It is the proxy's upstream as well: `/endless` is an answer without an end, `/long` one of 4 MiB, `/later` one that takes
half a second. `reading` is about slow readers, the others about half-closed connections under that policy.
"""

import asyncio
import socket
import struct
import sys
import time

import http2_connection as http2

PATIENCE = 30
LONG = 4 << 20
PIECE = b"p" * 65536
PROXY = 0
CANCEL = struct.pack(">I", 8)


class Upstream:
    """Remembers which answers ended before they were whole."""

    def __init__(self):
        self.begun, self.ended, self.answered = {}, {}, set()

    def begin(self, path):
        return self.begun.setdefault(path, asyncio.Event())

    def end(self, path):
        return self.ended.setdefault(path, asyncio.Event())

    async def serve(self, reader, writer):
        path = ""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                path = head.split(" ")[1]
                self.begin(path).set()
                if not await self.answer(path, head, reader, writer):
                    break
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        self.end(path).set()
        try:
            writer.close()
        except ConnectionError:
            pass

    async def answer(self, path, head, reader, writer):
        if path.startswith("/endless"):
            # Known to be long, so that no chunk has to be completed.
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1 << 40))
            while True:
                writer.write(PIECE)
                await writer.drain()
        if path.startswith("/long"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LONG)
            for _ in range(LONG // len(PIECE)):
                writer.write(PIECE)
                await writer.drain()
            return True
        if path.startswith("/gone"):
            return False
        size = next((int(l.split(":")[1]) for l in head.split("\r\n") if l.lower().startswith("content-length:")), 0)
        await reader.readexactly(size)
        if path.startswith("/later"):
            # Long enough for the proxy to see the end of what the client sends; cut short if the proxy breaks off.
            try:
                await asyncio.wait_for(reader.read(1), 0.5)
                return False
            except TimeoutError:
                pass
        self.answered.add(path)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole")
        if path.startswith("/fin"):
            writer.write_eof()
        return True


class Raw:
    """A socket with a small buffer, read when it is asked to be."""

    def __init__(self, window=4096):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.socket.setblocking(False)
        self.loop = asyncio.get_running_loop()

    async def open(self, data):
        await self.loop.sock_connect(self.socket, ("127.0.0.1", PROXY))
        await self.send(data)
        return self

    async def send(self, data):
        await self.loop.sock_sendall(self.socket, data)

    async def take(self, size):
        return await self.loop.sock_recv(self.socket, size)

    async def to_end(self):
        """All that still comes, and how it ends."""
        data = b""
        try:
            async with asyncio.timeout(PATIENCE):
                while more := await self.take(1 << 20):
                    data += more
        except ConnectionError:
            return data, "reset"
        except TimeoutError:
            return data, "left open"
        return data, "end"


def get(path):
    return b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode()


async def told(event):
    try:
        async with asyncio.timeout(PATIENCE):
            await event.wait()
    except TimeoutError:
        return "kept by the upstream's end"
    return "freed"


class Reading:
    """Clients that take their answers slowly, or not at all."""

    def __init__(self, upstream):
        self.upstream = upstream

    async def never(self):
        client = await Raw().open(get("/endless-never"))
        freed = await told(self.upstream.end("/endless-never"))
        _, end = await client.to_end()
        return f"{freed}, {'cut off' if end != 'left open' else end}"

    async def trickle(self):
        """Takes something all the time, though less than the least rate."""
        client = await Raw().open(get("/endless-trickle"))
        freed = self.upstream.end("/endless-trickle")
        taken, begun = 0, time.monotonic()
        while not freed.is_set() and time.monotonic() - begun < PATIENCE:
            taken += len(await client.take(100))
            await asyncio.sleep(0.05)
        return f"{await told(freed)}, {'it took some' if taken > 0 else 'it took nothing'}"

    async def steady(self):
        """Slow, though not too slow: several times as long as the proxy waits for nothing at all."""
        client = await Raw(32768).open(get("/long-steady"))
        count, begun = 0, time.monotonic()
        while count < LONG:
            data = await client.take(49152)
            if not data:
                return f"cut off behind {count} bytes"
            count += len(data)
            if time.monotonic() - begun < 4:
                await asyncio.sleep(0.05)
        return "whole"

    async def never_h2(self):
        client = await Raw().open(
            http2.opening(http2.HIGHEST_WINDOW) + http2.Compression().head(1, http2.request("/endless-h2"))
        )
        freed = await told(self.upstream.end("/endless-h2"))
        client.socket.close()
        return freed

    async def steady_h2(self):
        """The socket is what holds the stream up, while the window is wide open."""
        request = http2.request("/long-steady-h2")
        client = await Raw(32768).open(http2.opening(http2.HIGHEST_WINDOW) + http2.Compression().head(1, request))
        frames, count, begun = http2.Frames(), 0, time.monotonic()
        while data := await client.take(49152):
            for kind, flags, _, payload in frames.feed(data):
                count += len(payload) if kind == http2.DATA else 0
                if kind == http2.RST_STREAM:
                    return f"reset behind {count} bytes"
                if kind == http2.DATA and flags & http2.END_STREAM:
                    client.socket.close()
                    return "whole" if count == LONG else f"{count} bytes"
            if time.monotonic() - begun < 4:
                await asyncio.sleep(0.05)
        return f"cut off behind {count} bytes"

    async def window(self, path, first, step):
        """An HTTP/2 client that opens its window by `step` bytes now and then, and has another request besides."""
        compression, frames = http2.Compression(), http2.Frames()
        client = await Raw(1 << 16).open(http2.opening(first) + compression.head(1, http2.request(path)))
        taken, outcome, asked, answered = 0, None, False, None
        ticking = asyncio.create_task(self.widen(client, step))
        try:
            async with asyncio.timeout(PATIENCE):
                while outcome is None or not answered:
                    data = await client.take(1 << 16)
                    if not data:
                        return "the connection is closed"
                    for kind, flags, stream, payload in frames.feed(data):
                        if kind == http2.SETTINGS and not flags & http2.ACK:
                            await client.send(http2.frame(http2.SETTINGS, http2.ACK, 0))
                        if kind == http2.HEADERS:
                            compression.fields(payload)
                        if kind == http2.DATA and stream == 1:
                            taken += len(payload)
                        if kind == http2.RST_STREAM and stream == 1:
                            outcome = "reset" if payload == CANCEL else f"reset {payload!r}"
                        if kind in (http2.DATA, http2.HEADERS) and flags & http2.END_STREAM:
                            if stream == 1:
                                outcome = "whole" if taken == LONG else f"{taken} bytes"
                            else:
                                answered = True
                    if outcome and not asked:
                        asked = True
                        fields = compression.head(3, http2.request("/other"))
                        await client.send(fields + http2.window_update(3, 100))
        except TimeoutError:
            return f"{outcome} behind {taken} bytes"
        finally:
            ticking.cancel()
            client.socket.close()
        return f"{outcome}, the connection serves on"

    async def widen(self, client, step):
        while step:
            await asyncio.sleep(0.05)
            await client.send(http2.window_update(1, step))

    async def cases(self, dead_peer):
        yield "never reads", await self.never()
        yield "reads a trickle", await self.trickle()
        yield "reads steadily", await self.steady()
        yield "never reads over HTTP/2", await self.never_h2()
        yield "window of 0", await self.window("/endless-zero", 0, 0)
        yield "window of 0, upstream", await told(self.upstream.end("/endless-zero"))
        yield "window opens by a trickle", await self.window("/endless-narrow", 0, 10)
        yield "window opens by a trickle, upstream", await told(self.upstream.end("/endless-narrow"))
        yield "window opens steadily", await self.window("/long-window", 0, 65536)
        yield "steady over HTTP/2", await self.steady_h2()
        yield "vanished clients", await self.watched(dead_peer)

    async def watched(self, dead_peer):
        """Whether the system probes a silent client: what it would do to one that vanished (TCP keep-alive)."""
        client = await Raw().open(get("/"))
        await client.take(1 << 16)
        # The acknowledgement of the answer ends the timer for its repetition.
        for _ in range(100):
            await asyncio.sleep(0.05)
            timer, left = self.timer(client.socket.getsockname()[1])
            if timer == "02":
                in_time = 0 < left <= dead_peer / 2
                return "probed in time" if in_time else f"probed in {left} s"
        return f"not probed: timer {timer}"

    @staticmethod
    def timer(port):
        """Of the proxy's end of a connection: which timer runs, and its seconds left (proc_net_tcp)."""
        with open("/proc/net/tcp") as table:
            for line in list(table)[1:]:
                words = line.split()
                ports = [int(address.split(":")[1], 16) for address in words[1:3]]
                if ports == [PROXY, port]:
                    timer, left = words[5].split(":")
                    return timer, int(left, 16) / 100
        return "none", 0


class Ends:
    """Connections of which one direction ends before the other."""

    def __init__(self, upstream):
        self.upstream = upstream

    async def finished(self, data, path=None):
        """The client ends its direction once the upstream has the request for `path`."""
        client = await Raw(65536).open(data)
        if path:
            await self.upstream.begin(path).wait()
        client.socket.shutdown(socket.SHUT_WR)
        data, end = await client.to_end()
        head, _, body = data.partition(b"\r\n\r\n")
        status = head.split(b" ")[1].decode() if head else "nothing"
        close = " close" if b"\r\nconnection: close" in head.lower() else ""
        return f"{status}{close} {body.decode()} {end}".replace("  ", " ")

    async def kept(self, path, data):
        """The upstream ends its direction; the client asks on, on the same connection."""
        client = await Raw(65536).open(data)
        first = await self.answer(client)
        await client.send(get("/next"))
        second = await self.answer(client)
        client.socket.close()
        return f"{first} then {second}"

    async def fate(self, path):
        """Whether the upstream's answer was taken, or its connection ended before."""
        if path in self.upstream.answered:
            return "answered"
        return await told(self.upstream.end(path))

    async def answer(self, client):
        data = b""
        async with asyncio.timeout(PATIENCE):
            while b"\r\n\r\n" not in data or b"source" not in data and not data.endswith(b"whole"):
                more = await client.take(1 << 16)
                if not more:
                    return f"{data!r}"
                data += more
        return data.split(b" ")[1].decode()

    async def cases(self, dead_peer):
        post = b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\nbody!"
        yield "end behind a request", await self.finished(get("/later-get"), "/later-get")
        yield "its upstream", await self.fate("/later-get")
        yield "end behind a body", await self.finished(post % (b"/later-post", 5), "/later-post")
        yield "end within a body", await self.finished(post % (b"/short", 9), "/short")
        yield "its upstream", await self.fate("/short")
        yield "end behind two requests", await self.finished(get("/later-1") + get("/later-2"), "/later-1")
        yield "end before a request", await self.finished(b"")
        yield "end within a head", await self.finished(b"GET / HTTP/1.1\r\nHost:")
        yield "upstream's end behind its answer", await self.kept("/fin", get("/fin"))
        yield "upstream's end before its answer", await self.kept("/gone", get("/gone"))


async def main():
    global PROXY
    PROXY = int(sys.argv[1])
    upstream = Upstream()
    await asyncio.start_server(upstream.serve, "127.0.0.1", int(sys.argv[2]))
    subject = Reading(upstream) if sys.argv[3] == "reading" else Ends(upstream)
    async for name, outcome in subject.cases(int(sys.argv[4])):
        print(f"{name}: {outcome}", flush=True)


asyncio.run(main())
