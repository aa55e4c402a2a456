// Runs every audit of the GraphQL over HTTP specification against the URL that is given.
import { serverAudits } from "graphql-http";

const [url] = process.argv.slice(2);
if (!url) {
  console.error("usage: node audit.mjs http://127.0.0.1:5000/graphql");
  process.exit(2);
}

let passed = 0;
const audits = serverAudits({ url, fetchFn: fetch });
for (const { id, name, fn } of audits) {
  const result = await fn();
  const reason = result.status === "ok" ? "" : `: ${result.reason}`;
  console.log(`${result.status.padEnd(6)} ${id} ${name}${reason}`);
  passed += result.status === "ok" ? 1 : 0;
}
console.log(`${passed} of ${audits.length} ok`);
process.exitCode = passed === audits.length ? 0 : 1;
