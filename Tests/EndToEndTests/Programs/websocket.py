"""Speaks WebSocket through a proxy to a server of its own and prints what came of each case as `name: result`.

usage: websocket.py PROXY_PORT UPSTREAM_PORT KEY

The proxy serves /open without a key, /locked with KEY and one tunnel at a time, /plain without upgrades, and closes tunnels
that are silent for a second.
"""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

PROXY, UPSTREAM, KEY = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
heard = []


async def echo(connection):
    heard.append(connection.request.path)
    try:
        async for message in connection:
            if message == "bye":
                await connection.close(4000, "as you wish")
            elif message == "cut":
                connection.transport.abort()
            else:
                await connection.send(message)
    except ConnectionClosed as closed:
        heard.append(f"closed {closed.rcvd.code if closed.rcvd else None}")


def url(path):
    return f"ws://127.0.0.1:{PROXY}{path}"


async def status(path, headers=None):
    try:
        async with connect(url(path), additional_headers=headers or {}):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def closed(path, message):
    async with connect(url(path), ping_interval=None) as connection:
        if message:
            await connection.send(message)
        try:
            return await asyncio.wait_for(connection.recv(), 20)
        except ConnectionClosed as end:
            return f"{end.rcvd.code} {end.rcvd.reason}" if end.rcvd else "without a farewell"


async def exchange():
    async with connect(url("/open/a?b"), subprotocols=None, max_size=None) as connection:
        await connection.send("hello")
        small = await connection.recv()
        large = "x" * 3_000_000
        await connection.send(large)
        back = await connection.recv()
        many = [f"{number}" for number in range(200)]
        for message in many:
            await connection.send(message)
        answers = [await connection.recv() for _ in many]
        return small, back == large, answers == many


async def slow_reader():
    """The server's messages wait for a client that does not read, and none is lost."""
    async with connect(url("/open"), max_size=None, max_queue=1, ping_interval=None) as connection:
        pieces = [str(number) * 100_000 for number in range(10)]

        async def send():
            for piece in pieces:
                await connection.send(piece)

        sending = asyncio.create_task(send())
        await asyncio.sleep(0.3)
        answers = [await connection.recv() for _ in pieces]
        await sending
        return answers == pieces


async def one_at_a_time():
    headers = {"Authorization": "Bearer " + KEY}
    async with connect(url("/locked"), additional_headers=headers):
        second = await status("/locked", headers)
    for _ in range(100):
        third = await status("/locked", headers)
        if third == 101:
            break
        await asyncio.sleep(0.05)
    return second, third


async def main():
    async with serve(echo, "127.0.0.1", UPSTREAM, max_size=None, ping_interval=None):
        print("exchange:", await exchange(), flush=True)
        print("slow reader:", await slow_reader(), flush=True)
        print("server closes:", await closed("/open", "bye"), flush=True)
        print("server cuts:", await closed("/open", "cut"), flush=True)
        print("silence:", await closed("/open", None), flush=True)
        print("without a key:", await status("/locked"), flush=True)
        print("one at a time:", await one_at_a_time(), flush=True)
        print("route without upgrades:", await status("/plain"), flush=True)
        print("asked for:", heard[0], flush=True)


asyncio.run(main())
