"""Compiled operations return exactly what graphql-core's executor returns.

First examples, one for each point; then thousands of random operations in both executors.
"""

import enum
from collections import Counter, UserDict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial, wraps
from itertools import product
from random import Random
from typing import Any
from uuid import UUID
from zlib import crc32

import graphene
import pytest
from graphql import (
    DocumentNode,
    ExecutionContext,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    ValueNode,
    build_schema,
    execute,
    execute_sync,
    get_named_type,
    get_nullable_type,
    get_operation_ast,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    parse,
    print_ast,
    validate,
    value_from_ast_untyped,
)
from graphql.execution import get_variable_values
from graphql.pyutils import Path
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import mutations, nodes, queries

from app.errors import AccountError, ErrorReason
from app.models.record import Record
from schema.engine.compiled import MOST_VARIANTS, CompiledOperation, compile_operation
from schema.executor import LEAF_SHORTCUTS
from schema.root import build_schema as build_real_schema

# ------------------------------------------------------------------------------------ comparing


def compile_text(schema: GraphQLSchema, text: str, name: str | None = None) -> Any:
    document = parse(text)
    assert not validate(schema, document)
    return compile_operation(schema, document, get_operation_ast(document, name), LEAF_SHORTCUTS)


def run_compiled(
    schema: GraphQLSchema, text: str, context: Any = None, name: str | None = None, **raw: Any
) -> ExecutionResult:
    """Return the result of the compiled operation."""
    operation = compile_text(schema, text, name)
    definitions = get_operation_ast(parse(text), name).variable_definitions
    return operation.run(context, get_variable_values(schema, definitions, raw))


def describe(result: ExecutionResult) -> tuple:
    """Return all content of a result; repr keeps the order of keys, and 1, True and 1.0 differ."""
    return repr(result.data), [
        (error.message, error.path, error.locations, repr(error.original_error), error.extensions)
        for error in result.errors or ()
    ]


def run_both(
    schema: GraphQLSchema, text: str, context: Any = None, name: str | None = None, **raw: Any
) -> ExecutionResult:
    """Run both executors, check that their results are equal, and return the result."""
    expected = execute(
        schema, parse(text), context_value=context, variable_values=raw, operation_name=name
    )
    result = run_compiled(schema, text, context, name, **raw)
    assert describe(result) == describe(expected)
    assert [error.nodes for error in result.errors or ()] == [
        error.nodes for error in expected.errors or ()
    ]
    return result


def build_sdl_schema(sdl: str, **resolvers: Callable) -> GraphQLSchema:
    """Build a graphql-core schema; resolvers are named Type_field."""
    schema = build_schema(sdl)
    for name, resolver in resolvers.items():
        type_name, _, field_name = name.partition("_")
        schema.type_map[type_name].fields[field_name].resolve = resolver
    return schema


def build_answering_schema(sdl: str, value: Any) -> GraphQLSchema:
    """Build a schema whose field `it` returns `value`."""
    return build_sdl_schema(sdl, Query_it=lambda *_: value)


def make_failing_resolver(error: BaseException) -> Callable:
    def resolver(*_: Any, **__: Any) -> Any:
        raise error

    return resolver


# ------------------------------------------------------------------------------------- examples

TREE = """
type Query { it: Node, again: Node }
type Node {
  id: ID!, name: String, tags: [String!], next: Node, all: [Node], greet(upper: Boolean): String
}
"""
NODE = {
    "id": "1",
    "name": "one",
    "tags": ["a"],
    "next": {"id": "2", "all": [{"id": "3"}, {"id": "4"}]},
    "all": [{"id": "5", "next": {"id": "6"}}, None],
}


@pytest.mark.parametrize(
    "text",
    [
        "{ it { id } it { tags id } }",
        "{ it { next { id } name } ... { it { tags next { all { id } } } } }",
        "{ ...A ...B ...A } fragment A on Query { it { name } } fragment B on Query { it { id } }",
        "{ it { ...N next { ...N } } } fragment N on Node { all { ... on Node { next { id } } } }",
        "{ z: it { b: id a: id } a: it { id } again { id } __typename }",
        "{ it { __typename all { kind: __typename } } }",
        "{ it { all { id @skip(if: true) } } }",
        "{ it { ...N next { id } all { ...N } } } fragment N on Node { next { all { id } } }",
    ],
)
def test_merges_repeated_fields_at_the_place_of_the_first(text: str) -> None:
    assert run_both(build_answering_schema(TREE, NODE), text).errors is None


SWITCHED = """
query ($a: Boolean!, $b: Boolean = true) {
  it { id @skip(if: $a) ... @include(if: $b) { name } ...N @skip(if: $b) @include(if: $a) }
  again @include(if: $a) { id }
}
fragment N on Node {
  tags @include(if: true) next @include(if: false) { id } all { id @skip(if: $b) }
}
"""


@pytest.mark.parametrize("given", [{"a": True}, {"a": False}, {"b": None}, {"b": False}])
def test_skip_and_include_accept_literals_and_variables(given: dict) -> None:
    run_both(build_answering_schema(TREE, NODE), SWITCHED, **({"a": True} | given))


def test_an_operation_runs_more_variants_than_it_caches() -> None:
    schema = build_answering_schema(TREE, NODE)
    names = [f"s{number}" for number in range(5)]
    definitions = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: id @skip(if: ${name})" for name in names)
    text = f"query ({definitions}) {{ it {{ {fields} }} }}"
    operation = compile_text(schema, text)
    for values in product([True, False], repeat=5):
        given = dict(zip(names, values, strict=True))
        expected = execute(schema, parse(text), variable_values=given)
        assert describe(operation.run(None, given)) == describe(expected)
    assert len(operation._variants) == MOST_VARIANTS


