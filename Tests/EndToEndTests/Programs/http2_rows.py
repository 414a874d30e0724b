"""Sends the requests of a file to a proxy, frame by frame, and prints what came of each on a line of its own.

usage: http2_rows.py PORT FILE

The file holds a JSON array of `{"fields": [[NAME, VALUE]…], "body": [PIECE…] | null, "trailers": [[NAME, VALUE]…] | null}`;
text stands for octets as Latin-1 does. Or it is `{"bound": NAME}`, for one of `http2_client.py`. Each request has a connection of its own; behind each there is one for
`/after/INDEX`, all of these on one connection.
"""

import json
import sys

import http2_client
from http2_client import Client


def octets(fields):
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


def play(port, row):
    if row.get("bound"):
        return http2_client.BOUNDS[row["bound"]]()
    client = Client(port)
    body, trailers = row["body"], row["trailers"]
    client.headers(1, octets(row["fields"]), end=body is None and trailers is None)
    for index, piece in enumerate(body or []):
        client.data(1, piece.encode("latin-1"), end=trailers is None and index + 1 == len(body))
    if trailers is not None:
        client.headers(1, octets(trailers))
    outcome = client.outcome(1)[1]
    client.socket.close()
    return outcome


def main():
    port = http2_client.PORT = int(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as file:
        rows = json.load(file)
    honest = Client(port)
    for index, row in enumerate(rows):
        outcome = play(port, row)
        stream = 2 * index + 1
        honest.headers(stream, [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", f"/after/{index}")])
        after = honest.outcome(stream)[1]
        print(outcome if after == "200 ok" else f"{outcome}, and then {after}", flush=True)


main()
