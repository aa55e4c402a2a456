"""An operator brings accounts in: those of this project's ancestor, or an export of our own."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import Any, BinaryIO, NamedTuple

from app.accounts.import_forms import read_account
from app.accounts.profile_forms import Faults
from app.config import current
from app.errors import ErrorReason
from app.models.bulk_accounts import insert_accounts, storable
from app.models.long_operations import BATCH
from app.permissions import ADMIN

LONGEST_LINE = 64 * 1024  # bytes; a hundred times what an account needs
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Unreadable(Enum):
    """Why a line is no account at all."""

    TOO_LONG = f"Longer than {LONGEST_LINE} bytes."
    NOT_UTF8 = "Not UTF-8."
    NOT_JSON = "Not JSON."
    NOT_AN_OBJECT = "Not a JSON object."


@dataclass(frozen=True)
class Fault:
    """Why the account of a line was not imported.

    email: normalised, where it is an address. fields: each one at fault and why.
    """

    line: int
    why: Unreadable | None = None
    email: str | None = None
    fields: Faults = ()


@dataclass
class Batch:
    """What became of some lines. known: imported before. size: of the lines, in bytes."""

    imported: int = 0
    administrators: int = 0
    known: int = 0
    size: int = 0
    faults: list[Fault] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)


class _Line(NamedTuple):
    number: int
    text: bytes | None  # None: too long
    size: int


class _UnreadableError(Exception):
    def __init__(self, why: Unreadable) -> None:
        super().__init__(why.name)
        self.why = why


def import_users(source: BinaryIO, *, verified: bool = False) -> Iterator[Batch]:
    """Import accounts, one JSON object a line, and tell what became of each batch of lines.

    What is at fault is left out, and the rest imported. Run again, after a kill at any point too,
    it imports what is missing. No event is kept and no mail written of an account that moves.
    verified: whether addresses are proved unless a line says otherwise.
    Raises AccountError(DATABASE_UNAVAILABLE) between two batches; those told are in.
    """
    batch, accounts, repeated = Batch(), [], False
    for line in _lines(source):
        batch.size += line.size
        if line.text is None or line.text.strip():
            _read(line, batch, accounts, verified)
        if len(accounts) + len(batch.faults) >= BATCH:
            yield _inserted(batch, accounts, repeated)
            batch, accounts, repeated = Batch(), [], batch.known > 0
    yield _inserted(batch, accounts, repeated)


def _read(line: _Line, batch: Batch, accounts: list[tuple[int, Any]], verified: bool) -> None:
    try:
        values, faults, ignored = read_account(_document(line))
    except _UnreadableError as fault:
        batch.faults.append(Fault(line.number, fault.why))
        return
    batch.ignored |= ignored
    if faults:
        batch.faults.append(Fault(line.number, email=values.get("email"), fields=faults))
        return
    proved, spoken = {"email_verified": verified}, {"locale": current().default_locale}
    accounts.append((line.number, storable(proved | spoken | values)))


def _inserted(batch: Batch, accounts: list[tuple[int, Any]], repeated: bool) -> Batch:
    done = insert_accounts([account for _, account in accounts], look_first=repeated)
    for place, (number, account) in enumerate(accounts):
        if name := done.taken.get(place):
            taken = [((name,), ErrorReason.ALREADY_EXISTS)]
            batch.faults.append(Fault(number, email=account["email"], fields=taken))
        elif place in done.known:
            batch.known += 1
        else:
            batch.imported += 1
            batch.administrators += ADMIN.name in account["roles"]
    batch.faults.sort(key=lambda fault: fault.line)
    return batch


def _lines(source: BinaryIO) -> Iterator[_Line]:
    for number in count(1):
        text = piece = source.readline(LONGEST_LINE)
        size = len(piece)
        while len(piece) == LONGEST_LINE and not piece.endswith(b"\n"):
            text, piece = None, source.readline(LONGEST_LINE)
            size += len(piece)
        if not size:
            return
        if number == 1 and text:
            text = text.removeprefix(BYTE_ORDER_MARK)
        yield _Line(number, text, size)


def _document(line: _Line) -> dict[str, Any]:
    if line.text is None:
        raise _UnreadableError(Unreadable.TOO_LONG)
    try:
        document = json.loads(line.text.decode())
    except UnicodeDecodeError:
        raise _UnreadableError(Unreadable.NOT_UTF8) from None
    except (ValueError, RecursionError):
        raise _UnreadableError(Unreadable.NOT_JSON) from None
    if not isinstance(document, dict):
        raise _UnreadableError(Unreadable.NOT_AN_OBJECT)
    return document