class Attributes:
    """A source with attributes of every kind."""

    name = "of the class"
    tags = ()

    def __init__(self) -> None:
        self.id = "of the instance"

    @property
    def next(self) -> Record:
        return Record({"_id": 7, "name": None})

    @property
    def all(self) -> list:
        raise AttributeError("as if it were missing")


class Called:
    """A value that is also a function, which returns another value."""

    id = name = "of the function"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __call__(self, _info: Any, **_: Any) -> Any:
        return self.answer

    def __repr__(self) -> str:
        return "Called()"


class Person(graphene.ObjectType):
    id = graphene.ID()
    name = graphene.String(default_value="nameless")
    tags = graphene.List(graphene.String)
    next = graphene.Field(lambda: Person)
    all = graphene.List(lambda: Person)


def build_graphene_schema(type_: Any, value: Any) -> GraphQLSchema:
    class Query(graphene.ObjectType):
        it = graphene.Field(type_, resolver=lambda *_: value)

    return graphene.Schema(query=Query).graphql_schema


READABLE = [
    {"id": 1, "next": {}},
    UserDict(id=1, name="kept", next=UserDict(id=2, name="kept")),
    Record({"_id": "1", "next": {"id": "2"}, "all": [Record({"_id": 3}), {"id": 4}]}),
    Attributes(),
    "text",
    0,
    {"all": [Attributes(), {"id": 1}, None, Attributes()]},
    {"name": lambda *_, **__: "called", "tags": lambda *_: ["called"]},
    {"id": "1", "next": Called({"id": "2"}), "name": Called("called")},
]


@pytest.mark.parametrize("source", READABLE, ids=range(len(READABLE)))
@pytest.mark.parametrize("schema", [build_answering_schema, build_graphene_schema])
def test_reads_dicts_and_attributes_as_default_resolvers_do(schema: Any, source: Any) -> None:
    it = schema(TREE if schema is build_answering_schema else Person, source)
    run_both(it, "{ it { id name tags next { id name tags } all { id name } } }")
    run_both(it, "{ it { name tags } }")


def test_graphql_core_calls_methods_and_graphene_does_not() -> None:
    class Methods:
        def greet(self, info: Any, upper: bool) -> str:
            return f"{info.field_name} {upper}"

        def all(self, info: Any) -> list:
            return [{"id": info.field_name}]

    text = "{ it { greet(upper: true) all { id } } }"
    result = run_both(build_answering_schema(TREE, Methods()), text)
    assert result.data == {"it": {"greet": "greet True", "all": [{"id": "all"}]}}
    assert run_both(build_graphene_schema(Person, Methods()), "{ it { all { id } } }").errors


class Text(str):
    """A value of a subclass of str."""

    __slots__ = ()


class Odd:
    """A value of no scalar type, whose `str` raises an error."""

    def __str__(self) -> str:
        raise ValueError("odd")

    def __repr__(self) -> str:
        return "Odd()"


Color = enum.Enum("Color", {"RED": "red", "GREEN": 2, "CRIMSON": "red"})
Role = enum.Enum("Role", {"USER": "USER", "ADMIN": "boss"}, type=str)


class Declared(graphene.Enum):
    ONE = 1
    TWO = "two"


ENUMS = [graphene.Enum.from_enum(Color), graphene.Enum.from_enum(Role), Declared]
STAMP = datetime(2026, 11, 22, 17, 0, 0, 123456, UTC)
VALUES = [
    *("", "text", Text("text"), "RED", "red", "GREEN", "USER", "boss", "ONE", "two", "1", b"bytes"),
    *(0, 1, 2, -(2**31), 2**31, 10**400, 0.0, 1.5, 1e40, float("inf"), float("nan"), True, False),
    *(Color.RED, Color.GREEN, "USER", "ADMIN", Declared.ONE, Declared.TWO, UUID(int=1)),
    *(STAMP, STAMP.replace(tzinfo=None), STAMP.date(), STAMP.time(), Odd(), [], {}, ["x"], object),
    *(None, Undefined, ValueError("returned"), GraphQLError("returned", extensions={"a": 1})),
]
SCALARS = (graphene.ID, graphene.String, graphene.Int, graphene.Float, graphene.Boolean)
MORE_SCALARS = (graphene.DateTime, graphene.Date, graphene.Time, graphene.JSONString)


@pytest.mark.parametrize("type_", [*SCALARS, *MORE_SCALARS, graphene.BigInt, *ENUMS], ids=str)
def test_serializes_and_refuses_like_the_type_itself(type_: Any) -> None:
    class Leaves(graphene.ObjectType):
        one = graphene.Field(type_)
        sure = graphene.Field(type_, required=True)
        many = graphene.List(type_)
        all = graphene.List(graphene.NonNull(type_))

    for value in VALUES:
        source = {"one": value, "sure": value, "many": [value, None, value], "all": [value]}
        run_both(build_graphene_schema(Leaves, source), "{ it { one many all } a: it { sure } }")


