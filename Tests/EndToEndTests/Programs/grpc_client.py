"""Calls grpc_server.py through a proxy and prints what came of each call as `name: result`.

usage: grpc_client.py PORT KEY

The proxy serves /open.Echo without a key, /locked.Echo with KEY and a limit of two calls, and /away.Echo from nowhere.
"""

import queue
import sys

import grpc

PORT, KEY = sys.argv[1:3]
channel = grpc.insecure_channel("127.0.0.1:" + PORT)
call_options = {"timeout": 20}


def result(call):
    try:
        return call()
    except grpc.RpcError as error:
        return f"{error.code().name} {error.details()}"


def locked():
    return result(lambda: channel.unary_unary("/locked.Echo/Unary")(b"a", metadata=(("authorization", "Bearer " + KEY),)))


def unary():
    answer, call = channel.unary_unary("/open.Echo/Unary").with_call(b"hi", **call_options)
    return answer.decode(), [tuple(pair) for pair in call.trailing_metadata()]


def conversation():
    requests, heard = queue.Queue(), []
    answers = channel.stream_stream("/open.Echo/Each")(iter(requests.get, None), **call_options)
    for number in range(3):
        requests.put(b"%d" % number)
        heard.append(next(answers).decode())
    requests.put(None)
    return heard + list(answers)


def many():
    calls = [channel.unary_unary("/open.Echo/Unary").future(b"%d" % number, timeout=60) for number in range(300)]
    return all(call.result() == b"echo %d" % number for number, call in enumerate(calls))


def half():
    heard = []
    try:
        for piece in channel.unary_stream("/open.Echo/Half")(b"", **call_options):
            heard.append(piece.decode())
    except grpc.RpcError as error:
        return heard, f"{error.code().name} {error.details()}"


print("unary:", result(unary))
print("server streams:", [piece.decode() for piece in channel.unary_stream("/open.Echo/Numbers")(b"", **call_options)])
print("client streams:", channel.stream_unary("/open.Echo/Total")(iter([b"x" * 1000] * 300), **call_options).decode())
print("both stream:", conversation())
print("300 at once:", many())
print("3 MB:", len(channel.unary_unary("/open.Echo/Unary")(b"z" * 3_000_000, **call_options)))
print("upstream's status:", result(lambda: channel.unary_unary("/open.Echo/Missing")(b"", **call_options)))
print("unknown method:", result(lambda: channel.unary_unary("/open.Echo/Nothing")(b"", **call_options)))
print("status behind data:", half())
print("no key:", result(lambda: channel.unary_unary("/locked.Echo/Unary")(b"", **call_options)))
print("key:", locked())
print("key again:", locked())
print("over the limit:", locked())
print("no route:", result(lambda: channel.unary_unary("/other.Echo/Unary")(b"", **call_options)))
print("upstream away:", result(lambda: channel.unary_unary("/away.Echo/Unary")(b"", **call_options)))
