"""The parameters of a GraphQL request: query, variables, operationName and extensions."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

import orjson
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.http import parse_options_header

from app.web.http.request import IncomingRequest
from app.web.http.response import JSON
from schema.engine.execution import Parameters
from schema.engine.persisted import hash_text

SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def read_parameters(incoming: IncomingRequest) -> Parameters:
    """Return the parameters of a request, from its body or its URL.

    Raises BadRequest, UnsupportedMediaType, RequestEntityTooLarge.
    """
    given = _read_body(incoming) if incoming.method == "POST" else _read_url(incoming)
    query, variables = given.get("query"), given.get("variables")
    operation_name, extensions = given.get("operationName"), given.get("extensions")
    if not all(part is None or isinstance(part, dict) for part in (variables, extensions)):
        raise BadRequest
    if not isinstance(operation_name, str | None):
        raise BadRequest
    sha256 = _read_sha256(extensions) if extensions else None
    if (query is None and sha256 is None) or (query is not None and not isinstance(query, str)):
        raise BadRequest
    if query == "" or (sha256 and query is not None and hash_text(query) != sha256):
        raise BadRequest
    return Parameters(query, variables, operation_name or None, sha256)


def _read_sha256(extensions: Mapping[str, Any]) -> str | None:
    """Return the hash of an automatic persisted query, as Apollo Client sends it."""
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    sha256 = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
        raise BadRequest
    return sha256


def _read_body(incoming: IncomingRequest) -> Mapping[str, Any]:
    if not _is_json(incoming.header("CONTENT_TYPE") or ""):
        raise UnsupportedMediaType
    body = _parse_json(incoming.body())
    if not isinstance(body, dict):
        raise BadRequest
    return body


@lru_cache(maxsize=256)
def _is_json(content_type: str) -> bool:
    media_type, options = parse_options_header(content_type)
    return media_type.lower() == JSON and options.get("charset", "utf-8").lower() == "utf-8"


def _read_url(incoming: IncomingRequest) -> Mapping[str, Any]:
    try:
        pairs = parse_qs(incoming.header("QUERY_STRING") or "", errors="strict", max_num_fields=20)
    except ValueError:
        raise BadRequest from None
    given: dict[str, Any] = {name: values[0] for name, values in pairs.items()}
    for name in {"variables", "extensions"} & given.keys():
        given[name] = _parse_json(given[name])
    return given


def _parse_json(text: bytes | str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadRequest from None
