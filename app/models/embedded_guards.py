"""Wrong answers of SecantusDB 0.7.0b3 put right: each guard has a test that fails without it."""

import datetime
import functools

from bson import Regex
from secantus import commands, expressions
from secantus.sortkey import encode_value_directed
from secantus.storage import Storage

LOWER_BOUNDS = {"$gt", "$gte"}
UPPER_BOUNDS = {"$lt", "$lte"}


def install() -> None:
    """Patch the server in this process; to be called once, before it opens a store.

    A plan names the rows that may match, and the server then holds each of them against the
    whole filter. So a guard may make a plan offer too many rows, and never too few.
    """
    plan = _without_regexes(_arrays_by_one_bound(Storage._try_index_id_keys))
    Storage._try_index_id_keys = _inside_and_or(plan)
    Storage._lookup_id_keys_via_leading_field = _in_order_of_the_index(
        Storage._lookup_id_keys_via_leading_field
    )
    Storage._pick_compound_eq_index = _by_leading_fields(Storage._pick_compound_eq_index)
    Storage._pick_compound_range_index = _by_last_fields(Storage._pick_compound_range_index)
    commands._find_and_modify_impl = _alone_in_its_collection(commands._find_and_modify_impl)
    expressions._resolve_var = _dates_as_stored(expressions._resolve_var)


def _without_regexes(plan):
    # A regex was looked up in the index as if it were the value to be found, which finds nothing.
    @functools.wraps(plan)
    def guarded(storage, db, coll, query, *, collation=None):
        kept = {field: clause for field, clause in query.items() if not _holds_regex(clause)}
        return plan(storage, db, coll, kept, collation=collation)

    return guarded


def _holds_regex(clause) -> bool:
    if isinstance(clause, dict):
        return any(_holds_regex(part) for part in clause.values())
    if isinstance(clause, list):
        return any(_holds_regex(part) for part in clause)
    return isinstance(clause, Regex)


def _arrays_by_one_bound(plan):
    # An array may meet each bound by another of its elements: [1, 9] is above 4 and below 6. The
    # index was read between the two bounds, where such an array has no entry.
    @functools.wraps(plan)
    def guarded(storage, db, coll, query, *, collation=None):
        kept = {
            field: _lower_bounds(clause)
            if _is_two_sided(clause) and _is_array_indexed(storage, db, coll, field)
            else clause
            for field, clause in query.items()
        }
        return plan(storage, db, coll, kept, collation=collation)

    return guarded


def _is_two_sided(clause) -> bool:
    return isinstance(clause, dict) and bool(
        LOWER_BOUNDS & clause.keys() and UPPER_BOUNDS & clause.keys()
    )


def _lower_bounds(clause: dict) -> dict:
    return {operator: bound for operator, bound in clause.items() if operator not in UPPER_BOUNDS}


def _is_array_indexed(storage, db, coll, field) -> bool:
    of_arrays = storage._multikey_index_names(db, coll)
    return any(
        field in key and name in of_arrays
        for name, key, _sparse, _unique in storage._all_indexes(db, coll)
    )


def _inside_and_or(plan):
    # A filter with any $-operator beside its fields was not planned but scanned. Every
    # find_one_and_* is one: it writes by {"_id": found, "$and": [asked]}, to see that what it
    # found still holds, and so read the whole collection to write one document.
    @functools.wraps(plan)
    def guarded(storage, db, coll, query, *, collation=None):
        def rows_of(part):
            return guarded(storage, db, coll, part, collation=collation)

        fields = {field: clause for field, clause in query.items() if not field.startswith("$")}
        rows = plan(storage, db, coll, fields, collation=collation)
        for part in _parts(query, "$and"):
            rows = rows_of(part) if rows is None else rows
        return _all_rows(map(rows_of, _parts(query, "$or"))) if rows is None else rows

    return guarded


def _all_rows(planned):
    # One part that has no plan has to be scanned for, and then the others gain nothing by theirs.
    planned = list(planned)
    return [row for rows in planned for row in rows] if planned and None not in planned else None


def _parts(query, operator) -> list:
    # A malformed one is left to the check against the whole filter, which says what is wrong.
    parts = query.get(operator)
    well_formed = isinstance(parts, list) and all(isinstance(part, dict) for part in parts)
    return parts if well_formed else []


def _in_order_of_the_index(look_up):
    # find() takes what one field's index answers as sorted by that field, and $in was answered in
    # the order its values were asked.
    @functools.wraps(look_up)
    def guarded(storage, db, coll, index, clause, *, collation=None):
        if isinstance(clause, dict) and isinstance(clause.get("$in"), list):
            _name, direction, _is_compound = index
            encode = functools.partial(encode_value_directed, collation=collation)
            asked = sorted(clause["$in"], key=lambda value: encode(value, direction))
            clause = {**clause, "$in": asked}
        return look_up(storage, db, coll, index, clause, collation=collation)

    return guarded


def _by_leading_fields(pick):
    # A field that a partial index's filter already settles was taken out of the question and then
    # looked up as if it led the index, wherever in the index it stood, which finds nothing.
    @functools.wraps(pick)
    def guarded(storage, db, coll, query, *, collation=None):
        picked = pick(storage, db, coll, query, collation=collation)
        if picked is None:
            return None
        fields = list(picked[1])
        asked = [field for field in fields if field in query]
        return picked if asked == fields[: len(asked)] else None

    return guarded


def _by_last_fields(pick):
    # A range on a field that others follow in the index was held against whole keys, theirs
    # included, so that $lte found no row that equals its bound: the second page of events of one
    # moment was empty. The index then only serves by the fields before the range.
    @functools.wraps(pick)
    def guarded(storage, db, coll, query, *, collation=None):
        picked = pick(storage, db, coll, query, collation=collation)
        return picked if picked and list(picked[1])[-1] in query else None

    return guarded


def _alone_in_its_collection(find_and_modify):
    # With upsert it looked, and then wrote: when another had inserted in between, it changed what
    # was there and answered that there was nothing. So a counter's first visitors got None.
    @functools.wraps(find_and_modify)
    def guarded(command, context):
        with context.storage._coll_lock(context.db_name, command["findAndModify"]):
            return find_and_modify(command, context)

    return guarded


def _dates_as_stored(resolve):
    # Stored dates are read as naive UTC to the millisecond, and $$NOW was aware: the two could not
    # be compared, and an expression that cannot compare dates is wrong without an error.
    @functools.wraps(resolve)
    def guarded(name, context):
        value = resolve(name, context)
        if not isinstance(value, datetime.datetime) or value.tzinfo is None:
            return value
        naive = value.astimezone(datetime.UTC).replace(tzinfo=None)
        return naive.replace(microsecond=naive.microsecond // 1000 * 1000)

    return guarded
