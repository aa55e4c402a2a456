// Mercurius on Fastify with its compiler, @fastify/jwt and the mongodb driver.
import jwt from "@fastify/jwt";
import Fastify from "fastify";
import mercurius from "mercurius";

import {
  JWT_AUDIENCE, JWT_ISSUER, PORT, SECRET_KEY, makeResolvers, serve, typeDefs,
} from "./accounts.mjs";

const refuse = (message, extensions) => new mercurius.ErrorWithProps(message, extensions);

await serve(async (database) => {
  const app = Fastify({ keepAliveTimeout: 75_000 });
  await app.register(jwt, {
    secret: SECRET_KEY,
    sign: { algorithm: "HS256", iss: JWT_ISSUER, aud: JWT_AUDIENCE },
    verify: { algorithms: ["HS256"], allowedIss: JWT_ISSUER, allowedAud: JWT_AUDIENCE },
  });
  await app.register(mercurius, {
    schema: typeDefs,
    resolvers: makeResolvers(database, refuse),
    jit: 1,
    context: (request) => ({
      claims: () => request.jwtVerify().catch(() => null),
      sign: (claims, expiresIn) => app.jwt.sign(claims, { expiresIn: `${expiresIn}s` }),
    }),
  });
  await app.listen({ port: Number(PORT), host: "127.0.0.1" });
});
