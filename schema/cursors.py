"""Opaque cursors: the position of a row in a list, sealed so that clients cannot change it."""

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

POSITION = struct.Struct(">q12s")  # milliseconds since 1970, an ObjectId
EPOCH = datetime(1970, 1, 1, tzinfo=utc)  # the driver's UTC: datetimes of one zone subtract fast
MILLISECOND = timedelta(milliseconds=1)
SEAL_BYTES = 8
ID_BYTES = 12


class Cursors:
    """The cursors of one list, ordered by a time and then by id.

    A cursor is a row's position and a seal, in hexadecimal. The seal is a keyed BLAKE2b hash of the
    position and the list, made with SECRET_KEY. So an altered cursor is refused, and one of another
    list, order or filter. Why not itsdangerous: docs/decisions/0007-cursors.md.
    """

    def __init__(self, scope: str, key: str) -> None:
        """scope: text that identifies the list; key: the attribute that it is ordered by."""
        secret = sha256(current().secret_key.encode()).digest()
        self._new_seal = blake2b(scope.encode(), key=secret, digest_size=SEAL_BYTES).copy
        self._value_of = attrgetter(key)

    def cursor_of(self, record: Record) -> str:
        """Return the cursor of a row."""
        milliseconds = (self._value_of(record) - EPOCH) // MILLISECOND
        return self._add_seal(POSITION.pack(milliseconds, record.id.binary)).hex()

    def slice_of(
        self,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
    ) -> Slice:
        """Return the rows that a connection's arguments ask for.

        Raises AccountError(INVALID_DATA) that names the wrong arguments.
        """
        return make_slice(
            first, self._read_cursor("after", after), last, self._read_cursor("before", before)
        )

    def _read_cursor(self, argument: str, cursor: str | None) -> Position | None:
        if cursor is None:
            return None
        with suppress(ValueError):
            sealed = bytes.fromhex(cursor)
            packed = sealed[:-SEAL_BYTES]
            # fromhex also accepts capitals and spaces: a row has one cursor only
            if sealed.hex() == cursor and compare_digest(self._add_seal(packed), sealed):
                return self._unpack(packed)
        raise AccountError(ErrorReason.INVALID_DATA, fields={argument: ErrorReason.INVALID_DATA})

    def _add_seal(self, packed: bytes) -> bytes:
        seal = self._new_seal()
        seal.update(packed)
        return packed + seal.digest()

    def _unpack(self, packed: bytes) -> Position:
        milliseconds, identifier = POSITION.unpack(packed)
        return Position(EPOCH + milliseconds * MILLISECOND, ObjectId(identifier))


class TextCursors(Cursors):
    """The cursors of a list that is ordered by a text."""

    def cursor_of(self, record: Record) -> str:
        """Return the cursor of a row."""
        return self._add_seal(self._value_of(record).encode() + record.id.binary).hex()

    def _unpack(self, packed: bytes) -> Position:
        return Position(packed[:-ID_BYTES].decode(), ObjectId(packed[-ID_BYTES:]))
