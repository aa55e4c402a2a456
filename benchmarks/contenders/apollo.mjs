// Apollo Server's own HTTP server, with the mongodb driver and jsonwebtoken.
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { GraphQLError } from "graphql";
import jwt from "jsonwebtoken";

import {
  JWT_AUDIENCE, JWT_ISSUER, PORT, SECRET_KEY, makeResolvers, serve, typeDefs,
} from "./accounts.mjs";

const CHECKED = { algorithms: ["HS256"], issuer: JWT_ISSUER, audience: JWT_AUDIENCE };
const SIGNED = { algorithm: "HS256", issuer: JWT_ISSUER, audience: JWT_AUDIENCE };

const refuse = (message, extensions) => new GraphQLError(message, { extensions });

function claimsOf(request) {
  const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
  try {
    return jwt.verify(token, SECRET_KEY, CHECKED);
  } catch {
    return null;
  }
}

await serve(async (database) => {
  const server = new ApolloServer({
    typeDefs,
    resolvers: makeResolvers(database, refuse),
    includeStacktraceInErrorResponses: false,
  });
  await startStandaloneServer(server, {
    listen: { port: Number(PORT), host: "127.0.0.1" },
    context: async ({ req }) => ({
      claims: () => claimsOf(req),
      sign: (claims, expiresIn) => jwt.sign(claims, SECRET_KEY, { ...SIGNED, expiresIn }),
    }),
  });
});
