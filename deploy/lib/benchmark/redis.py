"""The few words of Redis' protocol that the suite needs; redis-cli takes no arbitrary bytes as words."""

import re
import socket

from processes import Failed


def ask(port: int, *words: bytes) -> bytes:
    """The answer to one command, as it comes on the wire; a bulk string is read to its end."""
    command = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(command)
        answer = connection.recv(65536)
        bulk = re.match(rb"\$(\d+)\r\n", answer)
        while bulk and len(answer) < bulk.end() + int(bulk[1]):
            answer += connection.recv(65536)
    return answer


def set_key(port: int, key: bytes, value: bytes) -> None:
    if not ask(port, b"SET", key, value).startswith(b"+OK"):
        raise Failed("Redis did not take the peers' key")


def commands_served(port: int) -> float:
    """Commands that clients sent so far; what scripts call in turn is not counted."""
    calls = {
        name.decode(): int(count)
        for name, count in re.findall(rb"cmdstat_([^:]+):calls=(\d+)", ask(port, b"INFO", b"commandstats"))
    }
    scripts = sum(count for name, count in calls.items() if name in ("eval", "evalsha", "fcall"))
    return scripts or sum(count for name, count in calls.items() if name in ("get", "incr", "expire"))
