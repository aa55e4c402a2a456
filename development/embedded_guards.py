"""Corrections of SecantusDB 0.7.0b3. Each guard has a test that fails without it."""

import datetime
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bson import Regex
from secantus import commands, expressions, transactions
from secantus.sortkey import encode_value_directed
from secantus.storage import Storage
from secantus.transactions import TransactionRegistry

LOWER_BOUNDS = {"$gt", "$gte"}
UPPER_BOUNDS = {"$lt", "$lte"}

Function = Callable[..., Any]
Query = dict[str, Any]


def install() -> None:
    """Patch the server in this process. Call it once, before a store is opened.

    A query plan names the rows that may match; the server then checks each of them against the
    whole filter. So a guard may make a plan return too many rows, but never too few.
    """
    plan = _ignore_regexes(_use_one_bound_for_arrays(Storage._try_index_id_keys))
    _replace(Storage, "_try_index_id_keys", _plan_inside_and_or(plan))
    _wrap(Storage, "_lookup_id_keys_via_leading_field", _sort_by_index)
    _wrap(Storage, "_pick_compound_eq_index", _require_leading_fields)
    _wrap(Storage, "_pick_compound_range_index", _require_range_on_last_field)
    _wrap(commands, "_find_and_modify_impl", _lock_collection)
    _wrap(expressions, "_resolve_var", _convert_dates_to_stored_form)
    _replace(TransactionRegistry, "_prune_retryable_locked", _prune_oldest_retryable_writes)


def _wrap(owner: object, name: str, guard: Callable[[Function], Function]) -> None:
    _replace(owner, name, guard(getattr(owner, name)))


def _replace(owner: object, name: str, function: Function) -> None:
    if not hasattr(owner, name):
        raise AttributeError(f"{owner!r} has no {name} to replace")
    setattr(owner, name, function)


def _ignore_regexes(plan: Function) -> Function:
    # The server looked up a regex in the index as if it were the value to find, and found nothing.
    @functools.wraps(plan)
    def guarded(
        storage: Storage, db: str, coll: str, query: Query, *, collation: Any = None
    ) -> Any:
        rest = {field: clause for field, clause in query.items() if not _contains_regex(clause)}
        return plan(storage, db, coll, rest, collation=collation)

    return guarded


def _contains_regex(clause: object) -> bool:
    if isinstance(clause, dict):
        return any(_contains_regex(part) for part in clause.values())
    if isinstance(clause, list):
        return any(_contains_regex(part) for part in clause)
    return isinstance(clause, Regex)


def _use_one_bound_for_arrays(plan: Function) -> Function:
    # Different elements of an array may meet the two bounds: [1, 9] has one above 4 and one below
    # 6. The server read the index between the bounds, where such an array has no entry.
    @functools.wraps(plan)
    def guarded(
        storage: Storage, db: str, coll: str, query: Query, *, collation: Any = None
    ) -> Any:
        widened = {
            field: _drop_upper_bounds(clause)
            if _is_two_sided(clause) and _has_array_index(storage, db, coll, field)
            else clause
            for field, clause in query.items()
        }
        return plan(storage, db, coll, widened, collation=collation)

    return guarded


def _is_two_sided(clause: object) -> bool:
    return isinstance(clause, dict) and bool(
        LOWER_BOUNDS & clause.keys() and UPPER_BOUNDS & clause.keys()
    )


def _drop_upper_bounds(clause: Query) -> Query:
    return {operator: bound for operator, bound in clause.items() if operator not in UPPER_BOUNDS}


def _has_array_index(storage: Storage, db: str, coll: str, field: str) -> bool:
    array_indexes = storage._multikey_index_names(db, coll)
    return any(
        field in key and name in array_indexes
        for name, key, _sparse, _unique in storage._all_indexes(db, coll)
    )


def _plan_inside_and_or(plan: Function) -> Function:
    # The server scanned the collection for any filter with a $-operator beside its fields. Every
    # find_one_and_* is one: it writes by {"_id": found, "$and": [filter]}, to check that the
    # document still matches, and so read the whole collection to write one document.
    @functools.wraps(plan)
    def guarded(
        storage: Storage, db: str, coll: str, query: Query, *, collation: Any = None
    ) -> Any:
        def find_rows(part: Query) -> Any:
            return guarded(storage, db, coll, part, collation=collation)

        fields = {field: clause for field, clause in query.items() if not field.startswith("$")}
        rows = plan(storage, db, coll, fields, collation=collation)
        for part in _list_parts(query, "$and"):
            rows = find_rows(part) if rows is None else rows
        return _join_rows(map(find_rows, _list_parts(query, "$or"))) if rows is None else rows

    return guarded