def test_serializes_enums_of_graphql_core_and_custom_scalars() -> None:
    schema = build_answering_schema(
        "enum E { A B } scalar S type T { e: E, s: S } type Query { it: [T] }", None
    )
    schema.type_map["S"].serialize = lambda value: None if value == "B" else {"it": value}
    schema.type_map["E"].values["B"].value = ["unhashable"]
    schema.query_type.fields["it"].resolve = lambda *_: [
        {"e": value, "s": value} for value in ("A", "B", ["unhashable"], "C", 1)
    ]
    run_both(schema, "{ it { e s } }")


class Once:
    """An iterator, which can be read once and may raise an error at its end."""

    def __init__(self, items: Iterable, error: Exception | None = None) -> None:
        self._items, self._error = iter(items), error

    def __iter__(self) -> "Once":
        return self

    def __next__(self) -> Any:
        for item in self._items:
            return item
        raise self._error or StopIteration

    def __repr__(self) -> str:
        return "Once()"


def make_failing_iterator() -> Once:
    return Once(["first"], LookupError("broken off"))


LISTS: list[Callable[[], Any]] = [
    *(lambda value=value: value for value in (["a"], ("a", "b"), {"a"}, [], "text", b"a", {}, 5)),
    *(lambda value=value: value for value in ([None], ["a", None], [["a"]], [Odd(), "a", [1]])),
    lambda: (letter for letter in "ab"),
    lambda: {"a": 1}.keys(),
    make_failing_iterator,
]


@pytest.mark.parametrize("type_", ["[String]", "[String!]", "[String]!", "[String!]!"])
def test_accepts_any_iterable_as_a_list_and_reads_it_once(type_: str) -> None:
    text = "{ it { list rest } }"
    for make in LISTS:
        made = [[{"list": make(), "rest": "read"}, {"list": ["z"]}] for _ in range(2)]
        schema = build_sdl_schema(
            f"type T {{ list: {type_}, rest: String }} type Query {{ it: [T] }}",
            Query_it=lambda *_, made=made: made.pop(),
        )
        run_both(schema, text)


def test_lists_of_lists_keep_their_shape() -> None:
    sdl = "type T { id: Int! } type Query { it: [[[T!]!]] }"
    value = [[[{"id": 1}], [], ({"id": 2}, {"id": 3})], None, [], [[{"id": 4}]]]
    assert run_both(build_answering_schema(sdl, value), "{ it { id } }").errors is None
    run_both(
        build_answering_schema(sdl, [*value, [[{"id": 1}, None], None], [[{"id": None}]], [5]]),
        "{ it { id } }",
    )


LEVELS = "type T { id: ID!, t: T, sure: T!, ts: [T!]!, odd: [T]! } type Query { it: T!, nil: T }"


BAD = [None, Undefined, [], 5, ValueError("bad"), {"id": None}, {"id": Odd()}, Odd()]


@pytest.mark.parametrize(
    "resolved", ["", "T_id", "T_sure", "T_ts T_t", "T_id T_odd T_sure T_ts T_t"]
)
@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_null_propagates_to_the_nearest_nullable_field(bad: Any, resolved: str) -> None:
    def read(source: Any, info: Any) -> Any:
        return source[info.field_name]

    below = {
        "id": "1",
        "t": {"id": 2},
        "sure": bad,
        "ts": [{"id": 3}, bad],
        "odd": [bad, {"id": 4}],
    }
    source = {**below, "t": {**below, "ts": bad, "odd": bad}}
    resolvers = dict.fromkeys(["Query_it", "Query_nil"], lambda *_: source)
    schema = build_sdl_schema(LEVELS, **resolvers, **dict.fromkeys(resolved.split(), read))
    for part in ("sure { id }", "ts { id }", "odd { id } id", "id t { ts { id } odd { id } }"):
        for text in ("{ nil { %s } }", "{ it { %s } nil { id } }", "{ nil { id t { %s } } }"):
            run_both(schema, text % part)


def test_errors_of_resolvers_in_lists_have_their_path_and_null_propagates() -> None:
    def third(source: dict, *_: Any) -> dict:
        if source["id"] == 3:
            raise AccountError(ErrorReason.INVALID_DATA, fields={"email": ErrorReason.REQUIRED})
        return {"id": source["id"] * 10}

    schema = build_sdl_schema(
        LEVELS,
        T_sure=third,
        T_t=third,
        Query_it=lambda *_: {"ts": [{"id": 1}], "odd": [{"id": 2}, {"id": 3}, None, 5, {"id": 4}]},
    )
    result = run_both(schema, "{ it { ts { sure { id } } odd { id t { id } sure { id } } } }")
    assert [error.path[2:] for error in result.errors] == [[3, "id"], [1, "t"], [1, "sure"]]
    assert result.errors[1].original_error.fields == [(("email",), ErrorReason.REQUIRED)]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("plain"),
        AccountError(ErrorReason.ALREADY_EXISTS, resource="user"),
        GraphQLError("of GraphQL", extensions={"code": "A"}),
        GraphQLError("located already", path=["else", "where"]),
        GraphQLError("at its own nodes", nodes=parse("{ elsewhere }").definitions[0]),
        GraphQLError("wrapped", original_error=KeyError("inner")),
        RecursionError("deep"),
    ],
    ids=repr,
)
def test_an_error_raised_or_returned_keeps_its_cause_extensions_and_place(error: Exception) -> None:
    def returned(*_: Any) -> Exception:
        return error

    for resolver in (make_failing_resolver(error), returned, lambda *_: [returned()]):
        schema = build_sdl_schema("type Query { a: String it: [String!] }", Query_it=resolver)
        result = run_both(schema, "{ a it again: it }")
        causes = {error, getattr(error, "original_error", None)}
        assert {error.original_error for error in result.errors} <= causes


