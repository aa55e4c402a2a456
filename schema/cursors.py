"""Opaque cursors: they say where a row stands in a list, and nobody else can make one."""

import struct
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from hmac import compare_digest
from operator import attrgetter

from bson import ObjectId
from bson.tz_util import utc

from app.accounts.pagination import make_slice
from app.config import current
from app.errors import AccountError, ErrorReason
from app.models.keyset import Position, Slice
from app.models.record import Record

PLACE = struct.Struct(">q12s")  # milliseconds since 1970, an ObjectId
EPOCH = datetime(1970, 1, 1, tzinfo=utc)  # the driver's UTC: datetimes of one zone subtract fast
MILLISECOND = timedelta(milliseconds=1)
SEAL_BYTES = 8
ID_BYTES = 12


class Cursors:
    """The cursors of one list, ordered by a time and then by id.

    A cursor holds a row's place and a seal. The seal is made with SECRET_KEY from the place and
    the list. A cursor that was altered, or that is of another list, order or filter, is refused.
    """

    def __init__(self, scope: str, key: str) -> None:
        """scope: tells the list from all others; key: the attribute that it is ordered by."""
        secret = sha256(current().secret_key.encode()).digest()
        self._new_seal = blake2b(scope.encode(), key=secret, digest_size=SEAL_BYTES).copy
        self._value_of = attrgetter(key)

    def cursor_of(self, record: Record) -> str:
        """The opaque cursor of a row."""
        milliseconds = (self._value_of(record) - EPOCH) // MILLISECOND
        return self._sealed(PLACE.pack(milliseconds, record.id.binary)).hex()

    def slice_of(
        self,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Slice:
        """The rows that a connection's arguments ask for.

        Raises AccountError(INVALID_DATA) naming the arguments that are at fault.
        """
        return make_slice(
            first, self._position("after", after), last, self._position("before", before)
        )

    def _position(self, name: str, cursor: str | None) -> Position | None:
        if cursor is None:
            return None
        with suppress(ValueError):
            packed = bytes.fromhex(cursor)
            place = packed[:-SEAL_BYTES]
            if packed.hex() == cursor and compare_digest(self._sealed(place), packed):
                return self._position_at(place)
        raise AccountError(ErrorReason.INVALID_DATA, fields={name: ErrorReason.INVALID_DATA})

    def _sealed(self, place: bytes) -> bytes:
        seal = self._new_seal()
        seal.update(place)
        return place + seal.digest()

    def _position_at(self, place: bytes) -> Position:
        milliseconds, identifier = PLACE.unpack(place)
        return Position(EPOCH + milliseconds * MILLISECOND, ObjectId(identifier))


class TextCursors(Cursors):
    """The cursors of a list that is ordered by a text."""

    def cursor_of(self, record: Record) -> str:
        """The opaque cursor of a row."""
        return self._sealed(self._value_of(record).encode() + record.id.binary).hex()

    def _position_at(self, place: bytes) -> Position:
        return Position(place[:-ID_BYTES].decode(), ObjectId(place[-ID_BYTES:]))
