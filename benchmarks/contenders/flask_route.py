"""The bare route: Flask, Flask-JWT-Extended, pymongo and jsonify, as REST."""

import os
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import bcrypt
from bson import ObjectId
from flask import Flask, abort, jsonify, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    current_user,
    jwt_required,
)
from marshmallow import Schema, ValidationError, fields, validate
from pymongo import DESCENDING, MongoClient

app = Flask(__name__)
app.config.update(
    JWT_SECRET_KEY=os.environ["SECRET_KEY"],
    JWT_ENCODE_ISSUER=os.environ["JWT_ISSUER"],
    JWT_DECODE_ISSUER=os.environ["JWT_ISSUER"],
    JWT_ENCODE_AUDIENCE=os.environ["JWT_AUDIENCE"],
    JWT_DECODE_AUDIENCE=os.environ["JWT_AUDIENCE"],
    JWT_ACCESS_TOKEN_EXPIRES=timedelta(minutes=20),
)
jwt = JWTManager(app)
database = MongoClient(os.environ["MONGODB_URI"], tz_aware=True).get_default_database()
SHOWN = dict.fromkeys(("email", "full_name", "active", "roles", "created_at"), True)


class RegisterForm(Schema):
    """A new account."""

    fullName = fields.String(required=True, validate=validate.Length(1, 120))  # noqa: N815
    email = fields.Email(required=True, validate=validate.Length(max=254))
    password = fields.String(required=True, validate=validate.Length(8, 128))


class LoginForm(Schema):
    """Who signs in."""

    email = fields.Email(required=True)
    password = fields.String(required=True)


REGISTER, LOGIN = RegisterForm(), LoginForm()


@jwt.user_lookup_loader
def live_account(_: dict, claims: dict) -> dict | None:
    """The token's account, while it is active and the session has not ended."""
    user = database.users.find_one({"_id": ObjectId(claims["sub"])}, {"password_hash": False})
    live = user and user["active"] and ObjectId(claims["sid"]) in user["session_ids"]
    return user if live else None


@app.errorhandler(ValidationError)
def invalid(error: ValidationError) -> tuple:
    """Which fields are at fault."""
    return jsonify(errors=error.messages), 422


@app.get("/typename")
def typename():
    """The least that a route can do."""
    return jsonify(__typename="Query")


@app.get("/me")
@jwt_required()
def me():
    """The caller's account."""
    return jsonify(shown(current_user))


@app.get("/users")
@jwt_required()
def users():
    """The newest accounts, for administrators."""
    if "ADMIN" not in current_user["roles"]:
        abort(403)
    first = request.args.get("first", 50, int)
    found = list(
        database.users.find({}, SHOWN)
        .sort([("created_at", DESCENDING), ("_id", DESCENDING)])
        .limit(first + 1)
    )
    edges = [{"cursor": str(user["_id"]), "node": shown(user)} for user in found[:first]]
    end = edges[-1]["cursor"] if edges else None
    return jsonify(edges=edges, pageInfo={"hasNextPage": len(found) > first, "endCursor": end})


@app.post("/register")
def register():
    """A new account."""
    form = REGISTER.load(request.get_json())
    made = datetime.now(UTC)
    user = {
        "email": form["email"].lower(),
        "full_name": form["fullName"],
        "password_hash": bcrypt.hashpw(form["password"].encode(), bcrypt.gensalt()).decode(),
        "active": True,
        "roles": ["USER"],
        "session_ids": [],
        "created_at": made,
        "updated_at": made,
    }
    database.users.insert_one(user)
    return jsonify(user=shown(user)), 201


@app.post("/login")
def login():
    """A new session and its tokens."""
    form = LOGIN.load(request.get_json())
    user = database.users.find_one({"email": form["email"].lower()})
    password = form["password"].encode()
    if not user or not bcrypt.checkpw(password, user["password_hash"].encode()):
        abort(401)
    sid, at = ObjectId(), datetime.now(UTC)
    database.sessions.insert_one(
        {"_id": sid, "user_id": user["_id"], "refresh_id": str(uuid4()), "created_at": at}
    )
    pushed = {"session_ids": {"$each": [sid], "$slice": -100}}
    database.users.update_one(
        {"_id": user["_id"]}, {"$set": {"last_login_at": at}, "$push": pushed}
    )
    claims = {"sid": str(sid)}
    tokens = {
        "accessToken": create_access_token(str(user["_id"]), additional_claims=claims),
        "refreshToken": create_refresh_token(str(user["_id"]), additional_claims=claims),
        "expiresIn": 1200,
    }
    return jsonify(user=shown(user), tokens=tokens)


def shown(user: dict) -> dict:
    """An account as a client reads it."""
    return {
        "id": str(user["_id"]),
        "email": user["email"],
        "fullName": user["full_name"],
        "active": user["active"],
        "roles": user["roles"],
        "createdAt": user["created_at"].isoformat(),
    }
