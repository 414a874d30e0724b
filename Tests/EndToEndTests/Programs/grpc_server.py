"""A gRPC server without TLS: echoes in every shape a call may have.

usage: grpc_server.py PORT
"""

import sys
from concurrent import futures

import grpc


def same(data):
    return data


def unary(request, context):
    context.set_trailing_metadata((("x-trail", "t"),))
    return b"echo " + request


def numbers(request, context):
    for number in range(5):
        yield b"%d" % number


def total(requests, context):
    return b"%d" % sum(len(request) for request in requests)


def each(requests, context):
    for request in requests:
        yield b"got " + request


def missing(request, context):
    context.abort(grpc.StatusCode.NOT_FOUND, "n\u00f6 such thing")


def half(request, context):
    yield b"half"
    context.abort(grpc.StatusCode.DATA_LOSS, "lost")


class Service(grpc.GenericRpcHandler):
    def service(self, details):
        shapes = {
            "Unary": (grpc.unary_unary_rpc_method_handler, unary),
            "Numbers": (grpc.unary_stream_rpc_method_handler, numbers),
            "Total": (grpc.stream_unary_rpc_method_handler, total),
            "Each": (grpc.stream_stream_rpc_method_handler, each),
            "Missing": (grpc.unary_unary_rpc_method_handler, missing),
            "Half": (grpc.unary_stream_rpc_method_handler, half),
        }
        package, _, name = details.method.rpartition("/")
        if name not in shapes:
            return None
        make, function = shapes[name]
        return make(function, request_deserializer=same, response_serializer=same)


server = grpc.server(futures.ThreadPoolExecutor(16))
server.add_generic_rpc_handlers((Service(),))
server.add_insecure_port("127.0.0.1:" + sys.argv[1])
server.start()
print("ready", flush=True)
server.wait_for_termination()
