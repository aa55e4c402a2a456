// What both Node contenders share: the schema, the documents' reads and writes, and the forms.
import { randomUUID } from "node:crypto";
import cluster from "node:cluster";

import bcrypt from "bcrypt";
import { MongoClient, ObjectId } from "mongodb";
import { z } from "zod";

export const { SECRET_KEY, JWT_ISSUER, JWT_AUDIENCE, MONGODB_URI, PORT } = process.env;
const ROUNDS = Number(process.env.BCRYPT_ROUNDS);
const ACCESS_SECONDS = 20 * 60;
const REFRESH_SECONDS = 30 * 24 * 60 * 60;

export const typeDefs = `
  enum Role { USER ADMIN }
  type User {
    id: ID! email: String! fullName: String! active: Boolean! roles: [Role!]! createdAt: String!
  }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type UserEdge { cursor: String! node: User! }
  type UserConnection { edges: [UserEdge!]! pageInfo: PageInfo! }
  type Tokens { accessToken: String! refreshToken: String! expiresIn: Int! }
  type AuthPayload { user: User tokens: Tokens }
  input RegisterInput { fullName: String! email: String! password: String! }
  input LoginInput { email: String! password: String! }
  type Query { me: User users(first: Int): UserConnection }
  type Mutation { register(input: RegisterInput!): AuthPayload login(input: LoginInput!): AuthPayload }
`;

const registerForm = z.object({
  fullName: z.string().trim().min(1).max(120),
  email: z.email().max(254),
  password: z.string().min(8).max(128),
});

// Resolvers of both. `context` has claims(), which verifies the request's token or throws,
// and sign(claims); refuse(message, extensions) makes the library's own error.
export function makeResolvers(database, refuse) {
  const users = database.collection("users");
  const sessions = database.collection("sessions");
  const shown = { email: 1, full_name: 1, active: 1, roles: 1, created_at: 1 };
  const notSignedIn = () => refuse("Not signed in.", { code: "UNAUTHENTICATED" });

  async function liveAccount(context) {
    const claims = await context.claims();
    if (claims?.type !== "access") throw notSignedIn();
    const user = await users.findOne(
      { _id: new ObjectId(claims.sub) },
      { projection: { password_hash: 0 } },
    );
    const live = user?.active && user.session_ids.some((id) => id.toString() === claims.sid);
    if (!live) throw notSignedIn();
    return user;
  }

  function tokens(context, user, sid) {
    const claims = { sub: user._id.toString(), sid: sid.toString() };
    const of = (type, expiresIn) => context.sign({ ...claims, jti: randomUUID(), type }, expiresIn);
    return {
      accessToken: of("access", ACCESS_SECONDS),
      refreshToken: of("refresh", REFRESH_SECONDS),
      expiresIn: ACCESS_SECONDS,
    };
  }

  return {
    User: {
      id: (user) => user._id.toString(),
      fullName: (user) => user.full_name,
      createdAt: (user) => user.created_at.toISOString(),
    },
    Query: {
      me: (_, __, context) => liveAccount(context),
      async users(_, { first = 50 }, context) {
        const caller = await liveAccount(context);
        if (!caller.roles.includes("ADMIN")) throw refuse("Not allowed.", { code: "FORBIDDEN" });
        const found = await users
          .find({}, { projection: shown })
          .sort({ created_at: -1, _id: -1 })
          .limit(first + 1)
          .toArray();
        const edges = found.slice(0, first).map((node) => ({ cursor: node._id.toString(), node }));
        const pageInfo = { hasNextPage: found.length > first, endCursor: edges.at(-1)?.cursor };
        return { edges, pageInfo };
      },
    },
    Mutation: {
      async register(_, { input }) {
        const { success, data, error } = registerForm.safeParse(input);
        if (!success) {
          const fields = error.issues.map(({ path, message }) => ({ field: path[0], message }));
          throw refuse("Invalid input.", { code: "BAD_USER_INPUT", fields });
        }
        const user = {
          _id: new ObjectId(),
          email: data.email.toLowerCase(),
          full_name: data.fullName,
          password_hash: await bcrypt.hash(data.password, ROUNDS),
          active: true,
          roles: ["USER"],
          session_ids: [],
          created_at: new Date(),
        };
        await users.insertOne(user);
        return { user };
      },
      async login(_, { input }, context) {
        const user = await users.findOne({ email: input.email.toLowerCase() });
        if (!user || !(await bcrypt.compare(input.password, user.password_hash))) {
          throw refuse("Wrong.", { code: "UNAUTHENTICATED" });
        }
        const sid = new ObjectId();
        const at = new Date();
        const refresh_id = randomUUID();
        await sessions.insertOne({ _id: sid, user_id: user._id, refresh_id, created_at: at });
        await users.updateOne(
          { _id: user._id },
          { $set: { last_login_at: at }, $push: { session_ids: { $each: [sid], $slice: -100 } } },
        );
        return { user, tokens: tokens(context, user, sid) };
      },
    },
  };
}

// Two processes that share the port; they end with the first one.
export async function serve(start) {
  if (cluster.isPrimary) {
    const workers = [cluster.fork(), cluster.fork()];
    process.on("SIGTERM", () => {
      for (const worker of workers) worker.process.kill("SIGTERM");
      process.exit(0);
    });
    return;
  }
  const client = await new MongoClient(MONGODB_URI).connect();
  await start(client.db());
}