def _join_rows(planned: Iterable[list[Any] | None]) -> list[Any] | None:
    # If one part has no plan the collection is scanned anyway, and the other plans save nothing.
    joined: list[Any] = []
    for rows in planned:
        if rows is None:
            return None
        joined += rows
    return joined or None


def _list_parts(query: Query, operator: str) -> list[Query]:
    # A malformed operator is left to the check against the whole filter, which names the error.
    parts = query.get(operator)
    if isinstance(parts, list) and all(isinstance(part, dict) for part in parts):
        return parts
    return []


def _sort_by_index(look_up: Function) -> Function:
    # find() assumes that rows found by an index of one field are sorted by that field. For $in
    # the server returned them in the order of the filter's values.
    @functools.wraps(look_up)
    def guarded(
        storage: Storage,
        db: str,
        coll: str,
        index: tuple[str, int, bool],
        clause: Any,
        *,
        collation: Any = None,
    ) -> Any:
        if isinstance(clause, dict) and isinstance(clause.get("$in"), list):
            _name, direction, _is_compound = index
            encode = functools.partial(encode_value_directed, collation=collation)
            values = sorted(clause["$in"], key=lambda value: encode(value, direction))
            clause = {**clause, "$in": values}
        return look_up(storage, db, coll, index, clause, collation=collation)

    return guarded


def _require_leading_fields(pick: Function) -> Function:
    # The server dropped a field that a partial index's filter already settles, and then looked up
    # the others as if they led the index, wherever they stood in it. That found nothing.
    def leads(fields: list[str], query: Query) -> bool:
        queried = [field for field in fields if field in query]
        return queried == fields[: len(queried)]

    return _accept_picked(pick, leads)


def _require_range_on_last_field(pick: Function) -> Function:
    # The server compared a range on one field with whole keys, later fields included. So $lte
    # found no row equal to its bound, and the second page of events of one moment was empty. With
    # this guard such an index serves only for the fields before the range.
    return _accept_picked(pick, lambda fields, query: fields[-1] in query)


def _accept_picked(pick: Function, accepts: Callable[[list[str], Query], bool]) -> Function:
    """Guard the choice of an index: keep it if its fields suit the query, else use none."""

    @functools.wraps(pick)
    def guarded(
        storage: Storage, db: str, coll: str, query: Query, *, collation: Any = None
    ) -> Any:
        picked = pick(storage, db, coll, query, collation=collation)
        return picked if picked and accepts(list(picked[1]), query) else None

    return guarded


def _lock_collection(find_and_modify: Function) -> Function:
    # With upsert the server read first and wrote later. If another client inserted in between, it
    # changed that document and replied that there had been none: a new counter's first visitors
    # all got None.
    @functools.wraps(find_and_modify)
    def guarded(command: Mapping[str, Any], context: Any) -> Any:
        with context.storage._coll_lock(context.db_name, command["findAndModify"]):
            return find_and_modify(command, context)

    return guarded


def _convert_dates_to_stored_form(resolve: Function) -> Function:
    # Stored dates are read as naive UTC in milliseconds; $$NOW had a time zone. Python cannot
    # compare the two, and the server's expression then gave a wrong result without an error.
    @functools.wraps(resolve)
    def guarded(name: str, context: Any) -> Any:
        value = resolve(name, context)
        if not isinstance(value, datetime.datetime) or value.tzinfo is None:
            return value
        naive = value.astimezone(datetime.UTC).replace(tzinfo=None)
        return naive.replace(microsecond=naive.microsecond // 1000 * 1000)

    return guarded


def _prune_oldest_retryable_writes(registry: TransactionRegistry) -> None:
    # The server keeps the replies of the last 10,000 retryable writes, and walked all of them
    # twice at each write. They stand in order of time: it is enough to look at the oldest.
    records = registry._retryable
    expired = registry._time() - transactions._RETRYABLE_RECORD_LIFETIME_SECONDS
    while records:
        oldest = next(iter(records))
        _reply, stored_at, _identity = records[oldest]
        if stored_at >= expired and len(records) <= transactions._RETRYABLE_RECORD_MAX:
            return
        del records[oldest]
