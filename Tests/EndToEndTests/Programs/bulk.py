"""Sends and takes large bodies through a proxy, both ways at once on each of several requests.

usage: bulk.py PROXY_PORT UPSTREAM_PORT h1|h2 STREAMS BYTES

It is the proxy's upstream as well: an HTTP/1.1 server at UPSTREAM_PORT, in a process of its own. Each body is a pattern of a
prime length that begins at another place for each request and each direction: what is lost, doubled, swapped or changed
is noticed. An answer's last bytes are sent once the request's body was found right.
"""

import multiprocessing
import random
import socket
import struct
import sys
import threading
import time

import http2_connection as http2

PERIOD = 1048573
PIECE = 1 << 18
TAIL = 64
WINDOW = 1 << 20


class Pattern:
    def __init__(self, direction, index):
        block = random.Random(direction).randbytes(PERIOD)
        self.block = memoryview(block + block)
        self.start = index * 65537

    def piece(self, position, size):
        """At most one period of it."""
        start = (self.start + position) % PERIOD
        return self.block[start : start + size]

    def matches(self, position, data):
        return self.piece(position, len(data)) == data


class Upstream:
    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        # To the other side's end: one that closes an unused connection may meet the next request on its way.
        while self.answer(connection):
            pass
        connection.close()

    def answer(self, connection):
        """One request: its path is its number."""
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(1 << 16)
            if not more:
                return False
            head += more
        head, _, rest = head.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        index = int(lines[0].split(" ")[1][1:])
        size = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:"))
        # Not to be closed, or an answer this early would say that the rest of the body is not wanted.
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        answer = Pattern("down", index)
        sending = threading.Thread(target=self.send, args=(connection, answer, size - TAIL))
        sending.start()
        right = self.take(connection, Pattern("up", index), size, rest)
        sending.join()
        if right:
            connection.sendall(answer.piece(size - TAIL, TAIL))
        return right

    @staticmethod
    def send(connection, pattern, size):
        position = 0
        while position < size:
            piece = pattern.piece(position, min(PIECE, size - position))
            connection.sendall(piece)
            position += len(piece)

    @staticmethod
    def take(connection, pattern, size, rest):
        buffer = bytearray(PIECE)
        view = memoryview(buffer)
        position = 0
        while True:
            if not pattern.matches(position, rest):
                print(f"upstream: a request's body is wrong behind {position}", file=sys.stderr)
                return False
            position += len(rest)
            if position == size:
                return True
            count = connection.recv_into(view)
            if count == 0:
                print(f"upstream: a request's body ended at {position}", file=sys.stderr)
                return False
            rest = view[:count]


class Results:
    def __init__(self):
        self.lock = threading.Lock()
        self.right = 0
        self.faults = []

    def add(self, fault=None):
        with self.lock:
            if fault is None:
                self.right += 1
            else:
                self.faults.append(fault)


def request_h1(port, index, size, results):
    connection = socket.create_connection(("127.0.0.1", port))
    head = b"POST /%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (index, size)
    connection.sendall(head)
    sending = threading.Thread(target=Upstream.send, args=(connection, Pattern("up", index), size), daemon=True)
    sending.start()
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(1 << 16)
        if not more:
            return results.add(f"{index}: no head")
        received += more
    head, _, rest = received.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        return results.add(f"{index}: {received!r}")
    pattern, position = Pattern("down", index), 0
    view = memoryview(bytearray(PIECE))
    while True:
        if not pattern.matches(position, rest):
            return results.add(f"{index}: wrong behind {position}")
        position += len(rest)
        if position == size:
            sending.join()
            return results.add()
        count = connection.recv_into(view)
        if count == 0:
            return results.add(f"{index}: ended at {position}")
        rest = view[:count]


