"""Strawberry on FastAPI: asynchronous from end to end, with its parser and validation caches."""

import os
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Annotated, Any
from uuid import uuid4

import bcrypt
import jwt
import strawberry
from anyio.to_thread import run_sync
from bson import ObjectId
from fastapi import FastAPI, Request
from graphql import GraphQLError
from pydantic import BaseModel, EmailStr, Field, ValidationError
from pymongo import DESCENDING, AsyncMongoClient
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.fastapi import BaseContext, GraphQLRouter
from strawberry.types import Info

SECRET_KEY = os.environ["SECRET_KEY"]
ISSUER, AUDIENCE = os.environ["JWT_ISSUER"], os.environ["JWT_AUDIENCE"]
database = AsyncMongoClient(os.environ["MONGODB_URI"], tz_aware=True).get_default_database()
SHOWN = dict.fromkeys(("email", "full_name", "active", "roles", "created_at"), True)


class Context(BaseContext):
    """What resolvers know of a request; the account is read when a resolver asks."""

    async def live_account(self) -> dict[str, Any]:
        """The token's account, while it is active and the session has not ended."""
        try:
            claims = jwt.decode(
                self.request.headers.get("Authorization", "").removeprefix("Bearer "),
                SECRET_KEY,
                algorithms=["HS256"],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": ["sub", "exp"]},
            )
        except jwt.PyJWTError:
            raise refusal("Not signed in.", "UNAUTHENTICATED") from None
        user = await database.users.find_one(
            {"_id": ObjectId(claims["sub"])}, {"password_hash": False}
        )
        live = user and user["active"] and ObjectId(claims["sid"]) in user["session_ids"]
        if not live or claims["type"] != "access":
            raise refusal("Not signed in.", "UNAUTHENTICATED")
        return user


def refusal(message: str, code: str, **extensions: Any) -> GraphQLError:
    """An error with its code."""
    return GraphQLError(message, extensions={"code": code, **extensions})


@strawberry.enum
class Role(Enum):
    """What an account may do."""

    USER = "USER"
    ADMIN = "ADMIN"


@strawberry.type
class User:
    """An account as a client reads it."""

    id: strawberry.ID
    email: str
    full_name: str
    active: bool
    roles: list[Role]
    created_at: datetime

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "User":
        """The stored account's fields."""
        return cls(
            id=strawberry.ID(str(stored["_id"])),
            email=stored["email"],
            full_name=stored["full_name"],
            active=stored["active"],
            roles=[Role(role) for role in stored["roles"]],
            created_at=stored["created_at"],
        )


@strawberry.type
class PageInfo:
    """Where a page ends."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class UserEdge:
    """One row of a page."""

    cursor: str
    node: User


@strawberry.type
class UserConnection:
    """A page."""

    edges: list[UserEdge]
    page_info: PageInfo


@strawberry.type
class Query:
    """What may be read."""

    @strawberry.field
    async def me(self, info: Info[Context, None]) -> User:
        """The caller's account."""
        return User.of(await info.context.live_account())

    @strawberry.field
    async def users(self, info: Info[Context, None], first: int = 50) -> UserConnection:
        """The newest accounts, for administrators."""
        if "ADMIN" not in (await info.context.live_account())["roles"]:
            raise refusal("Not allowed.", "FORBIDDEN")
        newest = [("created_at", DESCENDING), ("_id", DESCENDING)]
        found = await database.users.find({}, SHOWN).sort(newest).limit(first + 1).to_list()
        edges = [UserEdge(cursor=str(user["_id"]), node=User.of(user)) for user in found[:first]]
        end = edges[-1].cursor if edges else None
        return UserConnection(
            edges=edges, page_info=PageInfo(has_next_page=len(found) > first, end_cursor=end)
        )


@strawberry.input
class RegisterInput:
    """What a new account is made of."""

    full_name: str
    email: str
    password: str


class RegisterForm(BaseModel):
    """The same, checked."""

    full_name: Annotated[str, Field(min_length=1, max_length=120, alias="fullName")]
    email: EmailStr
    password: Annotated[str, Field(min_length=8, max_length=128)]


@strawberry.input
class LoginInput:
    """Who signs in."""

    email: str
    password: str


@strawberry.type
class Tokens:
    """A session's tokens."""

    access_token: str
    refresh_token: str
    expires_in: int


@strawberry.type
class AuthPayload:
    """An account and the session just opened."""

    user: User
    tokens: Tokens | None = None


@strawberry.type
class Mutation:
    """What may be done."""

    @strawberry.mutation
    async def register(self, input: RegisterInput) -> AuthPayload | None:
        """Make an account."""
        try:
            form = RegisterForm(
                fullName=input.full_name, email=input.email, password=input.password
            )
        except ValidationError as error:
            faults = [{"field": e["loc"][0], "message": e["msg"]} for e in error.errors()]
            raise refusal("Invalid input.", "BAD_USER_INPUT", fields=faults) from None
        hashed = await run_sync(bcrypt.hashpw, form.password.encode(), bcrypt.gensalt())
        user = {
            "email": form.email.lower(),
            "full_name": form.full_name,
            "password_hash": hashed.decode(),
            "active": True,
            "roles": ["USER"],
            "session_ids": [],
            "created_at": datetime.now(UTC),
        }
        await database.users.insert_one(user)
        return AuthPayload(user=User.of(user))

    @strawberry.mutation
    async def login(self, input: LoginInput) -> AuthPayload | None:
        """Open a session."""
        user = await database.users.find_one({"email": input.email.lower()})
        if not user or not await run_sync(
            bcrypt.checkpw, input.password.encode(), user["password_hash"].encode()
        ):
            raise refusal("Wrong.", "UNAUTHENTICATED")
        sid, at = ObjectId(), datetime.now(UTC)
        await database.sessions.insert_one(
            {"_id": sid, "user_id": user["_id"], "refresh_id": str(uuid4()), "created_at": at}
        )
        pushed = {"session_ids": {"$each": [sid], "$slice": -100}}
        await database.users.update_one(
            {"_id": user["_id"]}, {"$set": {"last_login_at": at}, "$push": pushed}
        )
        owner = str(user["_id"])
        tokens = Tokens(
            access_token=issue(owner, str(sid), "access", timedelta(minutes=20)),
            refresh_token=issue(owner, str(sid), "refresh", timedelta(days=30)),
            expires_in=1200,
        )
        return AuthPayload(user=User.of(user), tokens=tokens)


def issue(owner: str, session: str, kind: str, lifetime: timedelta) -> str:
    """A signed token."""
    at = datetime.now(UTC)
    claims = {"sub": owner, "sid": session, "jti": str(uuid4()), "type": kind, "iat": at, "nbf": at}
    claims |= {"iss": ISSUER, "aud": AUDIENCE, "exp": at + lifetime}
    return jwt.encode(claims, SECRET_KEY, "HS256")


def context(request: Request) -> Context:
    """A fresh context for each request."""
    return Context()


schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    extensions=[lambda: ParserCache(maxsize=1000), lambda: ValidationCache(maxsize=1000)],
)
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
app.include_router(
    GraphQLRouter(schema, graphql_ide=None, context_getter=context), prefix="/graphql"
)
