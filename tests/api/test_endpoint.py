"""/graphql: GraphQL over HTTP, beyond what the graphql-http audit tests."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.client import Client

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
POLICY = "{ passwordPolicy { minLength } }"
ANSWER = {"data": {"passwordPolicy": {"minLength": 8}}}


@pytest.fixture
def http(api: Client) -> Any:
    return api.http


def post(http: Any, body: Any, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return http.post("/graphql", data=data, headers={"Content-Type": JSON, **named})


def read_reason(response: TestResponse) -> str:
    assert response.mimetype in (JSON, GRAPHQL)
    assert "data" not in response.json, "a request error has no data key"
    return response.json["errors"][0]["extensions"]["reason"]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON),
        ("*/*", JSON),
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        ("application/*", JSON),
        (f"{JSON}, {GRAPHQL};q=0.5", JSON),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON};q=0.2, {GRAPHQL};q=0.8", GRAPHQL),
        ("text/html, */*;q=0.1", JSON),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (GRAPHQL.upper(), GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"{JSON}; charset=utf-8", JSON),
    ],
)
def test_answers_in_the_requested_media_type(http: Any, accept: str, media_type: str) -> None:
    response = post(http, {"query": POLICY}, **({"Accept": accept} if accept else {}))
    assert response.status_code == 200
    assert response.content_type == f"{media_type}; charset=utf-8"
    assert response.json == ANSWER


@pytest.mark.parametrize("accept", ["text/html", "image/png, text/plain", f"{JSON};q=0"])
def test_no_acceptable_media_type_is_406(http: Any, accept: str) -> None:
    response = post(http, {"query": POLICY}, Accept=accept)
    assert response.status_code == 406
    assert read_reason(response) == "MALFORMED_REQUEST"


@pytest.mark.parametrize(
    ("query", "variables", "why"),
    [
        ("{ me { id }", None, "SYNTAX_ERROR"),
        ("{ nobody { id } }", None, "INVALID_OPERATION"),
        ("query A { me { id } } query B { me { id } }", None, "INVALID_OPERATION"),
        ("subscription { me { id } }", None, "INVALID_OPERATION"),
        ("fragment F on User { id }", None, "INVALID_OPERATION"),
        (
            "mutation ($i: LoginInput!) { login(input: $i) { user { id } } }",
            {"i": 7},
            "INVALID_DATA",
        ),
        ("mutation ($i: LoginInput!) { login(input: $i) { user { id } } }", {}, "INVALID_DATA"),
    ],
)
def test_a_request_error_is_400_or_200_depending_on_the_media_type(
    http: Any, query: str, variables: dict, why: str
) -> None:
    body = {"query": query, "variables": variables}
    for accept, status in ((GRAPHQL, 400), (JSON, 200)):
        response = post(http, body, Accept=accept)
        assert response.status_code == status
        assert response.mimetype == accept
        assert read_reason(response) == why


def test_an_error_of_a_resolver_is_200_with_data(http: Any) -> None:
    for accept in (GRAPHQL, JSON):
        response = post(http, {"query": "{ me { id } }"}, Accept=accept)
        assert response.status_code == 200
        assert response.json["data"] == {"me": None}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'[{"query": "{ me { id } }"}]',
        b'"text"',
        b"7",
        b"null",
        b"true",
        b"{}",
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": 7}',
        b'{"query": ["{ me { id } }"]}',
        b'{"query": "{ me { id } }", "variables": []}',
        b'{"query": "{ me { id } }", "variables": "{}"}',
        b'{"query": "{ me { id } }", "operationName": 7}',
        b'{"query": "{ me { id } }", "operationName": {}}',
        b'{"query": "{ me { id } }", "extensions": "x"}',
        b'{"query": "{ me { id } }", "variables": {"a": NaN}}',
        b'{"query": "{ me { id } }", "variables": {"a": Infinity}}',
        b'{"query": "\xff"}',
        b'\xef\xbb\xbf{"query": "{ me { id } }"}',
        b'{"query": "{ me { id } }"',
        b'{"query": "{ me { id } }"} more',
        b'{"query": "{ me { id } }", "variables": {"a": "\\ud800"}}',
        b'{"query": "{ me { id } }", "variables": {"\\udfff": 1}}',
        b"[" * 50_000,
        b'{"a":' * 10_000,
        b'{"query": "{ me { id } }", "variables": {"a": ' + b"9" * 5000 + b"}}",
    ],
)
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
def test_an_invalid_body_is_400(http: Any, body: bytes, accept: str) -> None:
    response = post(http, body, Accept=accept)
    assert response.status_code == 400
    assert read_reason(response) == "MALFORMED_REQUEST"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=iso-8859-1",
        "application/jsonp",
    ],
)
def test_a_post_that_is_not_json_is_415(http: Any, content_type: str | None) -> None:
    response = http.post("/graphql", data=json.dumps({"query": POLICY}), content_type=content_type)
    assert response.status_code == 415
    assert read_reason(response) == "MALFORMED_REQUEST"


@pytest.mark.parametrize("content_type", ["application/json; charset=UTF-8", "APPLICATION/JSON"])
def test_accepts_other_spellings_of_the_json_content_type(http: Any, content_type: str) -> None:
    response = http.post("/graphql", data=json.dumps({"query": POLICY}), content_type=content_type)
    assert response.json == ANSWER


def test_a_body_over_the_limit_is_413(http: Any) -> None:
    response = post(http, {"query": POLICY, "variables": {"a": "x" * 70_000}})
    assert response.status_code == 413
    assert read_reason(response) == "MALFORMED_REQUEST"
    assert response.json["errors"][0]["extensions"]["limit"] == {
        "name": "body bytes",
        "maximum": 65536,
    }


def test_a_query_may_be_sent_by_get(http: Any) -> None:
    query = "query P($x: Boolean!) { passwordPolicy @include(if: $x) { minLength } }"
    url = (
        f"/graphql?query={quote(query)}&variables={quote(json.dumps({'x': True}))}&operationName=P"
    )
    response = http.get(url, headers={"Accept": JSON})
    assert response.json == ANSWER


@pytest.mark.parametrize("part", ["variables=[]", "variables=%7B", "extensions=7", "query="])
def test_a_get_with_invalid_parameters_is_400(http: Any, part: str) -> None:
    query = "" if part == "query=" else f"query={quote(POLICY)}&"
    response = http.get(f"/graphql?{query}{part}", headers={"Accept": JSON})
    assert response.status_code == 400
    assert read_reason(response) == "MALFORMED_REQUEST"


def test_a_mutation_by_get_is_405_and_does_not_run(http: Any, api: Client) -> None:
    query = 'mutation { login(input: {email: "a@example.com", password: "x"}) { user { id } } }'
    for accept in (GRAPHQL, JSON):
        response = http.get(f"/graphql?query={quote(query)}", headers={"Accept": accept})
        assert response.status_code == 405
        assert response.headers["Allow"] == "POST"
        assert read_reason(response) == "MALFORMED_REQUEST"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_another_method_is_405(http: Any, method: str) -> None:
    response = http.open("/graphql", method=method)
    assert response.status_code == 405
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))
    assert read_reason(response) == "MALFORMED_REQUEST"


def test_an_unknown_path_is_404_in_json(http: Any) -> None:
    response = http.get("/nowhere", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert response.json["errors"][0]["message"] == "Este(a) página não existe."
    assert response.json["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("given", ["abc-DEF_123", "x" * 64])
def test_a_valid_request_id_is_kept(http: Any, given: str) -> None:
    response = post(http, {"query": "{ me { id } }"}, X_Request_Id=given)
    assert response.headers["X-Request-Id"] == given
    assert response.json["errors"][0]["extensions"]["requestId"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a;b", "ação", "a\tb"])
def test_an_invalid_request_id_is_replaced(http: Any, given: str) -> None:
    named = given.encode().decode("latin-1")
    response = post(http, {"query": "{ me { id } }"}, X_Request_Id=named)
    made = response.headers["X-Request-Id"]
    assert made != named
    assert len(made) == 32
    assert response.json["errors"][0]["extensions"]["requestId"] == made


def test_every_answer_has_a_request_id(http: Any) -> None:
    paths = ["/nowhere", "/health/live", "/health/ready", "/graphql"]
    made = [http.get(path).headers["X-Request-Id"] for path in paths]
    assert len(set(made)) == len(paths)


def test_answers_have_security_headers(http: Any) -> None:
    headers = post(http, {"query": POLICY}).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "Accept" in headers["Vary"]


def test_accents_are_not_escaped(http: Any) -> None:
    assert "Este(a) página não existe.".encode() in http.get("/nowhere").data


def test_health(http: Any) -> None:
    for path in ("/health/live", "/health/ready"):
        response = http.get(path)
        assert response.status_code == 200
        assert response.json == {"status": "ok"}


def test_the_schema_can_be_introspected(api: Client) -> None:
    answer = api.send("{ __schema { queryType { name } mutationType { name } } }")
    assert answer.data["__schema"] == {
        "queryType": {"name": "Query"},
        "mutationType": {"name": "Mutation"},
    }


def test_a_document_too_deep_to_parse_is_too_complex(http: Any) -> None:
    for query in ("{me" * 9000, "{ me(a: " + "[" * 9000, "{a" * 300 + "}" * 300):
        response = post(http, {"query": query}, Accept=GRAPHQL)
        assert response.status_code == 400
        assert read_reason(response) == "OPERATION_TOO_COMPLEX"


def test_graphiql_is_served_only_where_it_is_enabled(app: Flask, http: Any) -> None:
    opened = http.get("/graphql", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    page = http.get("/graphiql", buffered=True)
    if "graphiql" in app.blueprints:
        assert (opened.status_code, opened.headers["Location"]) == (302, "/graphiql")
        assert page.status_code == 200
    else:
        assert opened.status_code == 400
        assert page.status_code == 404