ARGUMENTS = """
enum Color { RED GREEN }
input In { n: Int = 5, list: [Int!] = [1, 2], in: In, color: Color }
type Query {
  it(i: Int = 3, f: Float, s: [String], in: In = {n: 1}, sure: Boolean! = true, c: Color): String
  few(i: Int = 3, c: Color, s: [String]): String
}
"""


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("{ it }", {}),
        ('{ it(i: 1, f: 2, s: "$one", c: RED) }', {}),
        ("{ it(s: [], in: {}) again: it(i: null, s: [null], in: null) }", {}),
        ("query ($i: Int, $s: String) { it(i: $i, s: [$s], in: {n: $i, list: []}) }", {"i": 7}),
        ("query ($i: Int, $s: String) { it(i: $i, s: [$s], in: {n: $i}) }", {"i": None, "s": "x"}),
        ("query ($in: In) { it(in: $in) }", {"in": {"in": {"list": [4], "color": "GREEN"}}}),
        ("query ($in: In = {n: 9}) { it(in: $in) b: it(in: {in: $in}) }", {}),
        ("query ($b: Boolean = false, $c: Color) { it(sure: $b, c: $c) }", {"c": "RED"}),
        ("query ($b: Boolean = false) { it(sure: $b) }", {"b": None}),
        ("query ($b: Boolean) { it(sure: $b) }", {}),
        ("query ($b: Boolean) { it(sure: $b) }", {"b": None}),
        ('{ few(i: 4, c: GREEN, s: "a") b: few(c: null) }', {}),
        ("query ($i: Int, $c: Color = RED) { few(i: $i, c: $c) }", {"i": 5}),
    ],
)
def test_coerces_arguments_defaults_and_variables(text: str, raw: dict) -> None:
    def resolver(_: None, __: Any, **given: Any) -> str:
        return repr(given)

    schema = build_sdl_schema(ARGUMENTS, Query_it=resolver, Query_few=resolver)
    run_both(schema, text, **raw)


def test_a_run_does_not_see_changes_of_arguments_by_another() -> None:
    def spoil(_: None, __: Any, **given: Any) -> str:
        seen = repr(given)
        for value in given.values():
            if isinstance(value, list | dict):
                value.clear()
        given.clear()
        return seen

    schema = build_sdl_schema(ARGUMENTS, Query_it=spoil)
    operation = compile_text(schema, '{ it(s: ["a"], in: {list: [1]}, i: 4) a: it(i: 4) }')
    first, second = operation.run(None, {}), operation.run(None, {})
    assert first.data == second.data
    assert "'s': ['a']" in second.data["it"]


def test_literals_are_coerced_once_and_refused_in_every_run() -> None:
    parsed: list[str] = []

    def parse_literal(node: Any, _variables: Any = None) -> str:
        parsed.append(node.value)
        if node.value == "late" and len(parsed) > 1:
            raise ValueError("refused")
        return node.value

    schema = build_sdl_schema("scalar S type Query { it(s: S): String }", Query_it=lambda *_, s: s)
    schema.type_map["S"].parse_literal = parse_literal
    document = parse('{ it(s: "soon") }')
    operation = compile_operation(schema, document, document.definitions[0])
    assert [operation.run(None, {}).data for _ in range(3)] == [{"it": "soon"}] * 3
    assert parsed == ["soon"]
    document = parse('{ it(s: "late") }')
    operation = compile_operation(schema, document, document.definitions[0])
    assert describe(operation.run(None, {})) == describe(execute(schema, document))


def test_resolvers_receive_the_same_info_as_from_graphql_core() -> None:
    infos: list[Any] = []

    def noted(_: Any, info: Any, **__: Any) -> Any:
        infos.append(info)
        return [{"id": "1"}]

    schema = build_sdl_schema(
        TREE, Query_it=lambda *_: {"all": [{}]}, Node_all=noted, Node_greet=noted
    )
    text = """query A($u: Boolean) { it { all { ...N } all { ... { greet(upper: $u) } id } } }
    fragment N on Node { greet(upper: $u) } query B { it { id } }"""
    document, context = parse(text), object()
    execute_sync(schema, document, None, context, {"u": True}, "A")
    expected, infos[:] = list(infos), []
    assert len(expected) == 2
    operation = compile_operation(schema, document, document.definitions[0])
    for _ in range(2):
        operation.run(context, {"u": True})
        assert infos == expected
        assert all(info.context is context for info in infos)
        assert {type(info.path) for info in infos} == {Path}
        infos[0].field_nodes.clear()
        infos[0].fragments.clear()
        infos.clear()


def test_mutations_run_in_order_and_continue_after_a_failure() -> None:
    done: list[str] = []

    def act(_: None, info: Any, fail: bool = False) -> str:
        done.append(info.path.key)
        if fail:
            raise ValueError(info.path.key)
        return str(len(done))

    acts = "act(fail: Boolean): String, must(fail: Boolean): String!"
    sdl = f"type Query {{ a: Int }} type Mutation {{ {acts} }}"
    schema = build_sdl_schema(sdl, Mutation_act=act, Mutation_must=act)
    text = "mutation { a: act b: act(fail: true) c: act d: must(fail: true) e: act }"
    result = run_compiled(schema, text)
    assert done == ["a", "b", "c", "d"]
    done.clear()
    assert describe(result) == describe(execute(schema, parse(text)))
    assert (result.data, len(result.errors)) == (None, 2)


