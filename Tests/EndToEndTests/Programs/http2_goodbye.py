"""Has a request under way when the proxy is told to stop, sends another one before it knows, and prints what it hears.

usage: http2_goodbye.py PORT
"""

import socket
import sys

from hpack import Decoder, Encoder
from hyperframe import frame as frames

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.settimeout(30)
encoder, decoder = Encoder(), Decoder()
codes = {0: "NO_ERROR"}
input = b""


def send(*some):
    connection.sendall(b"".join(frame.serialize() for frame in some))


def ask(stream, path, end=True):
    fields = [(":method", "POST"), (":scheme", "http"), (":authority", "a.test"), (":path", path)]
    flags = ["END_HEADERS", "END_STREAM"] if end else ["END_HEADERS"]
    send(frames.HeadersFrame(stream, encoder.encode(fields), flags=flags))


def read():
    global input
    while True:
        if len(input) >= 9:
            frame, length = frames.Frame.parse_frame_header(memoryview(input)[:9])
            if len(input) >= 9 + length:
                frame.parse_body(memoryview(input)[9 : 9 + length])
                input = input[9 + length :]
                return frame
        more = connection.recv(65536)
        if not more:
            return None
        input += more


def say(*words):
    print(*words, flush=True)


connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
send(frames.SettingsFrame(0))
ask(1, "/echo", end=False)
while True:
    frame = read()
    if frame is None:
        say("closed")
        break
    if isinstance(frame, frames.SettingsFrame) and "ACK" not in frame.flags:
        send(frames.SettingsFrame(0, flags=["ACK"]))
    if isinstance(frame, frames.HeadersFrame):
        status = dict(decoder.decode(bytes(frame.data)))[":status"]
        if frame.stream_id == 1:
            # Its body is sent at the end of all.
            first = status
            say("waiting")
        else:
            say("late", status)
            send(frames.PingFrame(0, ping.opaque_data, flags=["ACK"]))
    if isinstance(frame, frames.GoAwayFrame):
        say("GOAWAY", frame.last_stream_id, codes.get(frame.error_code, frame.error_code))
        if frame.last_stream_id == 3:
            send(frames.DataFrame(1, b"end", flags=["END_STREAM"]))
    if isinstance(frame, frames.PingFrame) and "ACK" not in frame.flags:
        ping = frame
        say("PING")
        ask(3, "/")
    if isinstance(frame, frames.DataFrame) and frame.stream_id == 1 and "END_STREAM" in frame.flags:
        say("first", first)