class Connection:
    """All requests on one HTTP/2 connection: one thread reads, one writes."""

    def __init__(self, port, streams, size, results):
        self.socket = http2.connect(port)
        self.size, self.results = size, results
        self.compression = http2.Compression()
        self.ids = [2 * index + 1 for index in range(streams)]
        self.up = {id: Pattern("up", index) for index, id in enumerate(self.ids)}
        self.down = {id: Pattern("down", index) for index, id in enumerate(self.ids)}
        self.sent = dict.fromkeys(self.ids, 0)
        self.taken = dict.fromkeys(self.ids, 0)
        self.unacknowledged = dict.fromkeys(self.ids, 0)
        self.windows = dict.fromkeys(self.ids, 65535)
        self.window = 65535
        self.control = []
        self.condition = threading.Condition()
        self.open = set(self.ids)

    def run(self):
        opening = [http2.opening(WINDOW)]
        for index, id in enumerate(self.ids):
            fields = http2.request(f"/{index}", "POST", ("content-length", str(self.size)))
            opening.append(self.compression.head(id, fields, end=False))
        self.socket.sendall(b"".join(opening))
        threading.Thread(target=self.write, daemon=True).start()
        self.read()

    def write(self):
        while True:
            with self.condition:
                while not (batch := self.batch()):
                    self.condition.wait()
            self.socket.sendall(b"".join(batch))

    def batch(self):
        """What may be written now, a few frames of each stream."""
        batch, self.control = self.control, []
        for id in self.ids:
            for _ in range(4):
                position = self.sent[id]
                count = min(http2.FRAME_MAX, self.size - position, self.windows[id], self.window)
                if count <= 0:
                    break
                end = http2.END_STREAM if position + count == self.size else 0
                batch.append(struct.pack(">HBBBI", count >> 8, count & 0xFF, http2.DATA, end, id))
                batch.append(self.up[id].piece(position, count))
                self.sent[id] += count
                self.windows[id] -= count
                self.window -= count
        return batch

    def read(self):
        frames = http2.Frames()
        while self.open:
            data = self.socket.recv(PIECE)
            if not data:
                break
            with self.condition:
                for one in frames.feed(data):
                    self.received(*one)
                self.condition.notify()
        for id in self.open:
            self.results.add(f"{id}: ended at {self.taken[id]}")

    def received(self, kind, flags, stream, payload):
        if kind == http2.DATA:
            self.data(flags, stream, payload)
        elif kind == http2.WINDOW_UPDATE:
            (size,) = struct.unpack(">I", payload)
            if stream == 0:
                self.window += size
            elif stream in self.windows:
                self.windows[stream] += size
        elif kind == http2.SETTINGS and not flags & http2.ACK:
            for name, value in struct.iter_unpack(">HI", payload):
                if name == http2.INITIAL_WINDOW:
                    for id in self.ids:
                        self.windows[id] += value - 65535
            self.control.append(http2.frame(http2.SETTINGS, http2.ACK, 0))
        elif kind == http2.PING and not flags & http2.ACK:
            self.control.append(http2.frame(http2.PING, http2.ACK, 0, payload))
        elif kind == http2.HEADERS:
            fields = self.compression.fields(payload)
            if fields.get(":status") != "200":
                self.end(stream, f"{stream}: {fields}")
        elif kind in (http2.RST_STREAM, http2.GOAWAY):
            self.end(stream, f"{stream}: frame {kind} {payload!r}")

    def data(self, flags, stream, payload):
        position = self.taken[stream]
        if not self.down[stream].matches(position, payload):
            return self.end(stream, f"{stream}: wrong behind {position}")
        self.taken[stream] += len(payload)
        self.unacknowledged[stream] += len(payload)
        if self.unacknowledged[stream] >= WINDOW // 2:
            self.control.append(http2.window_update(stream, self.unacknowledged[stream]))
            self.control.append(http2.window_update(0, self.unacknowledged[stream]))
            self.unacknowledged[stream] = 0
        if flags & http2.END_STREAM:
            complete = self.taken[stream] == self.size and self.sent[stream] == self.size
            self.end(stream, None if complete else f"{stream}: ended at {self.taken[stream]}")

    def end(self, stream, fault):
        if stream in self.open:
            self.open.discard(stream)
            self.results.add(fault)


def main():
    proxy, upstream = int(sys.argv[1]), Upstream(int(sys.argv[2]))
    protocol, streams, size = sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    process = multiprocessing.Process(target=upstream.run, daemon=True)
    process.start()
    results, begin = Results(), time.monotonic()
    if protocol == "h1":
        threads = [threading.Thread(target=request_h1, args=(proxy, i, size, results)) for i in range(streams)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        Connection(proxy, streams, size, results).run()
    took = time.monotonic() - begin
    process.terminate()
    for fault in results.faults:
        print(fault, file=sys.stderr)
    print(f"right: {results.right} of {streams}", flush=True)
    rate = 2 * streams * size / took / (1 << 20)
    print(f"figures: {took:.1f} s, {rate:.0f} MiB/s both ways together", flush=True)


main()