@pytest.mark.parametrize("answer", [True, False, None, 1, ValueError("raised")], ids=repr)
def test_calls_is_type_of(answer: Any) -> None:
    asked: list[Any] = []

    def is_type_of(value: Any, info: Any) -> Any:
        asked.append((value, info))
        if isinstance(answer, Exception):
            raise answer
        return answer

    schema = build_answering_schema(
        TREE, {"id": "1", "next": {"id": "2"}, "all": [{"id": "3"}, None, 4]}
    )
    schema.type_map["Node"].is_type_of = is_type_of
    text = "{ it { id next { id } all { id } } }"
    document = parse(text)
    expected = describe(execute_sync(schema, document))
    calls, asked[:] = list(asked), []
    operation = compile_operation(schema, document, document.definitions[0])
    assert describe(operation.run(None, {})) == expected
    assert asked == calls


class Animal(graphene.ObjectType):
    class Meta:
        possible_types = (Attributes,)

    id = graphene.ID()


def test_checks_possible_types_of_graphene() -> None:
    value = [Attributes(), {"id": "dict"}, None]
    run_both(build_graphene_schema(graphene.List(Animal), value), "{ it { id } }")


FALLS_BACK = """
interface Named { name: String }
type Cat implements Named { name: String }
union Pet = Cat
type Query { cat: Cat, named: Named, pet: [Pet!], late: String, stream: String, wrapped: String }
type Subscription { cat: Cat }
"""


@pytest.mark.parametrize(
    "text",
    [
        "{ named { name } }",
        "{ cat { name } pet { __typename } }",
        "{ __schema { queryType { name } } }",
        '{ cat { name } __type(name: "Cat") { name } }',
        "{ late }",
        "{ cat { name } stream }",
        "{ ...Q } fragment Q on Query { wrapped }",
        "subscription { cat { name } }",
        "query ($a: Boolean!) { pet @include(if: $a) { __typename } }",
    ],
)
def test_leaves_unsupported_operations_to_graphql_core(text: str) -> None:
    async def late(*_: Any) -> str:
        return "late"

    async def stream(*_: Any) -> Any:
        yield "never"

    @wraps(late)
    def wrapped(*_: Any) -> Any:
        return late()

    schema = build_sdl_schema(
        FALLS_BACK, Query_late=late, Query_stream=stream, Query_wrapped=wrapped
    )
    assert compile_text(schema, text) is None


def test_supports_type_conditions_on_abstract_types() -> None:
    schema = build_sdl_schema(FALLS_BACK, Query_cat=lambda *_: {"name": "Tom"})
    text = "{ cat { ... on Named { name } ... on Pet { ... on Cat { also: name } } __typename } }"
    assert run_both(schema, text).data == {
        "cat": {"name": "Tom", "also": "Tom", "__typename": "Cat"}
    }


class Awaitable:
    """An awaitable, such as a function that is not declared as a coroutine may return."""

    name = "read"

    def __await__(self) -> Iterator:
        yield

    def __repr__(self) -> str:
        return "Awaitable()"


@pytest.mark.parametrize("type_", ["String", "[String]", "[T!]!", "T"])
def test_an_awaitable_is_an_ordinary_value_like_in_execute_sync(type_: str) -> None:
    schema = build_answering_schema(
        f"type T {{ name: String }} type Query {{ it: {type_} }}", Awaitable()
    )
    text = "{ it { name } }" if "T" in type_ else "{ it }"
    assert describe(run_compiled(schema, text)) == describe(execute_sync(schema, parse(text)))


def test_can_be_run_by_several_threads() -> None:
    schema = build_sdl_schema(
        TREE, Query_it=lambda _, info: {"id": info.context, "all": [{"id": info.context}]}
    )
    text = "query ($a: Boolean!) { it { id all @skip(if: $a) { id } } }"
    operation = compile_text(schema, text)

    def ask(number: int) -> bool:
        rest = {} if number % 2 else {"all": [{"id": str(number)}]}
        result = operation.run(number, {"a": bool(number % 2)})
        return result == ({"it": {"id": str(number), **rest}}, None)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(500)))


# ------------------------------------------------------------------------------- random answers


class Raised:
    """A placeholder for a value: an error that is raised when it is read."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __repr__(self) -> str:
        return f"Raised({self.error!r})"


class Source:
    """An object whose attributes may raise."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        value = self.__dict__["_values"].get(name, Undefined)
        if value is Undefined:
            raise AttributeError(name)
        if isinstance(value, Raised):
            raise value.error
        return value


class World:
    """The data that resolvers return in one run, determined by the seed; `calls` records calls.

    trouble: the probability, from 0 to 1, that a value does not have the type of its field.
    """

    def __init__(self, seed: int, trouble: float) -> None:
        self.seed, self.trouble, self.calls = seed, trouble, []

    @classmethod
    def random(cls, rng: Random) -> "World":
        return cls(rng.getrandbits(32), rng.choice((0, 0, 0.02, 0.1)))

    def __repr__(self) -> str:
        return "World()"


def answer(_source: Any, info: Any, **given: Any) -> Any:
    """Resolve any field that has a resolver."""
    world: World = info.context
    path = info.path.as_list()
    describe_origin = (
        info.field_name,
        str(info.return_type),
        info.parent_type.name,
        info.variable_values,
    )
    world.calls.append(
        (path, given, describe_origin, info.field_nodes, list(info.fragments), info.operation)
    )
    value = Answers(Random(f"{world.seed} {path}"), world.trouble).value(info.return_type)
    if isinstance(value, Raised):
        raise value.error
    return value


