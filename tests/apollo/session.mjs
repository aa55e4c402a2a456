// A front end's session through Apollo Client: register, an access token that expires and is
// renewed on the way, logout. Once by POST alone, once with GET for the queries that a hash names.
import assert from "node:assert/strict";
import { createHash, createHmac, randomBytes } from "node:crypto";
import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  HttpLink,
  InMemoryCache,
  gql,
} from "@apollo/client/core";
import { SetContextLink } from "@apollo/client/link/context";
import { ErrorLink } from "@apollo/client/link/error";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { from, switchMap } from "rxjs";

const [url] = process.argv.slice(2);
const secretKey = process.env.TEST_SECRET_KEY;
if (!url || !secretKey) {
  console.error("usage: TEST_SECRET_KEY=... node session.mjs http://127.0.0.1:5000/graphql");
  process.exit(2);
}

// The names differ each time, so that the server has never seen these documents: a comment would
// not do, since Apollo Client prints a document anew and drops its comments.
function documents(run) {
  return {
    register: gql`mutation Register_${run}($input: RegisterInput!) {
      register(input: $input) { user { id email } tokens { accessToken refreshToken } }
    }`,
    refresh: gql`mutation Refresh_${run}($token: String!) {
      refreshToken(input: { refreshToken: $token }) { tokens { accessToken refreshToken } }
    }`,
    me: gql`query Me_${run} { me { id email } }`,
    logout: gql`mutation Logout_${run} { logout { sessionsEnded } }`,
  };
}

// What a front end keeps of its session, and the client that uses and renews it.
function frontEnd({ operations, useGETForHashedQueries }) {
  const session = { accessToken: null, refreshToken: null };
  const requests = [];
  let refreshing = null;

  function recordingFetch(input, options) {
    const { searchParams } = new URL(input);
    const sent = options.body ? JSON.parse(options.body) : Object.fromEntries(searchParams);
    const name = sent.operationName.split("_")[0];
    const parts = [options.method, name];
    if (sent.extensions) parts.push("hash");
    if (sent.query) parts.push("document");
    requests.push(parts.join(" "));
    return fetch(input, options);
  }

  async function refresh() {
    const { data } = await client.mutate({
      mutation: operations.refresh,
      variables: { token: session.refreshToken },
      context: { anonymous: true },
    });
    Object.assign(session, data.refreshToken.tokens);
  }

  // Several operations may learn at once that the token is over, one perhaps only when another has
  // renewed it already: a refresh token can be used once, so they share one refresh.
  async function renew(accessToken) {
    if (accessToken !== session.accessToken) return;
    refreshing ??= refresh().finally(() => (refreshing = null));
    await refreshing;
  }

  const retryWhenExpired = new ErrorLink(({ error, operation, forward }) => {
    const { accessToken } = operation.getContext();
    if (!accessToken || !CombinedGraphQLErrors.is(error)) return undefined;
    if (error.errors[0].extensions.reason !== "TOKEN_EXPIRED") return undefined;
    return from(renew(accessToken)).pipe(switchMap(() => forward(operation)));
  });
  const authorize = new SetContextLink(({ anonymous, headers }) => {
    if (anonymous || !session.accessToken) return {};
    const { accessToken } = session;
    return { accessToken, headers: { ...headers, Authorization: `Bearer ${accessToken}` } };
  });
  const persist = new PersistedQueryLink({
    sha256: (text) => createHash("sha256").update(text).digest("hex"),
    useGETForHashedQueries,
  });
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([
      retryWhenExpired,
      authorize,
      persist,
      new HttpLink({ uri: url, fetch: recordingFetch }),
    ]),
    defaultOptions: { query: { fetchPolicy: "network-only" } },
  });
  const me = async () => {
    const query = operations.me;
    const { data } = await client.query({ query, context: { queryDeduplication: false } });
    return data.me;
  };
  return { client, session, me, sent: () => requests.splice(0) };
}

// The same token, of an hour ago: signed with the server's key, since nobody waits 20 minutes.
function expired(token) {
  const [header, payload] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  for (const time of ["iat", "nbf", "exp"]) claims[time] -= 3600;
  assert.ok(claims.exp < Date.now() / 1000, "an hour is not enough to make the token expire");
  const signed = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  return `${signed}.${createHmac("sha256", secretKey).update(signed).digest("base64url")}`;
}

async function run({ useGETForHashedQueries }) {
  const queries = useGETForHashedQueries ? "GET" : "POST";
  const id = randomBytes(6).toString("hex");
  const email = `apollo-${id}@example.com`;
  const operations = documents(id);
  const { client, session, me, sent } = frontEnd({ operations, useGETForHashedQueries });
  const step = (what, requests) => {
    assert.deepEqual(sent(), requests, what);
    console.log(`queries by ${queries}: ${what}`);
  };

  const registered = await client.mutate({
    mutation: operations.register,
    variables: { input: { fullName: "Ana Lima", email, password: "uma frase longa e boa" } },
  });
  const { user, tokens } = registered.data.register;
  assert.equal(user.email, email);
  Object.assign(session, tokens);
  step("register, its hash unknown and then learnt", [
    "POST Register hash",
    "POST Register hash document",
  ]);

  assert.equal((await me()).id, user.id);
  step("me, its hash unknown and then learnt", [`${queries} Me hash`, "POST Me hash document"]);

  assert.equal((await me()).email, email);
  step("me, by its hash alone", [`${queries} Me hash`]);

  session.accessToken = expired(tokens.accessToken);
  const forged = session.accessToken;
  for (const answer of await Promise.all([me(), me()])) assert.equal(answer.id, user.id);
  assert.notEqual(session.accessToken, forged);
  assert.notEqual(session.refreshToken, tokens.refreshToken);
  step("me twice with an expired token, one refresh for both, both again", [
    `${queries} Me hash`,
    `${queries} Me hash`,
    "POST Refresh hash",
    "POST Refresh hash document",
    `${queries} Me hash`,
    `${queries} Me hash`,
  ]);

  assert.equal((await me()).id, user.id);
  step("me with the new token", [`${queries} Me hash`]);

  const { data } = await client.mutate({ mutation: operations.logout });
  assert.equal(data.logout.sessionsEnded, 1);
  step("logout", ["POST Logout hash", "POST Logout hash document"]);

  await assert.rejects(me(), (error) => {
    assert.ok(CombinedGraphQLErrors.is(error), error);
    assert.equal(error.errors.length, 1);
    const { code, reason } = error.errors[0].extensions;
    assert.deepEqual({ code, reason }, { code: "UNAUTHENTICATED", reason: "TOKEN_REVOKED" });
    return true;
  });
  step("me after logout: UNAUTHENTICATED, TOKEN_REVOKED, no refresh", [`${queries} Me hash`]);
  client.stop();
}

await run({ useGETForHashedQueries: false });
await run({ useGETForHashedQueries: true });
console.log("session ok");
