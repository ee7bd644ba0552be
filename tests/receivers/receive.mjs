// A receiver of webhooks that has each request verified by the libraries customers use, from its raw bytes, and has
// them refuse what differs from it by one bit. Says on which port it listens; SIGTERM has it print its report and end.
//
//   node receive.mjs FILE-WITH-THE-SECRET
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import * as standardwebhooks from "standardwebhooks";
import * as svix from "svix";
import * as svix1 from "svix-1"; // the last with a verification of its own; the newer hands on to standardwebhooks

const secret = readFileSync(process.argv[2], "utf8").trim();
const libraries = { standardwebhooks, svix, "svix-1": svix1 };
const report = { received: 0, distinct: 0, refused_tampered: 0, verified: {}, contains: {}, longest: 0, faults: 0, examples: [] };
const verifiers = Object.entries(libraries).map(([name, library]) => {
  report.verified[name] = 0;
  return { name, webhook: new library.Webhook(secret), Refusal: library.WebhookVerificationError };
});

const kinds = {
  emoji: /\p{Emoji_Presentation}/u,
  line_separator: /[\u2028\u2029]/,
  escaped_nul: /\\u0000/,
  replacement: /\ufffd/,
  beyond_the_basic_plane: /[\u{10000}-\u{10ffff}]/u,
  right_to_left_override: /\u202e/,
};
for (const kind of Object.keys(kinds)) report.contains[kind] = 0;

// The same numbers in every run.
let state = 20261121;
function draw(below) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

function fault(request, library, words) {
  report.faults += 1;
  if (report.examples.length >= 5) return;
  report.examples.push({ library, words, id: request.headers["webhook-id"], body: request.body.toString("base64") });
}

// One bit of the body, the id's last character, a second of the timestamp, or a bit of the signature.
function tampered({ headers, body }) {
  const changed = { headers: { ...headers }, body: Buffer.from(body) };
  const kind = draw(5);
  if (kind === 0) {
    changed.headers["webhook-timestamp"] = String(Number(headers["webhook-timestamp"]) + 1);
  } else if (kind === 1) {
    changed.headers["webhook-id"] = headers["webhook-id"].replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  } else if (kind === 2) {
    changed.headers["webhook-signature"] = headers["webhook-signature"].replace(/v1,./g, (begin) => "v1," + (begin[3] === "A" ? "B" : "A"));
  } else {
    changed.body[draw(body.length)] ^= 1 << draw(8);
  }
  return changed;
}

const ids = new Set();
function check(request) {
  report.received += 1;
  ids.add(request.headers["webhook-id"]);
  report.longest = Math.max(report.longest, request.body.length);
  const text = request.body.toString();
  for (const [kind, pattern] of Object.entries(kinds)) if (pattern.test(text)) report.contains[kind] += 1;
  const other = tampered(request);
  for (const { name, webhook, Refusal } of verifiers) {
    try {
      const event = webhook.verify(request.body, request.headers);
      if (name === "svix-1" && typeof event.data.seq !== "number") throw new Error("it is no event");
      report.verified[name] += 1;
    } catch (error) {
      fault(request, name, String(error));
    }
    try {
      webhook.verify(other.body, other.headers);
      fault(request, name, "it took what had been tampered with");
    } catch (error) {
      if (error instanceof Refusal) report.refused_tampered += 1;
      else fault(request, name, "tampered with: " + error);
    }
  }
}

const server = createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    check({ headers: request.headers, body: Buffer.concat(pieces) });
    response.writeHead(204).end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port} with node ${process.version}`));
process.on("SIGTERM", () => {
  report.distinct = ids.size;
  console.log(JSON.stringify(report));
  process.exit(0);
});