TROUBLES: list[Callable[[], Any]] = [
    *(lambda value=value: value for value in VALUES),
    lambda: Raised(KeyError("raised")),
    lambda: Raised(GraphQLError("raised", extensions={"b": 2})),
    lambda: Raised(AccountError(ErrorReason.REQUIRED, fields={"name": ErrorReason.TOO_LONG})),
    make_failing_iterator,
    lambda: [None],
    lambda: [{}],
    lambda: UserDict(id="1"),
]
USUAL: dict[str, tuple] = {
    "ID": ("1", "id", 7, UUID(int=7)),
    "String": ("text", "", "ção", Text("of another type"), 1, True),
    "Int": (0, 1, -5, 2**31 - 1, True, 3.0),
    "Float": (0.5, 1.0, 2, False),
    "Boolean": (True, False, 1),
    "DateTime": (STAMP, STAMP.replace(tzinfo=None), STAMP.date()),
    "Date": (STAMP.date(), STAMP),
    "Money": (5, 10**20, "12.50"),
    "JSONString": ({"a": [1]}, "text"),
}


class Answers:
    """Random values for a type, most of them valid."""

    def __init__(self, rng: Random, trouble: float) -> None:
        self.rng, self.trouble = rng, trouble

    def value(self, type_: GraphQLType, depth: int = 0) -> Any:
        if self.rng.random() < self.trouble:
            return self.rng.choice(TROUBLES)()
        if is_non_null_type(type_):
            return self.sure(type_.of_type, depth)
        return None if self.rng.random() < 0.1 or depth > 3 else self.sure(type_, depth)

    def sure(self, type_: GraphQLType, depth: int) -> Any:
        if is_list_type(type_):
            size = 0 if depth > 2 else self.rng.choice((0, 1, 1, 2, 3))
            items = [self.value(type_.of_type, depth + 1) for _ in range(size)]
            return self.rng.choice((items, items, items, tuple(items), Once(items)))
        if is_enum_type(type_):
            return self.rng.choice([value.value for value in type_.values.values()])
        if is_leaf_type(type_):
            usual = USUAL[type_.name]
            return usual[0] if self.rng.random() < 0.8 else self.rng.choice(usual)
        return self.object(type_, depth)

    def object(self, type_: Any, depth: int) -> Any:
        values = {}
        for name, field in type_.fields.items():
            if field.resolve is answer or self.rng.random() < self.trouble:
                continue
            member = getattr(field.resolve, "args", (name,))[0]
            values[member] = self.value(field.type, depth + 1)
            if field.resolve is None and self.rng.random() < self.trouble:
                values[member] = lambda _info, value=values[member], **_: value
        kind = self.rng.choice((dict, dict, Source, Source, UserDict, record))
        return kind(values)


def record(values: dict[str, Any]) -> Record:
    return Record({"_id": values.get("id"), **values})


# ---------------------------------------------------------------------------- random operations


