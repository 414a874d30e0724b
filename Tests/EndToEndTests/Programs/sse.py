"""Takes event streams through a proxy and checks every event, byte for byte.

usage: sse.py TARGET_PORT UPSTREAM_PORT h1|h2 STREAMS EVENTS lockstep|RATE

It is the upstream as well: an HTTP/1.1 server at UPSTREAM_PORT, so TARGET_PORT may be the same for the figures without a
proxy. In `lockstep` an event follows when the client has the one before it, whole and nothing else: a byte that waits for
more to follow waits for ever. Otherwise each stream sends RATE events a second, whatever becomes of them.
"""

import asyncio
import random
import sys
import time

import http2_connection as http2

PER_CONNECTION = 64
PATIENCE = 100


class Stream:
    """What the upstream has sent, and what has come of it."""

    def __init__(self, number, events):
        self.number, self.events = number, events
        self.sent, self.position, self.begun = [], 0, 0
        self.input = b""
        self.arrived = asyncio.Event()
        self.held, self.fault = [], None
        self.done = asyncio.Event()

    def next(self):
        count = len(self.sent)
        padding = "x" * (self.number * 7 + count * 13) * (1 + count % 3)
        event = f"id: {count}\nevent: tick\ndata: stream {self.number} {padding[:700]} \u00e9\n\n".encode()
        self.sent.append((event, time.monotonic_ns()))
        return event

    def received(self, data):
        """Bytes of the body; several events at once are taken apart."""
        self.input += data
        while self.position < len(self.sent):
            event, sent = self.sent[self.position]
            if len(self.input) < len(event):
                if not event.startswith(self.input):
                    self.end("changed")
                return
            if not self.input.startswith(event):
                return self.end("changed")
            self.input = self.input[len(event) :]
            self.held.append(time.monotonic_ns() - sent)
            self.position += 1
            self.arrived.set()
        if self.input:
            self.end("bytes that nobody sent")

    def end(self, fault=None):
        self.fault = self.fault or fault
        if self.fault is None and (self.position != self.events or self.input):
            self.fault = f"ended behind {self.position} events"
        self.arrived.set()
        self.done.set()


