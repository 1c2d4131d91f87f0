"""MQTT messages made beforehand and published at QoS 1 as fast as the broker acknowledges them.

The packets are MQTT 3.1.1: https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/mqtt-v3.1.1.html
"""

import asyncio
import struct
from collections.abc import Sequence

CONNECT = b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x00\x00\x03pub"
PUBACK_BYTES = 4
WINDOW = 2_000  # messages without their acknowledgement
AT_ONCE = 100


def publish(number: int, topic: str, payload: bytes) -> bytes:
    """One PUBLISH at QoS 1 as it goes over the wire."""
    name = topic.encode()
    packet = number % 65_535 + 1
    rest = struct.pack(">H", len(name)) + name + struct.pack(">H", packet) + payload
    return b"\x32" + _length(len(rest)) + rest


def _length(size: int) -> bytes:
    """A size in groups of seven bits, the least first."""
    groups = bytearray()
    while True:
        size, group = divmod(size, 128)
        groups.append(group | (128 if size else 0))
        if not size:
            return bytes(groups)


async def send(port: int, packets: Sequence[bytes]) -> None:
    """Publishes all and waits until the broker has them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(CONNECT)
    await reader.readexactly(4)
    left, acknowledged = 0, 0
    for first in range(0, len(packets), AT_ONCE):
        writer.write(b"".join(packets[first : first + AT_ONCE]))
        await writer.drain()
        while first + AT_ONCE - acknowledged > WINDOW:
            more, left = divmod(left + len(await reader.read(65_536)), PUBACK_BYTES)
            acknowledged += more
    while acknowledged < len(packets):
        more, left = divmod(left + len(await reader.read(65_536)), PUBACK_BYTES)
        acknowledged += more
    writer.close()