class Variation:
    """A random rewriting of an operation, with aliases, fragments, repeated fields, @skip and
    @include, and variables instead of literals. Most results are still valid.
    """

    def __init__(self, schema: GraphQLSchema, rng: Random) -> None:
        self.schema, self.rng = schema, rng
        self.definitions: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.fragments: list[tuple[str, str]] = []  # the type's name and the selections
        self._literals: dict[tuple[str, str], str] = {}

    def text(self, operation: OperationDefinitionNode) -> str:
        root = self.schema.get_root_type(operation.operation)
        block = self.block(operation.selection_set, root)
        variables = ", ".join(f"${name}: {type_}" for name, type_ in self.definitions.items())
        fragments = [
            f"fragment F{number} on {type_} {block}"
            for number, (type_, block) in enumerate(self.fragments)
        ]
        opening = f"{operation.operation.value} Asked" + (f"({variables})" if variables else "")
        return "\n".join([f"{opening} {block}", *fragments])

    def often(self, probability: float) -> bool:
        return self.rng.random() < probability

    def block(self, selections: SelectionSetNode, parent: Any) -> str:
        parts = [self.selection(node, parent) for node in selections.selections]
        parts += [
            self.selection(node, parent) for node in selections.selections if self.often(0.15)
        ]
        parts += [self.more(parent) for _ in range(2) if self.often(0.3)]
        if self.often(0.2):
            self.rng.shuffle(parts)
        if self.often(0.1):
            parts.insert(0, "__typename")
        if self.often(0.4):
            start = self.rng.randrange(len(parts))
            end = self.rng.randint(start + 1, len(parts))
            parts[start:end] = self.wrapped(" ".join(parts[start:end]), parent)
        return "{ " + " ".join(parts) + " }"

    def more(self, parent: Any, depth: int = 0) -> str:
        """Return a field that was not selected, without its optional arguments."""
        name, field = self.rng.choice(list(parent.fields.items()))
        key = f"more{name}: " if field.args or self.often(0.2) else ""
        type_ = get_named_type(field.type)
        if depth > 2 or any(map(is_required_argument, field.args.values())):
            return "__typename"
        block = ""
        if not is_leaf_type(type_):
            block = " ".join(
                self.more(type_, depth + 1) for _ in range(self.rng.choice((1, 1, 2, 3)))
            )
            block = "{ " + block + " }"
        return f"{key}{name} {self.directives()}{block}"

    def wrapped(self, selections: str, parent: Any) -> list[str]:
        """Return the selections in a fragment, which may be spread twice and inside another."""
        block = "{ " + selections + " }"
        if self.often(0.5):
            condition = f"on {parent.name} " if parent.interfaces or self.often(0.5) else ""
            block = f"... {condition}{self.directives()}{block}"
            for interface in parent.interfaces:
                block = f"... on {interface.name} {self.directives()}{{ {block} }}"
            return [block]
        self.fragments.append((parent.name, block))
        spread = f"...F{len(self.fragments) - 1} "
        return [spread + self.directives() for _ in range(self.rng.choice((1, 1, 2)))]

    def selection(self, node: Any, parent: Any) -> str:
        if isinstance(node, InlineFragmentNode):
            type_ = self.schema.type_map[node.type_condition.name.value]
            block = self.block(node.selection_set, type_)
            return f"... on {type_.name} {self.directives()}{block}"
        return self.field(node, parent)

    def field(self, node: FieldNode, parent: Any) -> str:
        name = node.name.value
        if name == "__typename":
            return name
        field = parent.fields[name]
        given = ", ".join(
            f"{part.name.value}: {self.literal(part.value, field.args[part.name.value].type)}"
            for part in node.arguments
        )
        alias = f"{node.alias.value}: " if node.alias else ""
        if self.often(0.2):
            alias = f"{name}{crc32(given.encode()) % 1000}: "
        block = (
            self.block(node.selection_set, get_named_type(field.type)) if node.selection_set else ""
        )
        return f"{alias}{name}{f'({given})' if given else ''} {self.directives()}{block}"

    def directives(self) -> str:
        """Return @skip, @include, both, or mostly nothing, with a literal or a variable."""
        chosen = [name for name in ("skip", "include") if self.often(0.12)]
        return "".join(f"@{name}(if: {self.switch(name == 'include')}) " for name in chosen)

    def switch(self, likely: bool) -> str:
        value = likely if self.often(0.7) else not likely
        if self.often(0.4):
            return str(value).lower()
        name = f"b{self.rng.randrange(3)}{int(likely)}"
        if name not in self.definitions:
            self.definitions[name] = self.rng.choice(
                ("Boolean!", "Boolean = true", "Boolean = false")
            )
            if self.definitions[name] == "Boolean!" or self.often(0.5):
                self.values[name] = value
        return f"${name}"

    def literal(self, node: ValueNode, type_: GraphQLType) -> str:
        """Return the literal, or variables for it or its parts: the same for equal literals."""
        known = print_ast(node), str(type_)
        if known not in self._literals:
            self._literals[known] = self._literal(node, type_)
        return self._literals[known]

    def _literal(self, node: ValueNode, type_: GraphQLType) -> str:
        if self.often(0.3):
            return self.variable(node, type_)
        inner = get_nullable_type(type_)
        if isinstance(node, ListValueNode) and is_list_type(inner):
            return f"[{', '.join(self.literal(item, inner.of_type) for item in node.values)}]"
        if isinstance(node, ObjectValueNode) and is_input_object_type(inner):
            parts = [
                f"{part.name.value}: {self.literal(part.value, inner.fields[part.name.value].type)}"
                for part in node.fields
            ]
            return "{" + ", ".join(parts) + "}"
        return print_ast(node)

    def variable(self, node: ValueNode, type_: GraphQLType) -> str:
        name = f"v{len(self.definitions)}"
        self.definitions[name] = str(type_)
        if self.often(0.2):
            self.definitions[name] += f" = {print_ast(node)}"
        given = is_non_null_type(type_) and "=" not in self.definitions[name]
        if given or self.often(0.8):
            self.values[name] = value_from_ast_untyped(node)
        return f"${name}"


# ----------------------------------------------------------------------------------- properties

ZOO = """
enum Color { RED GREEN BLUE }
scalar Money
interface Named { name: String }
input Filter { text: String = "x", n: Int!, colors: [Color!] = [RED], inner: Filter }
type Cat implements Named { name: String, lives: [Int!], price: Money!, owner: Keeper }
type Keeper implements Named {
  id: ID!, name: String, active: Boolean!, height: Float, color: Color!, grid: [[Int!]]!
  boss: Keeper, team(first: Int = 3): [Keeper!], cats: [Cat!]!, pets(filter: Filter): [[Cat]!]
  favourite: Cat!, rich: Boolean, shy: Shy
}
type Shy { id: ID, name: String!, friend: Shy }
type Query {
  keeper(id: ID!): Keeper, keepers(filter: Filter, colors: [Color!]): [Keeper!]!, cat: Cat!, n: Int!
}
type Mutation {
  hire(filter: Filter!, price: Money): Keeper, fire(id: ID = "1"): [Keeper], count: Int!
}
"""
ZOO_RESOLVERS = ("Keeper_pets", "Keeper_favourite", "Keeper_rich", "Cat_owner")


class Pace(graphene.Enum):
    SLOW = 1
    FAST = "fast"


class Visit(graphene.InputObjectType):
    at = graphene.DateTime()
    how_fast = graphene.Field(Pace, default_value=Pace.SLOW)
    names = graphene.List(graphene.NonNull(graphene.String), required=True)


