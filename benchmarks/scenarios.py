"""The scenarios: what is asked, in GraphQL and over plain routes."""

import json
from dataclasses import dataclass

from benchmarks.accounts import LOGIN_EMAIL, PASSWORD, PLAIN_LOGIN_EMAIL
from benchmarks.load import Request

FIELDS = "id email fullName active roles createdAt"
PAGE = 50
USERS = f"users(first: {PAGE}) {{ edges {{ cursor node {{ {FIELDS} }} }} "
REGISTER = "register(input: $input) { user { id } }"
LOGIN = "login(input: $input) { user { id email } tokens { accessToken refreshToken expiresIn } }"


@dataclass(frozen=True)
class Scenario:
    """One kind of request.

    fields: the root field with its selection. route: method and path for those without GraphQL.
    weight: how many requests stand for one of `--requests`. most_connections: that ask at once.
    """

    name: str
    title: str
    fields: str
    route: tuple[str, str]
    signed_in: bool = False
    refusal: int | None = None
    weight: float = 1.0
    most_connections: int = 1000

    def requests(
        self,
        signed: list[tuple[dict, str]],
        *,
        graphql: bool,
        plain_hash: bool,
        documents: int = 1,
    ) -> list[Request]:
        """The requests to send in turn: `documents` texts, with each token of `signed` in turn."""
        count = max(documents if graphql else 1, len(signed) if self.signed_in else 1)
        given = [self._variables(number, plain_hash) for number in range(count)]
        tokens = [signed[n % len(signed)][1] if self.signed_in else None for n in range(count)]
        make = self._graphql if graphql else self._plain
        return [
            make(given[n], tokens[n], n % documents if documents > 1 else None)
            for n in range(count)
        ]

    def _variables(self, number: int, plain_hash: bool) -> dict[str, str] | None:
        if self.name == "register":
            return {
                "fullName": "Ana Lima",
                "email": f"ana{number}.example.com",
                "password": "curta",
            }
        if self.name == "login":
            email = PLAIN_LOGIN_EMAIL if plain_hash else LOGIN_EMAIL
            return {"email": email, "password": PASSWORD}
        return None

    def _graphql(self, given: dict | None, token: str | None, number: int | None) -> Request:
        declared = f"($input: {self.name.title()}Input!)" if given else ""
        text = f"{{{self.fields}}}" if not given else f"mutation{declared} {{ {self.fields} }}"
        if number is not None:
            named = f"Benchmark{number}{declared}"
            kind = "mutation" if given else "query"
            text = f"# {number}\n{kind} {named} {{ answer{number}: {self.fields} }}"
        body = {"query": text} | ({"variables": {"input": given}} if given else {})
        return Request(http("POST", "/graphql", token, body), 200, refused=self.refusal is not None)

    def _plain(self, given: dict | None, token: str | None, _: int | None) -> Request:
        sent = http(*self.route, token, given)
        return Request(sent, self.refusal or 200, refused=self.refusal is not None)


def http(method: str, path: str, token: str | None, body: dict | None) -> bytes:
    """One HTTP/1.1 request, as a browser's fetch would send it but for its longer headers."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "User-Agent: benchmarks",
        "Accept: application/json",
        "Accept-Language: pt-BR",
        *([f"Authorization: Bearer {token}"] if token else []),
        *(["Content-Type: application/json", f"Content-Length: {len(content)}"] if content else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


SCENARIOS = (
    Scenario("typename", "`{__typename}`", "__typename", ("GET", "/typename")),
    Scenario("me", "`me`", f"me {{ {FIELDS} }}", ("GET", "/me"), signed_in=True),
    Scenario(
        "users",
        f"page of {PAGE} users",
        USERS + "pageInfo { hasNextPage endCursor } }",
        ("GET", f"/users?first={PAGE}"),
        signed_in=True,
        weight=0.3,
    ),
    Scenario("register", "refused `register`", REGISTER, ("POST", "/register"), refusal=422),
    # past a hash or two at once this server turns logins away (benchmarks/storm.py)
    Scenario("login", "`login`", LOGIN, ("POST", "/login"), weight=0.016, most_connections=2),
)
