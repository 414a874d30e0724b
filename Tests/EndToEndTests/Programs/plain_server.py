"""An HTTP/1.1 upstream that bears many connections: `/big` is 8 MiB, `/large` 512 KiB, all else two bytes.

usage: plain_server.py PORT

Prints `ready`. An answer follows when the request's body is whole.
"""

import asyncio
import resource
import sys

SIZES = {b"/big": 8 << 20, b"/large": 512 << 10}


def answer(body):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


ANSWERS = {path: answer(b"b" * size) for path, size in SIZES.items()}
SHORT = answer(b"hi")


class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.input = transport, b""

    def data_received(self, data):
        self.input += data
        while request := self.request():
            self.transport.write(ANSWERS.get(request, SHORT))

    def request(self):
        """The path of the next request that is here as a whole."""
        head, end, rest = self.input.partition(b"\r\n\r\n")
        if not end:
            return None
        lines = head.split(b"\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in lines[1:])
        size = int(fields.get(b"content-length", 0))
        if b"transfer-encoding" in fields:
            # Nobody here ends a body in chunks.
            return None
        if len(rest) < size:
            return None
        self.input = rest[size:]
        return lines[0].split(b" ")[1]


async def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", int(sys.argv[1]), backlog=2048)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
