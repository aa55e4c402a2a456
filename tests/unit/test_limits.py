"""The limits of one request: a request at the limit passes, one over it is refused by name."""

import re
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import graphene
import pytest
from graphql import get_introspection_query

from app.accounts.caller import Caller
from app.config import load_settings
from app.models.user import User
from schema import guard
from schema.context import Context
from schema.engine.documents import DocumentCache
from schema.engine.execution import Parameters, RequestError
from schema.engine.limits import LIMIT_SETTINGS, Limits
from schema.engine.options import Options
from schema.executor import build_executor
from schema.root import build_schema
from tests.client import REGISTER, Client
from tests.factories import PASSWORD, person

SCHEMA = build_schema()
GRAPHIQL = Path(__file__).parent.parent.parent / "app" / "web" / "pages" / "graphiql" / "boot.js"
FULL_INTROSPECTION = get_introspection_query(
    descriptions=True,
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    input_object_one_of=True,
)
WORST_MILLISECONDS = 50


def make_cache(limits: Limits | None = None, *, introspection: bool = True) -> DocumentCache:
    options = Options(
        limits=limits or Limits(),
        introspection=introspection,
        root_mutation_limits={"login": ("logins", 1)},
    )
    return DocumentCache(SCHEMA.graphql_schema, options)


def find_refusal(text: str, limits: Limits | None = None) -> tuple[str, int] | str | None:
    """Return the limit, or else the reason, that refuses a document; None if it passes."""
    errors = make_cache(limits).get(text).errors
    fault = errors[0].original_error if errors else None
    return fault and (fault.limit or fault.reason.name)


def repeat(piece: str, count: int) -> str:
    """Repeat a piece `count` times; # becomes the number."""
    return " ".join(piece.replace("#", str(number)) for number in range(count))


def nest(field: str, depth: int, leaf: str) -> str:
    return f"{field} {{ " * depth + leaf + " }" * depth


def make_fields(size: int) -> str:
    """Return a document of `size` fields, all in different places."""
    whole, rest = divmod(size, 3)
    return (
        repeat("fragment F# on Query { passwordPolicy { minLength maxLength } }", 1)
        + f" query P {{ ...F0 {repeat('a#: passwordPolicy { minLength maxLength }', 29)} }}"
        + repeat("query Q# { passwordPolicy { minLength maxLength } }", whole - 30)
        + (f" query R {{ {'__typename ' * rest} }}" if rest else "")
    )


def make_costly_query(size: int) -> str:
    """Return a query with this cost."""
    rows, rest = divmod(size - 1, 3)
    return f"{{ users(first: {rows}) {{ edges {{ node {{ id }} }} }} {'__typename ' * rest} }}"


def declare_variables(size: int) -> str:
    used = repeat("...F @skip(if: $v#)", size)
    query = f"query ({repeat('$v#: Boolean!', size)}) {{ {used} }}"
    return f"{query} fragment F on Query {{ me {{ id }} }}"


def login(alias: str = "login", password: str = "x") -> str:
    given = f'{{email: "ana@example.com", password: "{password}"}}'
    return f"{alias}: login(input: {given}) {{ user {{ id }} }}"