class Upstream:
    def __init__(self, streams, pace):
        self.streams, self.pace = streams, pace

    async def serve(self, reader, writer):
        """One stream after the other: whose stream has ended may be followed by another client's."""
        try:
            while True:
                await self.answer(await reader.readuntil(b"\r\n\r\n"), writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()

    async def answer(self, head, writer):
        stream = self.streams[int(head.split(b" ")[1][1:])]
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-store\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        if self.pace != "lockstep":
            # Not all in the same moment.
            await asyncio.sleep(random.random() / float(self.pace))
        begin = time.monotonic()
        for count in range(stream.events):
            event = stream.next()
            stream.arrived.clear()
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            if self.pace == "lockstep":
                await stream.arrived.wait()
                if stream.fault:
                    break
            else:
                await asyncio.sleep(begin + (count + 1) / float(self.pace) - time.monotonic())
        writer.write(b"0\r\n\r\n")


class Client(asyncio.Protocol):
    """One stream over HTTP/1.1."""

    def __init__(self, stream):
        self.stream, self.input, self.has_head = stream, b"", False

    def connection_made(self, transport):
        self.transport = transport
        transport.write(b"GET /%d HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n" % self.stream.number)

    def data_received(self, data):
        self.input += data
        if not self.has_head:
            head, end, rest = self.input.partition(b"\r\n\r\n")
            if not end:
                return
            lines = head.lower().split(b"\r\n")
            if b" 200 " not in lines[0] or b"content-type: text/event-stream; charset=utf-8" not in lines:
                self.stream.end(f"head {head!r}")
            if any(line.startswith(b"content-encoding") for line in lines):
                self.stream.end("encoded")
            self.has_head, self.input = True, rest
        while chunk := self.chunk():
            self.stream.received(chunk)

    def chunk(self):
        """The next whole chunk's data."""
        line, end, rest = self.input.partition(b"\r\n")
        if not end:
            return b""
        size = int(line, 16)
        if len(rest) < size + 2:
            return b""
        self.input = rest[size + 2 :]
        if size == 0:
            self.stream.end()
            self.transport.close()
        return rest[:size]

    def connection_lost(self, error):
        self.stream.end()


class Client2(asyncio.Protocol):
    """Several streams over one HTTP/2 connection."""

    def __init__(self, streams):
        self.streams = {2 * index + 1: stream for index, stream in enumerate(streams)}
        self.frames, self.compression = http2.Frames(), http2.Compression()

    def connection_made(self, transport):
        self.transport = transport
        transport.write(http2.opening(http2.HIGHEST_WINDOW))
        for id, stream in self.streams.items():
            fields = http2.request(f"/{stream.number}", "GET", ("accept-encoding", "gzip"))
            transport.write(self.compression.head(id, fields))

    def data_received(self, data):
        for kind, flags, id, payload in self.frames.feed(data):
            stream = self.streams.get(id)
            if kind == http2.DATA:
                if payload:
                    stream.received(payload)
                if flags & http2.END_STREAM:
                    stream.end()
            elif kind == http2.HEADERS:
                fields = self.compression.fields(payload)
                kind = fields.get("content-type")
                if fields.get(":status") != "200" or kind != "text/event-stream; charset=utf-8":
                    stream.end(f"head {fields}")
                if "content-encoding" in fields:
                    stream.end("encoded")
            elif kind == http2.SETTINGS and not flags & http2.ACK:
                self.transport.write(http2.frame(http2.SETTINGS, http2.ACK, 0))
            elif kind == http2.RST_STREAM:
                stream.end(f"reset {payload!r}")

    def connection_lost(self, error):
        for stream in self.streams.values():
            stream.end()


async def clock(late):
    """Measures how long this program itself lets things wait."""
    while True:
        due = time.monotonic() + 0.005
        await asyncio.sleep(0.005)
        late.append(time.monotonic() - due)


def percentile(sorted_values, part):
    return sorted_values[min(len(sorted_values) - 1, int(part * len(sorted_values)))] / 1e6


async def main():
    target, port, protocol, count, events = *map(int, sys.argv[1:3]), sys.argv[3], *map(int, sys.argv[4:6])
    pace = sys.argv[6]
    loop = asyncio.get_running_loop()
    streams = [Stream(number, events) for number in range(count)]
    await asyncio.start_server(Upstream(streams, pace).serve, "127.0.0.1", port, backlog=1024)
    clients, late = [], []
    ticking = asyncio.create_task(clock(late))
    if protocol == "h1":
        for stream in streams:
            clients.append(await loop.create_connection(lambda: Client(stream), "127.0.0.1", target))
    else:
        for start in range(0, count, PER_CONNECTION):
            some = streams[start : start + PER_CONNECTION]
            clients.append(await loop.create_connection(lambda: Client2(some), "127.0.0.1", target))
    try:
        async with asyncio.timeout(PATIENCE + (0 if pace == "lockstep" else events / float(pace))):
            for stream in streams:
                await stream.done.wait()
    except TimeoutError:
        waiting = sum(not stream.done.is_set() for stream in streams)
        print(f"{waiting} streams wait for an event that was sent", file=sys.stderr)
    ticking.cancel()
    faults = [f"{stream.number}: {stream.fault}" for stream in streams if stream.fault]
    for fault in faults[:20]:
        print(fault, file=sys.stderr)
    right = sum(stream.done.is_set() and not stream.fault and stream.position == events for stream in streams)
    print(f"whole and in order: {right} streams of {events} events", flush=True)
    held = sorted(time for stream in streams for time in stream.held)
    print(
        f"held: p50 {percentile(held, 0.5):.2f} ms, p99 {percentile(held, 0.99):.2f} ms, max {held[-1] / 1e6:.2f} ms"
        f" of {len(held)}; the generator itself late by up to {max(late) * 1e3:.2f} ms",
        flush=True,
    )


asyncio.run(main())
