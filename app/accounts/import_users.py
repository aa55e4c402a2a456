"""An operator imports accounts: those of this project's ancestor, or an export of ours."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import Any, BinaryIO, NamedTuple

from app.accounts.forms import FieldErrors
from app.accounts.import_forms import read_account
from app.config import current
from app.errors import ErrorReason
from app.models.bulk_accounts import insert_accounts, make_stored_account
from app.models.long_operations import BATCH
from app.models.queries import Stored
from app.permissions import ADMIN

LONGEST_LINE = 64 * 1024  # bytes; a hundred times what an account needs
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Unreadable(Enum):
    """Why a line is not an account."""

    TOO_LONG = f"Longer than {LONGEST_LINE} bytes."
    NOT_UTF8 = "Not UTF-8."
    NOT_JSON = "Not JSON."
    NOT_AN_OBJECT = "Not a JSON object."


@dataclass(frozen=True)
class Fault:
    """Why the account of a line was not imported.

    email: normalised, if it is an address. fields: the errors of the fields.
    """

    line: int
    why: Unreadable | None = None
    email: str | None = None
    fields: FieldErrors = field(default_factory=list)


@dataclass
class Batch:
    """What became of some lines.

    known: accounts that were imported before. size: of the lines, in bytes. ignored: unknown names.
    """

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


_Numbered = tuple[int, Stored]  # an account, and the number of its line


class _UnreadableError(Exception):
    def __init__(self, why: Unreadable) -> None:
        super().__init__(why.name)
        self.why = why


def import_users(source: BinaryIO, *, verified: bool = False) -> Iterator[Batch]:
    """Import accounts, one JSON object a line, and yield the result of each batch of lines.

    Lines with errors are left out. Run again, it imports what is missing, even if it was killed at
    any point. Imported accounts get neither a security event nor mail.
    verified: whether addresses count as proved, unless a line says otherwise.
    Raises AccountError(DATABASE_UNAVAILABLE) between two batches; the yielded ones are stored.
    """
    batch, accounts, repeated = Batch(), list[_Numbered](), False
    for line in _read_lines(source):
        batch.size += line.size
        if line.text is None or line.text.strip():
            _read_account(line, batch, accounts, verified)
        if len(accounts) + len(batch.faults) >= BATCH:
            yield _insert(batch, accounts, repeated)
            batch, accounts, repeated = Batch(), [], batch.known > 0
    yield _insert(batch, accounts, repeated)


def _read_account(line: _Line, batch: Batch, accounts: list[_Numbered], verified: bool) -> None:
    try:
        values, errors, unknown = read_account(_parse_line(line))
    except _UnreadableError as fault:
        batch.faults.append(Fault(line.number, fault.why))
        return
    batch.ignored |= unknown
    if errors:
        batch.faults.append(Fault(line.number, email=values.get("email"), fields=errors))
        return
    defaults = {"email_verified": verified, "locale": current().default_locale}
    accounts.append((line.number, make_stored_account(defaults | values)))


def _insert(batch: Batch, accounts: list[_Numbered], repeated: bool) -> Batch:
    done = insert_accounts([account for _, account in accounts], look_first=repeated)
    for place, (number, account) in enumerate(accounts):
        if name := done.taken.get(place):
            taken: FieldErrors = [((name,), ErrorReason.ALREADY_EXISTS)]
            batch.faults.append(Fault(number, email=account["email"], fields=taken))
        elif place in done.known:
            batch.known += 1
        else:
            batch.imported += 1
            batch.administrators += ADMIN.name in account["roles"]
    batch.faults.sort(key=lambda fault: fault.line)
    return batch


def _read_lines(source: BinaryIO) -> Iterator[_Line]:
    text: bytes | None
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


def _parse_line(line: _Line) -> dict[str, Any]:
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