DOCUMENTS: dict[str, tuple[int, Callable[[int], str]]] = {
    "characters": (15_000, lambda size: "{ me { id } }".ljust(size)),
    "tokens": (2_000, lambda size: f"{{ users(after: [{'1 ' * (size - 12)}]) {{ totalCount }} }}"),
    "operations": (50, lambda size: repeat("query Q# { me { id } }", size)),
    "fields": (200, make_fields),
    "spreads": (
        200,
        lambda size: f"{{ me {{ {'...F ' * size} }} }} fragment F on User {{ id }}",
    ),
    "fragments": (
        20,
        lambda size: f"{{ me {{ {repeat('...F#', size)} }} }}"
        + repeat("fragment F# on User { id }", size),
    ),
    "variables": (30, declare_variables),
    "directives": (50, lambda size: f"{{ me {{ {'id @skip(if: true) ' * size} }} }}"),
    "depth": (10, lambda size: "{ " + nest("me", size - 1, "id") + " }"),
    "introspection depth": (
        15,
        lambda size: "{ __schema { types { " + nest("ofType", size - 3, "name") + " } } }",
    ),
    "aliases": (30, lambda size: f"{{ me {{ id {repeat('a#: id', size)} }} }}"),
    "root mutations": (
        5,
        lambda size: f"mutation {{ {repeat('a#: logout { sessionsEnded }', size)} }}",
    ),
    "logins": (1, lambda size: f"mutation {{ {' '.join(login(f'a{n}') for n in range(size))} }}"),
    "cost": (5_000, make_costly_query),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_refused_one_over_a_limit(name: str) -> None:
    maximum, of_size = DOCUMENTS[name]
    assert find_refusal(of_size(maximum)) == (
        "INVALID_OPERATION" if name in ("tokens", "depth") else None
    )
    assert find_refusal(of_size(maximum + 1)) == (name, maximum)


@pytest.mark.parametrize("name", sorted(DOCUMENTS.keys() - {"fields", "logins"}))
def test_a_setting_changes_its_limit(name: str) -> None:
    maximum, of_size = DOCUMENTS[name]
    lower = replace(Limits(), **{LIMIT_SETTINGS[name]: maximum // 2})
    assert find_refusal(of_size(maximum // 2), lower) == find_refusal(of_size(maximum))
    assert find_refusal(of_size(maximum // 2 + 1), lower) == (name, maximum // 2)


def test_every_setting_of_a_limit_is_tested() -> None:
    assert {setting for setting in LIMIT_SETTINGS.values() if setting} == {
        row.name for row in fields(Limits)
    }


@pytest.mark.parametrize("row", fields(Limits), ids=lambda row: row.name)
def test_a_limit_is_read_from_the_environment_within_its_range(row: object) -> None:
    least, most = row.metadata["range"]
    environment = {"FLASK_ENV": "testing"}
    assert load_settings(environment).limits == Limits()
    for value in (least, most):
        limits = load_settings({**environment, row.name.upper(): str(value)}).limits
        assert limits == replace(Limits(), **{row.name: value})
    for value in (least - 1, most + 1):
        with pytest.raises(Exception, match=f"^{row.name.upper()}: "):
            load_settings({**environment, row.name.upper(): str(value)})


def test_operations_of_common_tools_pass() -> None:
    example = re.search(r"const EXAMPLE = `(.+?)`;", GRAPHIQL.read_text("utf-8"), re.DOTALL)[1]
    assert example.count("\nmutation ") == 2
    assert example.count("\nquery ") == 2
    assert [find_refusal(text) for text in (example, REGISTER)] == [None, None]
    assert [find_refusal(text) for text in (FULL_INTROSPECTION, get_introspection_query())] == [
        None
    ] * 2


def test_comments_count_as_tokens() -> None:
    assert find_refusal("#\n" * 2000 + "{ me { id } }") is None
    assert find_refusal("#\n" * 2001 + "{ me { id } }") == ("tokens", 2000)


def test_the_length_of_a_string_does_not_count() -> None:
    told = "Syntax Error: Document contains more than 2000 tokens. Parsing aborted."
    assert find_refusal(f'{{ "{told}" }}') == "SYNTAX_ERROR"


# ------------------------------------------------------------------ fragments


BOMBS = {
    "six of the next each": "{me{...A}}"
    + "".join(
        f"fragment {chr(n)} on User{{{f'...{chr(n + 1)} ' * 6}}}" for n in range(65, 83)
    )
    + "fragment S on User{id}",
    "doubling": "{ me { ...F0 } }"
    + "".join(f"fragment F{n} on User {{ ...F{n + 1} ...F{n + 1} }}" for n in range(19))
    + "fragment F19 on User { id }",
    "everyone by everyone before": "{ me { ...F0 } }"
    + "".join(
        f"fragment F{n} on User {{ id {' '.join(f'...F{m}' for m in range(n + 1, 18))} }}"
        for n in range(18)
    ),
    "below two aliases each": "{ ...F0 }"
    + "".join(
        f"fragment F{n} on Query {{ a: me {{ ...F{n + 1} }} b: me {{ ...F{n + 1} }} }}"
        for n in range(9)
    )
    + "fragment F9 on Query { x: __typename y: __typename z: __typename u: __typename "
    + repeat("v#: __typename", 10) + " }",
    "by each operation": repeat("query Q# { me { ...F } }", 50)
    + f"fragment F on User {{ {repeat('a#: id', 20)} {repeat('b#: email', 20)} "
    + f"{repeat('c#: locale', 20)} {repeat('d#: fullName', 20)} {repeat('e#: roles', 21)} }}",
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_exponential_fragments_are_refused(name: str) -> None:
    assert find_refusal(BOMBS[name]) == ("cost", 5000)
    assert measure_new_document(BOMBS[name]) <= WORST_MILLISECONDS


@pytest.mark.parametrize(
    "text",
    [
        "{ me { ...F } } fragment F on User { ...F }",
        "{ me { ...F } } fragment F on User { ...G } fragment G on User { id ...F }",
        "{ me { id } } fragment F on User { ... { address { ...F } } }",
    ],
)
def test_cycles_of_fragments_are_refused(text: str) -> None:
    assert find_refusal(text) == ("fragment cycles", 0)


def test_an_unknown_fragment_is_left_to_validation() -> None:
    assert find_refusal("{ me { ...Nobody } }") == "INVALID_OPERATION"


# ------------------------------------------------------------------ depth


@pytest.mark.parametrize(
    "text",
    [
        "{ me { address { city } } }",
        "{ ... { me { ... { address { ... @skip(if: false) { city } } } } } }",
        "{ me { ...F } } fragment F on User { address { city } }",
        "{ ...F } fragment F on Query { me { ...G } } fragment G on User { address { ...H } }"
        " fragment H on Address { city }",
    ],
)
def test_depth_counts_fields_in_fragments_too(text: str) -> None:
    assert find_refusal(text, replace(Limits(), max_depth=3)) is None
    assert find_refusal(text, replace(Limits(), max_depth=2)) == ("depth", 2)


def test_introspection_has_a_separate_depth_limit() -> None:
    limits = replace(Limits(), max_depth=2, max_introspection_depth=5)
    five = "__schema { types { fields { type { name } } } }"
    split = "{ __schema { ...F } } fragment F on __Schema { types { ...G } } fragment G on __Type"
    assert find_refusal(f"{{ {five} me {{ id }} }}", limits) is None
    assert find_refusal(f"{split} {{ fields {{ type {{ name }} }} }}", limits) is None
    assert find_refusal(f"{split} {{ fields {{ type {{ ofType {{ name }} }} }} }}", limits) == (
        "introspection depth",
        5,
    )
    assert find_refusal("{ me { address { city } } }", limits) == ("depth", 2)


def test_types_nested_by_fragments_are_refused() -> None:
    chain = "".join(f"fragment F{n} on __Type {{ ofType {{ ...F{n + 1} }} }}" for n in range(19))
    text = '{ __type(name: "User") { ...F0 } }' + chain + "fragment F19 on __Type { name }"
    assert find_refusal(text) == ("introspection depth", 15)


@pytest.mark.parametrize("text", ["{a" * 150 + "}" * 150, "{a" * 1_000, "{ me(a: " + "[" * 500])
def test_nesting_too_deep_to_parse_is_refused(text: str) -> None:
    assert find_refusal(text) == ("depth", 10)


def test_nested_inline_fragments_are_limited_to_what_validation_can_handle() -> None:
    parts = "".join(
        f"fragment F{n} on User {{ {'... { ' * 60} {inner} {'} ' * 60} }}"
        for n, inner in enumerate(["...F1", "...F2", "...F3", "id"])
    )
    wide = replace(Limits(), max_fields=1_000)
    assert find_refusal("{ me { ...F0 } }" + parts, wide) == ("depth", 10)


# ------------------------------------------------------------------ operations


def test_each_operation_is_counted_separately() -> None:
    twenty = f"{{ me {{ {repeat('a#: id', 20)} }} }}"
    assert find_refusal(f"query A {twenty} query B {twenty}") is None
    assert find_refusal(f"mutation A {{ {login()} }} mutation B {{ {login()} }}") is None
    assert find_refusal(f"query A {twenty} query B {{ {nest('me', 10, 'id')} }}") == ("depth", 10)


def test_aliases_are_counted_through_fragments() -> None:
    parts = repeat("fragment F# on User { a#: id b#: id }", 16)
    assert find_refusal(f"{{ me {{ {repeat('...F#', 15)} }} }} {parts}") == "INVALID_OPERATION"
    assert find_refusal(f"{{ me {{ {repeat('...F#', 16)} }} }} {parts}") == ("aliases", 30)


def test_the_same_alias_in_many_places_counts_once() -> None:
    assert find_refusal(f"{{ {repeat('p#: passwordPolicy { least: minLength }', 30)} }}") is None
    assert find_refusal(repeat("query Q# { me { key: id } }", 50)) is None


HIDDEN = [
    f"mutation {{ {login('a')} {login('b')} }}",
    f"mutation {{ {login('a')} ... {{ {login('b')} }} }}",
    f"mutation {{ {login('a')} ... on Mutation @include(if: true) {{ {login('b')} }} }}",
    f"mutation {{ {login('a')} ...F }} fragment F on Mutation {{ {login('b')} }}",
    f"mutation {{ ...F ...G }} fragment F on Mutation {{ {login('a')} }}"
    f" fragment G on Mutation {{ ... {{ {login('b')} }} }}",
    f"mutation {{ ...F }} fragment F on Mutation {{ ...G {login('a')} }}"
    f" fragment G on Mutation {{ {login('b')} }}",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_two_logins_in_one_request_are_refused_and_neither_runs(
    text: str, api: Client, commands: list[str]
) -> None:
    api.register({**person(), "email": "ana@example.com"})
    before = User.objects.get().to_mongo()
    commands.clear()
    answer = api.send(text.replace('"x"', f'"{PASSWORD}"'))
    assert answer.status == 400
    assert answer.error["extensions"]["limit"] == {"name": "logins", "maximum": 1}
    assert commands == []
    assert User.objects.get().to_mongo() == before


def test_the_same_login_selected_twice_counts_once() -> None:
    text = f"mutation {{ {login()} ...F }} fragment F on Mutation {{ {login()} }}"
    assert find_refusal(text) is None


# ------------------------------------------------------------------ cost


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("{ me { id } }", 2),
        ("{ passwordPolicy { minLength maxLength } __typename }", 4),
        ("{ users { totalCount } }", 21),
        ("{ users(first: 3) { totalCount edges { node { id } } } }", 13),
        ("{ users(first: null) { totalCount } }", 21),
        ("{ users(first: 0) { totalCount } }", 2),
        ("{ users(first: 2) { ...F ...F } } fragment F on UserConnection { totalCount }", 5),
        ("{ ...F users { ...G } } fragment F on Query { few: users(first: 5) { ...G } }"
         " fragment G on UserConnection { edges { cursor } }", 1 + 10 + 1 + 40),
        ("{ __schema { types { fields { name } } } }", 4),
        ("{ __type(name: \"User\") { ...T } } fragment T on __Type { fields { name } }", 3),
        ("{ errorCatalog { reason code } }", 1 + 20 * 2),
        ("{ me { roles sessions { id device } } }", 1 + 1 + 1 + 20 * 2),
        ("{ users(first: 5) { edges { node { sessions { id } } } } }", 1 + 5 * (1 + 1 + 1 + 20)),
        ("{ me { securityEvents { edges { node { id } } } } }", 1 + 1 + 20 * 3),
        ("{ me { securityEvents(first: 50) { edges { node { id } } } } }", 1 + 1 + 50 * 3),
    ],
)  # fmt: skip
def test_cost_is_fields_times_page_sizes(text: str, cost: int) -> None:
    assert find_refusal(text, replace(Limits(), max_cost=cost)) is None
    assert find_refusal(text, replace(Limits(), max_cost=cost - 1)) == ("cost", cost - 1)


def run_with_cost_limit(
    text: str, variables: dict | None, maximum: int
) -> tuple[str, int] | str | None:
    """Run a query; return the limit or reason that refuses it, or None if it ran."""
    executor = build_executor(SCHEMA, limits=replace(Limits(), max_cost=maximum))
    asked = Parameters(text, variables)
    try:
        executor.run(
            executor.prepare(asked), asked, Context(Caller(accepted_locale="en"), request_id="id")
        )
    except RequestError as refused:
        fault = refused.errors[0].original_error
        return fault.limit or fault.reason.name
    return None


@pytest.mark.parametrize(
    ("declared", "variables", "size"),
    [
        ("$n: Int", {"n": 30}, 30),
        ("$n: Int", {"n": 7000}, 7000),
        ("$n: Int", {"n": None}, 20),
        ("$n: Int", {}, 20),
        ("$n: Int = 30", {}, 30),
        ("$n: Int = 30", None, 30),
        ("$n: Int!", {"n": 101}, 101),
        ("$n: Int", {"n": -5}, 1),
    ],
)
def test_a_variable_page_size_counts_with_its_value_in_each_run(
    declared: str, variables: dict | None, size: int
) -> None:
    text = f"query ({declared}) {{ users(first: $n) {{ totalCount }} }}"
    assert run_with_cost_limit(text, variables, 1 + size) is None
    assert run_with_cost_limit(text, variables, size) == ("cost", size)


def test_a_document_too_costly_for_any_variables_is_refused_before_it_runs() -> None:
    text = "query ($n: Int) { users(first: $n) { totalCount edges { node { id } } } }"
    assert find_refusal(text, replace(Limits(), max_cost=4)) == ("cost", 4)


# ------------------------------------------------------------------ one run


def nest_lists(depth: int) -> list:
    value: list = []
    for _ in range(depth - 1):
        value = [value, {"a": 1}] if depth % 2 else [value]
    return value


@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: {"a": {"b": value}}])
def test_variables_may_be_nested_up_to_their_limit(api: Client, wrap: Callable) -> None:
    text = "query ($a: Boolean = true) { passwordPolicy { minLength @include(if: $a) } }"
    outer = 2 if isinstance(wrap([]), dict) else 0
    assert api.send(text, {"unused": wrap(nest_lists(32 - outer)), "b": {}}).errors == []
    for variables in ({"unused": wrap(nest_lists(33 - outer))}, {"a": nest_lists(33)}):
        answer = api.send(text, variables)
        assert answer.status == 400
        assert answer.error["extensions"]["limit"] == {"name": "variable depth", "maximum": 32}
        assert "data" not in answer.body


def test_a_refusal_names_its_limit(api: Client) -> None:
    answer = api.send("{ me { " + repeat("a#: id", 31) + " } }", language="en")
    assert answer.status == 400
    assert answer.error["extensions"].pop("requestId")
    assert answer.error == {
        "message": "The GraphQL operation exceeds the limits.",
        "extensions": {
            "code": "OPERATION_TOO_COMPLEX",
            "reason": "OPERATION_TOO_COMPLEX",
            "limit": {"name": "aliases", "maximum": 30},
        },
    }


def test_a_response_has_only_the_first_errors(api: Client) -> None:
    invalid = api.send("{ me { " + repeat("wrong#", 12) + " } }")
    assert len(invalid.errors) == 10
    assert "wrong0" in invalid.errors[0]["extensions"]["detail"]
    assert "wrong9" in invalid.errors[9]["extensions"]["detail"]
    failed = api.send("{ " + repeat("m#: me { id }", 12) + " }")
    assert [error["path"] for error in failed.errors] == [[f"m{n}"] for n in range(10)]
    assert len(failed.data) == 12


class Slow(graphene.ObjectType):
    """A query whose field takes eleven seconds."""

    wait = guard.public(
        graphene.Field(
            graphene.Int,
            resolver=lambda root, info: setattr(info.context, "started", info.context.started - 11),
        )
    )


def test_no_field_starts_after_the_time_limit() -> None:
    executor = build_executor(build_schema(mutation=Slow))
    asked = Parameters("mutation { a: wait b: wait c: wait }")
    context = Context(Caller(accepted_locale="en"), request_id="id")
    answer = executor.run(executor.prepare(asked), asked, context)
    assert [error["path"] for error in answer["errors"]] == [["b"], ["c"]]
    assert answer["errors"][0]["extensions"]["limit"] == {"name": "seconds", "maximum": 10}


@pytest.mark.parametrize("text", ["{ passwordPolicy { minLength } }", "{ me { id } }",
                                  "{ users { totalCount } }"])  # fmt: skip
def test_every_kind_of_access_respects_the_time_limit(text: str) -> None:
    executor, asked = build_executor(SCHEMA), Parameters(text)
    late = Context(Caller(accepted_locale="en"), request_id="id", started=time.monotonic() - 10.5)
    answer = executor.run(executor.prepare(asked), asked, late)
    assert answer["errors"][0]["extensions"]["reason"] == "OPERATION_TOO_COMPLEX"


# ------------------------------------------------------------------ introspection


@pytest.mark.parametrize(
    "text", [FULL_INTROSPECTION, '{ __type(name: "User") { name } }', "{ ...F } fragment F on Query"
             " { a: __schema { queryType { name } } }"]
)  # fmt: skip
def test_introspection_can_be_disabled(text: str) -> None:
    refused = make_cache(introspection=False).get(text).errors
    assert refused[0].original_error.reason.name == "INVALID_OPERATION"
    assert make_cache(introspection=True).get(text).errors == ()


def test_typename_is_always_allowed() -> None:
    assert make_cache(introspection=False).get("{ __typename me { __typename } }").errors == ()


def test_introspection_is_disabled_only_in_production() -> None:
    production = {"SECRET_KEY": "k" * 32, "MONGODB_URI": "mongodb://db.example/accounts"}
    assert load_settings({"FLASK_ENV": "development"}).introspection is True
    assert load_settings(production).introspection is False
    assert load_settings({**production, "INTROSPECTION": "true"}).introspection is True


# ------------------------------------------------------------------ the worst


def test_refusals_are_cached() -> None:
    known = make_cache()
    for text in BOMBS.values():
        assert known.get(text) is known.get(text)
    assert len(known) == len(BOMBS)
    known.get("#" * 15_001)
    assert len(known) == len(BOMBS)


def measure_cpu_time(work: Callable[[], object]) -> float:
    """Return the processor time that the work takes, in milliseconds."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def measure_new_document(text: str) -> float:
    """Return the milliseconds that a new document takes: the least of several runs.

    A shared processor is slower. The time is scaled by that of a million additions, which take
    50 ms on an unshared one.
    """
    best = 1e9
    for _ in range(9):
        known = make_cache()
        took = measure_cpu_time(lambda known=known: known.get(text))
        shared = max(1, measure_cpu_time(lambda: sum(n + 1 for n in range(1_000_000))) / 50)
        best = min(best, took / shared)
        if best <= WORST_MILLISECONDS:
            break
    return best


WORST = {
    "fields": "{" + "me " * 21_800 + "}",
    "fields of 2000 tokens": "{" + "a " * 1998 + "}",
    "200 fields alike": "{ me {" + "id " * 199 + "} }",
    "100 objects alike": "{" + "me { id } " * 100 + "}",
    "fields that conflict": "{ me {" + "a: id a: email a: locale " * 66 + "} }",
    "arguments that conflict": "{" + repeat("a: users(first: #) { totalCount }", 100) + "}",
    "aliases": "{ me {" + repeat("a#: id", 199) + "} }",
    "aliases of many fields": "{" + repeat("m#: me { a#: id b#: email }", 30) + "}",
    "spreads": "{ me {" + "...F " * 990 + "} } fragment F on User { id }",
    "spreads of nothing": "{ me {" + repeat("...F#", 990) + "} }",
    "spreads of all by all": "{ me {" + repeat("...F#", 20) + "} }"
    + "".join(
        f"fragment F{n} on User {{ id email {' '.join(f'...F{m}' for m in range(n + 1, 20))} }}"
        for n in range(20)
    ),
    "inline fragments": "{ me {" + "... on User { id } " * 199 + "} }",
    "inline fragments nested": "{ me {" + "... on User { id " * 95 + "} " * 95 + "} }",
    "braces": "{me" * 199 + "}" * 199,
    "braces alone": "{" * 65_000,
    "brackets": "{ users(after: " + "[" * 190 + "]" * 190 + ") { totalCount } }",
    "a list": "{ users(after: [" + "1 " * 1980 + "]) { totalCount } }",
    "lists": "{ users(first: [" + "[], " * 650 + "]) { totalCount } }",
    "deep lists": (
        "{" + repeat(f"a#: users(first: {'[' * 90}1{']' * 90}) {{ totalCount }}", 10) + "}"
    ),
    "late faults": "{ users(after: [" + "{a: 1} " * 360 + "]) { totalCount }"
    + repeat('a#: users(first: "x") { totalCount }', 10) + "}",
    "an object": "mutation { login(input: {" + repeat("a#: 1", 640) + "}) { user { id } } }",
    "an object of one": "mutation { login(input: {" + "email: 1 " * 640 + "}) { user { id } } }",
    "arguments": "{ users(" + "first: 1 " * 640 + ") { totalCount } }",
    "unknown arguments": "{ users(" + repeat("a#: 1", 640) + ") { totalCount } }",
    "a string": '{ me(a: "' + "x" * 14_900 + '") { id } }',
    "escapes": '{ me(a: "' + "\\u0041" * 2_450 + '") { id } }',
    "a block string": '{ me(a: """' + " \n" * 7_400 + '""") { id } }',
    "a number": "{ me(a: " + "9" * 14_900 + ") { id } }",
    "a name": "{" + "a" * 14_900 + "}",
    "a comment": "#" * 14_900 + "\n{ me { id } }",
    "comments": "#\n" * 7_400 + "{ me { id } }",
    "64 KiB of comments": "#\n" * 32_000 + "{ me { id } }",
    "blanks": "\r\n" * 7_400 + "{ me { id } }",
    "operations": repeat("query Q# { me { id } }", 240),
    "50 operations": repeat("query Q# { me { ...F ...G } __typename }", 49)
    + "fragment F on User { id email } fragment G on User { ...F roles }",
    "operations of one name": "query Q { ...F } " * 300 + "fragment F on Query { me { id } }",
    "operations of one fragment": repeat("query Q# { ...F }", 49) + "fragment F on Query {"
    + repeat("a#: users(first: $a, after: $b) { totalCount }", 30)
    + "users(after: [" + "$c " * 550 + "]) { totalCount } }",
    "directives": "{ me { id " + "@include(if: true) " * 390 + "} }",
    "unknown directives": "{ me { id " + repeat("@a#", 990) + "} }",
    "arguments of a directive": "{ me { id @include(" + "if: true " * 640 + ") } }",
    "variables": "query (" + repeat("$a#: Int", 480) + ") { me { id } }",
    "defaults": "query (" + repeat(f"$a#: Int = [{'1 ' * 55}]", 30) + ") { me { id } }",
    "types": repeat("type A# { a: Int }", 240),
    "extensions": "{ me { id } }" + "extend type User { a: Int } " * 240,
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_the_worst_document_takes_little_time(name: str) -> None:
    assert len(WORST[name]) <= 65_536
    assert measure_new_document(WORST[name]) <= WORST_MILLISECONDS
