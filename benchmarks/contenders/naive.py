"""The tutorial stack: graphql-server's Flask view, graphene-mongo's types and connection."""

import os
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import bcrypt
import graphene
import mongoengine
from bson import ObjectId
from flask import Flask, Request, Response
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)
from graphene_mongo import MongoengineConnectionField, MongoengineObjectType
from graphql import GraphQLError
from graphql_server.flask.views import GraphQLView
from marshmallow import Schema, ValidationError, fields, validate

mongoengine.connect(host=os.environ["MONGODB_URI"])


class User(mongoengine.Document):
    """An account."""

    email = mongoengine.EmailField(required=True, unique=True)
    email_verified = mongoengine.BooleanField(default=False)
    full_name = mongoengine.StringField(required=True)
    password_hash = mongoengine.StringField(required=True)
    cpf_cnpj = mongoengine.StringField()
    date_of_birth = mongoengine.DateField()
    locale = mongoengine.StringField(default="pt-BR")
    active = mongoengine.BooleanField(default=True)
    roles = mongoengine.ListField(mongoengine.StringField())
    session_ids = mongoengine.ListField(mongoengine.ObjectIdField())
    created_at = mongoengine.DateTimeField(default=lambda: datetime.now(UTC))
    updated_at = mongoengine.DateTimeField(default=lambda: datetime.now(UTC))
    last_login_at = mongoengine.DateTimeField()
    meta = {"collection": "users", "auto_create_index": False, "strict": False}


class Session(mongoengine.Document):
    """One login on one device."""

    user_id = mongoengine.ObjectIdField(required=True)
    refresh_id = mongoengine.StringField(required=True)
    created_at = mongoengine.DateTimeField(default=lambda: datetime.now(UTC))
    meta = {"collection": "sessions", "auto_create_index": False, "strict": False}


class UserType(MongoengineObjectType):
    """An account as a client reads it."""

    class Meta:
        model = User
        interfaces = (graphene.relay.Node,)
        exclude_fields = ("password_hash", "session_ids")
        order_by = "-created_at"


class RegisterForm(Schema):
    """A new account."""

    full_name = fields.String(required=True, validate=validate.Length(1, 120))
    email = fields.Email(required=True, validate=validate.Length(max=254))
    password = fields.String(required=True, validate=validate.Length(8, 128))


class RegisterInput(graphene.InputObjectType):
    """What a new account is made of."""

    full_name = graphene.String(required=True)
    email = graphene.String(required=True)
    password = graphene.String(required=True)


class LoginInput(graphene.InputObjectType):
    """Who signs in."""

    email = graphene.String(required=True)
    password = graphene.String(required=True)


class Tokens(graphene.ObjectType):
    """A session's tokens."""

    access_token = graphene.String(required=True)
    refresh_token = graphene.String(required=True)
    expires_in = graphene.Int(required=True)


@jwt_required()
def live_account() -> User:
    """The token's account, while it is active and the session has not ended."""
    user = User.objects(id=get_jwt_identity()).first()
    if not user or not user.active or ObjectId(get_jwt()["sid"]) not in user.session_ids:
        raise GraphQLError("Not signed in.", extensions={"code": "UNAUTHENTICATED"})
    return user


def for_administrators(*_: object, **__: object) -> dict:
    """No further filter; only administrators may ask."""
    if "ADMIN" not in live_account().roles:
        raise GraphQLError("Not allowed.", extensions={"code": "FORBIDDEN"})
    return {}


class Query(graphene.ObjectType):
    """What may be read."""

    me = graphene.Field(UserType)
    users = MongoengineConnectionField(UserType, get_queryset=for_administrators)

    def resolve_me(self, info: graphene.ResolveInfo) -> User:
        return live_account()


class Register(graphene.Mutation):
    """Make an account."""

    class Arguments:
        input = RegisterInput(required=True)

    user = graphene.Field(UserType)

    def mutate(self, info: graphene.ResolveInfo, input: RegisterInput) -> "Register":
        try:
            form = RegisterForm().load(dict(input))
        except ValidationError as error:
            faults = [{"field": name, "message": why[0]} for name, why in error.messages.items()]
            extensions = {"code": "BAD_USER_INPUT", "fields": faults}
            raise GraphQLError("Invalid input.", extensions=extensions) from None
        hashed = bcrypt.hashpw(form.pop("password").encode(), bcrypt.gensalt()).decode()
        return Register(user=User(**form, password_hash=hashed, roles=["USER"]).save())


class Login(graphene.Mutation):
    """Open a session."""

    class Arguments:
        input = LoginInput(required=True)

    user = graphene.Field(UserType)
    tokens = graphene.Field(Tokens)

    def mutate(self, info: graphene.ResolveInfo, input: LoginInput) -> "Login":
        user = User.objects(email=input.email.lower()).first()
        if not user or not bcrypt.checkpw(input.password.encode(), user.password_hash.encode()):
            raise GraphQLError("Wrong.", extensions={"code": "UNAUTHENTICATED"})
        session = Session(user_id=user.id, refresh_id=str(uuid4())).save()
        user.update(push__session_ids=session.id, set__last_login_at=datetime.now(UTC))
        claims = {"sid": str(session.id)}
        return Login(
            user=user,
            tokens=Tokens(
                access_token=create_access_token(str(user.id), additional_claims=claims),
                refresh_token=create_refresh_token(str(user.id), additional_claims=claims),
                expires_in=1200,
            ),
        )


class Mutation(graphene.ObjectType):
    """What may be done."""

    register = Register.Field()
    login = Login.Field()


class View(GraphQLView):
    """graphene-mongo keeps its query set in the context, as an attribute."""

    def get_context(self, request: Request, response: Response) -> graphene.Context:
        return graphene.Context(request=request, response=response)


app = Flask(__name__)
app.config.update(
    JWT_SECRET_KEY=os.environ["SECRET_KEY"],
    JWT_ENCODE_ISSUER=os.environ["JWT_ISSUER"],
    JWT_DECODE_ISSUER=os.environ["JWT_ISSUER"],
    JWT_ENCODE_AUDIENCE=os.environ["JWT_AUDIENCE"],
    JWT_DECODE_AUDIENCE=os.environ["JWT_AUDIENCE"],
    JWT_ACCESS_TOKEN_EXPIRES=timedelta(minutes=20),
)
JWTManager(app)
schema = graphene.Schema(query=Query, mutation=Mutation)
app.add_url_rule("/graphql", view_func=View.as_view("graphql", schema=schema.graphql_schema))
