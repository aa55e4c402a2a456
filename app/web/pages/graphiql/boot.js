// Starts GraphiQL: how it asks the server, what it shows first and what it may remember.
"use strict";

// GraphiQL's dialogs add a style element of their own; the policy admits it by the page's nonce.
globalThis.__webpack_nonce__ = document.currentScript.nonce;

const EXAMPLE = `# Put the cursor inside an operation and press
# Ctrl-Enter, or pick it from the Run button's menu.

# 1. Make an account, with an address of your own.
mutation Register {
  register(
    input: {
      fullName: "Ada Lovelace"
      email: "ada@example.com"
      password: "four quiet otters rowing"
    }
  ) {
    user { id fullName email }
    tokens { accessToken expiresIn }
  }
}

# 2. Come back to it later.
mutation Login {
  login(
    input: {
      email: "ada@example.com"
      password: "four quiet otters rowing"
    }
  ) {
    user { id lastLoginAt }
    tokens { accessToken refreshToken expiresIn }
  }
}

# 3. Copy the accessToken of either answer into the
#    Headers tab below, after the word Bearer:
#      "Authorization": "Bearer eyJhbGciOi..."
#    and ask who you are.
query Me {
  me { id fullName email emailVerified roles createdAt }
}

# Anyone may ask this. The book icon at the top left
# opens the documentation of all the rest.
query PasswordPolicy {
  passwordPolicy { minLength maxLength }
}
`;

const HEADERS = `{
  "Authorization": "Bearer "
}`;

/** Sends one operation and answers with what the server said, whatever the status. */
async function fetcher(operation, { headers = {} } = {}) {
  const sent = new Headers({
    Accept: "application/graphql-response+json, application/json;q=0.9",
    "Content-Type": "application/json",
    ...headers,
  });
  // The Headers tab starts with a scheme and no token: that is no credential to be refused.
  if (sent.get("Authorization") === "Bearer") sent.delete("Authorization");
  const response = await fetch("graphql", {
    method: "POST",
    headers: sent,
    body: JSON.stringify(operation),
  });
  const body = await response.text();
  try {
    return JSON.parse(body);
  } catch {
    // Not this server's: a proxy on the way answered.
    const message = `${response.status} ${response.statusText}: ${body.slice(0, 500)}`;
    return { errors: [{ message }] };
  }
}

const LAYOUT = /^graphiql:(theme|\w+Flex)$/;
const memory = new Map();

/**
 * GraphiQL's store. Its history keeps headers whatever shouldPersistHeaders says, and what is typed
 * here holds passwords and tokens: on disk stays the layout, all else ends with the page.
 */
const storage = {
  getItem: (key) => (LAYOUT.test(key) ? localStorage.getItem(key) : (memory.get(key) ?? null)),
  setItem: (key, value) =>
    LAYOUT.test(key) ? localStorage.setItem(key, value) : memory.set(key, value),
  removeItem: (key) => (LAYOUT.test(key) ? localStorage.removeItem(key) : memory.delete(key)),
  clear: () => memory.clear(),
  get length() {
    return memory.size;
  },
};

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher,
    storage,
    defaultQuery: EXAMPLE,
    defaultHeaders: HEADERS,
    defaultEditorToolsVisibility: "headers",
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
  }),
);
