"""MongoDB's wire protocol as far as drivers need it: OP_MSG, and OP_QUERY for the first hello.

Only the framing: what a command is answered with is told by whoever opens the connection.
"""

import asyncio
import struct
from collections.abc import Callable
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
HEADER = struct.Struct("<iiii")
MORE_TO_COME = 2
AWARE = CodecOptions(tz_aware=True)
RAW = CodecOptions(document_class=RawBSONDocument)
Command = dict[str, Any]
Answer = Callable[[Command, int | None], bytes]


class Connection(asyncio.Protocol):
    """One driver's connection: whole messages in, one answer out for each.

    answer: the encoded reply to a command; it is also told how many documents came beside it.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer, self._buffer = answer, b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Keep the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every message that is complete."""
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            length, request, _, opcode = HEADER.unpack_from(self._buffer)
            if len(self._buffer) < length:
                return
            message, self._buffer = self._buffer[:length], self._buffer[length:]
            if reply := self._reply(message, opcode):
                kind = OP_MSG if opcode == OP_MSG else OP_REPLY
                head = HEADER.pack(HEADER.size + len(reply), 0, request, kind)
                self._transport.write(head + reply)

    def _reply(self, message: bytes, opcode: int) -> bytes | None:
        if opcode == OP_QUERY:
            start = message.index(b"\0", 20) + 9
            command = bson.decode(message[start:], AWARE)
            return struct.pack("<iqii", 8, 0, 0, 1) + self._answer(command, None)
        if opcode != OP_MSG:
            self._transport.abort()
            return None
        command, sequence = _read(message)
        if int.from_bytes(message[16:20], "little") & MORE_TO_COME:
            return None
        return b"\0\0\0\0\0" + self._answer(command, sequence)


def _read(message: bytes) -> tuple[Command, int | None]:
    """The command of an OP_MSG, and how many documents came in sequences beside it."""
    command, sequence, at = {}, None, 20
    while at < len(message):
        (length,) = struct.unpack_from("<i", message, at + 1)
        if message[at] == 0:
            command = bson.decode(message[at + 1 : at + 1 + length], AWARE)
        else:
            documents = message.index(b"\0", at + 5) + 1
            sequence = len(bson.decode_all(message[documents : at + 1 + length], RAW))
        at += 1 + length
    return command, sequence