class Guest(graphene.ObjectType):
    id = graphene.ID(required=True)
    full_name = graphene.String(required=True)
    nick = graphene.String(default_value="none")
    born = graphene.Date()
    seen_at = graphene.DateTime(required=True)
    pace = graphene.Field(Pace, required=True)
    colors = graphene.List(graphene.NonNull(ENUMS[0]), required=True)
    notes = graphene.JSONString()
    friend = graphene.Field(lambda: Guest)
    friends = graphene.List(graphene.NonNull(lambda: Guest), first=graphene.Int(default_value=2))
    visits = graphene.List(lambda: Guest, resolver=answer)


class GuestQuery(graphene.ObjectType):
    guest = graphene.Field(Guest, id=graphene.ID(required=True), resolver=answer)
    guests = graphene.List(
        graphene.NonNull(Guest), required=True, visit=Visit(), by=Pace(), resolver=answer
    )
    plain = graphene.Int()


class GuestMutation(graphene.ObjectType):
    welcome = graphene.Field(Guest, visit=Visit(required=True), resolver=answer)
    see_off = graphene.List(Guest, ids=graphene.List(graphene.ID), resolver=answer)


def zoo() -> GraphQLSchema:
    schema = build_sdl_schema(ZOO, **dict.fromkeys(ZOO_RESOLVERS, answer))
    for root in (schema.query_type, schema.mutation_type):
        for field in root.fields.values():
            field.resolve = answer
    schema.type_map["Shy"].is_type_of = lambda value, _info: not isinstance(value, Record)
    schema.type_map["Money"].serialize = lambda value: None if value == 10**20 else str(value)
    return schema


def accounts() -> GraphQLSchema:
    """Return the schema of the server with random values from every field that has a resolver."""
    schema = build_real_schema().graphql_schema
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for field in type_.fields.values():
                if field.resolve is not None and not isinstance(field.resolve, partial):
                    field.resolve = answer
    return schema


def same(document: DocumentNode) -> DocumentNode:
    return document


SCHEMAS = {
    "zoo": zoo(),
    "guests": graphene.Schema(query=GuestQuery, mutation=GuestMutation).graphql_schema,
    "accounts": accounts(),
}
STAMPS = st.just(STAMP.isoformat()).map(nodes.String)
SCALAR_NODES = {
    "Money": st.integers(0, 9).map(nodes.Int),
    "DateTime": STAMPS,
    "Date": st.just("2026-11-22").map(nodes.String),
    "JSONString": st.just("{}").map(nodes.String),
}
DOCUMENTS, VARIATIONS, RUNS = 20, 8, 3
TRIES = settings(
    max_examples=DOCUMENTS,
    deadline=None,
    database=None,
    print_blob=True,
    phases=(Phase.generate,),  # not shrunk: it takes minutes, and the message is complete
    suppress_health_check=list(HealthCheck),
)


def compare(schema: GraphQLSchema, text: str, raw: dict, rng: Random) -> Iterator[str]:
    """Run an operation in both executors several times, with other values and @skips each time."""
    document = parse(text)
    if validate(schema, document):
        yield "invalid"
        return
    node = document.definitions[0]
    operation = compile_operation(schema, document, node, LEAF_SHORTCUTS)
    for _ in range(RUNS):
        yield compare_runs(schema, document, operation, raw, World.random(rng))
        raw = {
            name: not v if isinstance(v, bool) and rng.random() < 0.3 else v
            for name, v in raw.items()
        }


@contextmanager
def record_completions(helped: list[str]) -> Iterator[None]:
    """Record in `helped` the types whose values graphql-core completes in this block."""
    complete = ExecutionContext.complete_value

    def noted(self: ExecutionContext, return_type: Any, *rest: Any) -> Any:
        helped.append(str(return_type))
        return complete(self, return_type, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExecutionContext, "complete_value", noted)
        yield


def compare_runs(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: CompiledOperation | None,
    raw: dict,
    world: "World",
) -> str:
    definitions = document.definitions[0].variable_definitions
    variables = get_variable_values(schema, definitions, raw)
    if operation is None or operation._find_variant(variables) is None:
        return "left to graphql-core"
    again = World(world.seed, world.trouble)
    helped: list[str] = []
    expected = execute_sync(schema, document, context_value=world, variable_values=raw)
    with record_completions(helped):
        result = operation.run(again, variables)
    assert describe(result) == describe(expected), (document.loc.source.body, raw)
    assert again.calls == world.calls, (document.loc.source.body, raw)
    if expected.errors:
        return "failed in part"
    return "helped by graphql-core" if helped else "by compiled functions alone"


@pytest.mark.parametrize("kind", [queries, mutations], ids=["queries", "mutations"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_random_operations_have_equal_results(name: str, kind: Callable) -> None:
    schema = SCHEMAS[name]
    counted: Counter[str] = Counter()

    @TRIES
    @given(kind(schema, custom_scalars=SCALAR_NODES, print_ast=same), st.integers(0, 2**32))
    def random_operations(document: DocumentNode, seed: int) -> None:
        rng = Random(seed)
        for _ in range(VARIATIONS):
            variation = Variation(schema, rng)
            text = variation.text(document.definitions[0])
            counted.update(compare(schema, text, variation.values, rng))

    random_operations()
    valid = counted.total() - counted["invalid"]
    assert valid > 0.8 * counted.total(), counted
    assert counted["left to graphql-core"] < 0.05 * valid, counted
    assert counted["failed in part"] > 0.05 * valid, counted
    assert counted["by compiled functions alone"] > 0.15 * valid, counted
