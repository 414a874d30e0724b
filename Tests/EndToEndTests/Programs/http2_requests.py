"""Sends the requests of a file over one HTTP/2 connection without TLS, and prints each answer as a line of JSON.

usage: http2_requests.py PORT FILE

The file holds a JSON array of `{"method": …, "target": …, "fields": [[NAME, VALUE]…], "body": …}`; `Host` among the fields
becomes the authority. An answer is `{"status": …, "fields": [[NAME, VALUE]…], "body": BASE64}`.
"""

import base64
import json
import socket
import sys

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.connection.initiate_connection()
        self.flush()

    def flush(self):
        self.socket.sendall(self.connection.data_to_send())

    def events(self):
        """What arrives next, on whichever stream; whatever was received is acknowledged."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the proxy ended the connection")
        events = self.connection.receive_data(data)
        for event in events:
            if isinstance(event, DataReceived):
                self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.flush()
        return events

    def send(self, request):
        fields = [(name.lower(), value) for name, value in request["fields"]]
        body = request["body"].encode()
        section = [
            (":method", request["method"]), (":scheme", "http"), (":authority", dict(fields)["host"]),
            (":path", request["target"]), *[field for field in fields if field[0] != "host"],
        ]  # fmt: skip
        if body:
            section.append(("content-length", str(len(body))))
        stream = self.connection.get_next_available_stream_id()
        self.connection.send_headers(stream, section, end_stream=not body)
        self.flush()
        answer = {"body": b""}
        while body:
            room = min(
                self.connection.local_flow_control_window(stream), self.connection.max_outbound_frame_size, len(body)
            )
            if room:
                self.connection.send_data(stream, body[:room], end_stream=room == len(body))
                self.flush()
                body = body[room:]
            elif self.take(answer, stream):
                return answer
        while not self.take(answer, stream):
            pass
        return answer

    def take(self, answer, stream):
        """Collects what arrived; whether that is all."""
        is_over = False
        for event in self.events():
            if isinstance(event, ResponseReceived) and event.stream_id == stream:
                answer["status"] = int(dict(event.headers)[":status"])
                answer["fields"] = [field for field in event.headers if not field[0].startswith(":")]
            elif isinstance(event, DataReceived) and event.stream_id == stream:
                answer["body"] += event.data
            elif isinstance(event, StreamEnded) and event.stream_id == stream:
                is_over = True
            elif isinstance(event, StreamReset) and event.stream_id == stream and not is_over:
                raise ConnectionError("the proxy reset a stream")
        return is_over


def main():
    client = Client(int(sys.argv[1]))
    with open(sys.argv[2], encoding="utf-8") as file:
        requests = json.load(file)
    for request in requests:
        answer = client.send(request)
        answer["body"] = base64.b64encode(answer["body"]).decode()
        print(json.dumps(answer))


main()
