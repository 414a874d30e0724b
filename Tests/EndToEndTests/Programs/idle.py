"""Opens connections to a proxy, asks one question on each, and keeps them without another word.

usage: idle.py PROXY_PORT UPSTREAM_PORT WARM_UP CONNECTIONS

Prints `warm` when the first WARM_UP of them are answered, `idle N` when all are, and `closed N` when the proxy has closed
N of them. Rests for a second behind `warm`. It is the proxy's upstream as well.
"""

import asyncio
import resource
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
QUESTION = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
# One address has fewer ports than that.
PER_ADDRESS = 5_000
AT_ONCE = 100


class Upstream(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.input = transport, b""

    def data_received(self, data):
        self.input += data
        while b"\r\n\r\n" in self.input:
            self.input = self.input.partition(b"\r\n\r\n")[2]
            self.transport.write(ANSWER)


class Idle(asyncio.Protocol):
    def __init__(self):
        loop = asyncio.get_running_loop()
        self.answered, self.closed = loop.create_future(), loop.create_future()
        self.input = b""

    def connection_made(self, transport):
        transport.write(QUESTION)

    def data_received(self, data):
        self.input += data
        if self.input.endswith(b"\r\n\r\nhi") and not self.answered.done():
            self.answered.set_result(self.input.startswith(b"HTTP/1.1 200 "))

    def eof_received(self):
        self.closed.set_result("closed")

    def connection_lost(self, error):
        if not self.closed.done():
            self.closed.set_result("reset" if error else "closed")
        if not self.answered.done():
            self.answered.set_result(False)


async def opened(port, number):
    own = f"127.0.0.{2 + number // PER_ADDRESS}"
    _, idle = await asyncio.get_running_loop().create_connection(Idle, "127.0.0.1", port, local_addr=(own, 0))
    assert await idle.answered
    return idle


async def open_all(port, numbers):
    """In rounds, as the proxy's backlog is bounded."""
    connections = []
    for start in range(numbers.start, numbers.stop, AT_ONCE):
        some = range(start, min(start + AT_ONCE, numbers.stop))
        connections += await asyncio.gather(*(opened(port, number) for number in some))
    return connections


async def main():
    proxy, upstream, warm_up, count = map(int, sys.argv[1:])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    loop = asyncio.get_running_loop()
    await loop.create_server(Upstream, "127.0.0.1", upstream)
    connections = await open_all(proxy, range(warm_up))
    print("warm", flush=True)
    await asyncio.sleep(1)
    connections += await open_all(proxy, range(warm_up, count))
    print(f"idle {len(connections)}", flush=True)
    ends = [await connection.closed for connection in connections]
    print(f"closed {ends.count('closed')}", flush=True)


asyncio.run(main())
