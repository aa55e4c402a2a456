"""A GraphQL client for tests: one call for one request, in process or over a socket."""

import json
from typing import Any, Protocol

import requests

from tests.waiting import HANG

REGISTER = """
mutation Register($input: RegisterInput!) {
  register(input: $input) {
    user {
      id email emailVerified fullName cpfCnpj dateOfBirth locale active roles
      createdAt updatedAt lastLoginAt address { city }
    }
    tokens { accessToken refreshToken tokenType expiresIn expiresAt refreshExpiresAt }
  }
}
"""
LOGIN = """
mutation Login($input: LoginInput!) {
  login(input: $input) {
    user { id email lastLoginAt }
    tokens { accessToken refreshToken tokenType expiresIn expiresAt refreshExpiresAt }
  }
}
"""
REFRESH = """
mutation Refresh($token: String!) {
  refreshToken(input: {refreshToken: $token}) {
    user { id email }
    tokens { accessToken refreshToken expiresIn expiresAt refreshExpiresAt }
  }
}
"""
LOGOUT = "mutation { logout { sessionsEnded } }"
ME = "{ me { id email fullName locale active roles } }"


class Answer:
    """A response with its parsed JSON."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.body = json.loads(response.content if hasattr(response, "content") else response.data)
        self.data = self.body.get("data")
        self.errors = self.body.get("errors", [])

    @property
    def error(self) -> dict:
        """Return the only error; fail if there is not exactly one."""
        (error,) = self.errors
        return error

    @property
    def reason(self) -> str:
        """Return the reason of the only error."""
        return self.error["extensions"]["reason"]

    @property
    def code(self) -> str:
        """Return the code of the only error."""
        return self.error["extensions"]["code"]

    @property
    def fields(self) -> dict[str, str]:
        """Return the reason of each invalid field of the only error."""
        return {
            field["field"]: field["reason"] for field in self.error["extensions"].get("fields", [])
        }


class Http(Protocol):
    """The transport of a Client: Flask's test client, or Socket."""

    def post(self, path: str, *, json: Any, headers: dict[str, str]) -> Any:
        """Send JSON."""


class Socket:
    """A transport over a real connection to a server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, path: str, *, json: Any, headers: dict[str, str]) -> requests.Response:
        """Send JSON."""
        return requests.post(self.url + path, json=json, headers=headers, timeout=HANG)


class Client:
    """Sends operations to /graphql like a front end."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def send(
        self,
        query: str,
        variables: dict | None = None,
        *,
        token: str | None = None,
        language: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """POST one operation."""
        sent = {
            "Accept": "application/graphql-response+json, application/json;q=0.9",
            "Authorization": f"Bearer {token}" if token is not None else None,
            "Accept-Language": language,
            **(headers or {}),
        }
        return Answer(
            self.http.post(
                "/graphql",
                json={"query": query, "variables": variables},
                headers={name: value for name, value in sent.items() if value is not None},
            )
        )

    def register(self, given: dict, **options: Any) -> Answer:
        """Register an account with the data of `given`."""
        return self.send(REGISTER, {"input": given}, **options)

    def login(self, email: str, password: str, **options: Any) -> Answer:
        """Log in."""
        return self.send(LOGIN, {"input": {"email": email, "password": password}}, **options)

    def refresh(self, token: str, **options: Any) -> Answer:
        """Exchange a refresh token."""
        return self.send(REFRESH, {"token": token}, **options)

    def me(self, token: str | None = None, **options: Any) -> Answer:
        """Query the caller's account."""
        return self.send(ME, token=token, **options)

    def logout(self, token: str | None = None, **options: Any) -> Answer:
        """End the session of `token`."""
        return self.send(LOGOUT, token=token, **options)
