"""Persisted operations: automatic ones, and trusted documents."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from flask import Flask
from graphql import parse

from app.models import persisted_operation
from app.models.persisted_operation import PersistedOperation, StoredOperations
from schema.engine import persisted
from schema.engine.persisted import AutomaticOperations
from tests.client import Client
from tests.conftest import ENVIRONMENT
from tests.factories import person
from tests.processes import stop
from tests.servers import start_server
from tests.waiting import HANG

GRAPHQL = "application/graphql-response+json"
POLICY = "{ passwordPolicy { minLength } }"
ANSWER = {"data": {"passwordPolicy": {"minLength": 8}}}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def extension(name: object) -> dict:
    return {"persistedQuery": {"version": 1, "sha256Hash": name}}


def post(http: Any, **body: object) -> Any:
    return http.post("/graphql", json=body, headers={"Accept": GRAPHQL})


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process cache no operations."""
    monkeypatch.setattr(persisted, "MOST_REMEMBERED", 0)


@pytest.mark.usefixtures("no_cache")
def test_a_hash_is_enough_once_its_text_was_sent(api: Client) -> None:
    query = POLICY + " # learnt"
    unknown = post(api.http, extensions=extension(sha256(query)))
    assert unknown.status_code == 400
    error = unknown.json["errors"][0]
    assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert error["extensions"]["reason"] == "PERSISTED_QUERY_NOT_FOUND"
    learnt = post(api.http, query=query, extensions=extension(sha256(query)))
    assert (learnt.status_code, learnt.json) == (200, ANSWER)
    known = post(api.http, extensions=extension(sha256(query)))
    assert (known.status_code, known.json) == (200, ANSWER)


def test_works_by_get_with_no_store(api: Client) -> None:
    query = "query P { me { id } }"
    given = quote(json.dumps(extension(sha256(query))))
    post(api.http, query=query, extensions=extension(sha256(query)))
    token = api.register(person()).data["register"]["tokens"]["accessToken"]
    answer = api.http.get(
        f"/graphql?extensions={given}&operationName=P", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.json["data"]["me"]["id"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_persisted_mutation_is_refused_by_get(api: Client) -> None:
    query = "mutation { logout { sessionsEnded } }"
    post(api.http, query=query, extensions=extension(sha256(query)))
    answer = api.http.get(f"/graphql?extensions={quote(json.dumps(extension(sha256(query))))}")
    assert answer.status_code == 405


@pytest.mark.parametrize(
    "name", ["", "x", 7, None, {"$ne": None}, ["a"], "A" * 64, sha256("another"), "g" * 64]
)
def test_a_hash_that_does_not_match_its_text_is_refused(api: Client, name: object) -> None:
    answer = post(api.http, query=POLICY, extensions=extension(name))
    assert answer.status_code == 400
    assert answer.json["errors"][0]["extensions"]["reason"] == "MALFORMED_REQUEST"
    assert PersistedOperation.objects.count() == 0


def test_an_invalid_document_is_not_stored(api: Client) -> None:
    for query in ("{ nobody }", "{ me"):
        post(api.http, query=query, extensions=extension(sha256(query)))
    assert PersistedOperation.objects.count() == 0


@pytest.mark.usefixtures("no_cache")
def test_the_number_of_stored_operations_is_bounded(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persisted_operation, "MOST_KEPT", 3)
    texts = [f"{POLICY} # {number}" for number in range(6)]
    for text in texts:
        post(api.http, query=text, extensions=extension(sha256(text)))
    assert PersistedOperation.objects.count() == 3
    assert {kept.id for kept in PersistedOperation.objects} == {sha256(t) for t in texts[3:]}


def test_stored_operations_expire(app: Flask) -> None:
    index = PersistedOperation._get_collection().index_information()["expires_at_1"]
    assert index["expireAfterSeconds"] == 0


def test_an_operation_is_read_once_and_then_cached(api: Client, commands: list[str]) -> None:
    query = POLICY + " # once"
    post(api.http, query=query, extensions=extension(sha256(query)))
    operations = AutomaticOperations(StoredOperations())
    commands.clear()
    assert operations.find_text(None, sha256(query)) == query
    assert operations.find_text(None, sha256(query)) == query
    assert commands == ["findAndModify"]


def test_only_trusted_documents_run_in_production(
    app: Flask, database_uri: str, tmp_path: Path
) -> None:
    operation, manifest = tmp_path / "policy.graphql", tmp_path / "trusted.json"
    operation.write_text(POLICY)
    wrong = tmp_path / "wrong.graphql"
    wrong.write_text("{ nobody }")
    runner = app.test_cli_runner()
    assert runner.invoke(args=["schema", "trust", str(wrong), "--out", str(manifest)]).exit_code
    assert not manifest.exists()
    done = runner.invoke(args=["schema", "trust", str(operation), "--out", str(manifest)])
    assert done.exit_code == 0, done.output
    assert parse(json.loads(manifest.read_text())["operations"][0]["body"])
    production = {"FLASK_ENV": "production", "TRUSTED_DOCUMENTS": str(manifest)}
    server = start_server({**ENVIRONMENT, "MONGODB_URI": database_uri, **production}, tmp_path)
    try:
        url = f"{server.url}/graphql"
        for body in ({"query": POLICY}, {"extensions": extension(sha256(POLICY))}):
            assert requests.post(url, json=body, timeout=HANG).json() == ANSWER
        other = requests.post(url, json={"query": "{ __typename }"}, timeout=HANG)
        reason = other.json()["errors"][0]["extensions"]["reason"]
        assert reason == "PERSISTED_QUERY_NOT_FOUND"
    finally:
        stop(server.process)


def test_an_invalid_manifest_prevents_the_start_with_one_line(tmp_path: Path) -> None:
    wrong = tmp_path / "trusted.json"
    wrong.write_text("{}")
    production = {
        "FLASK_ENV": "production",
        "MONGODB_URI": "mongodb://127.0.0.1:1/accounts",
        "TRUSTED_DOCUMENTS": str(wrong),
    }
    run = subprocess.run(
        [sys.executable, "-m", "application"],
        env={**os.environ, **ENVIRONMENT, **production},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert run.stderr.startswith("TRUSTED_DOCUMENTS: Not a manifest of the format")
    assert run.stderr.count("\n") == 1
