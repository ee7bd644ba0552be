#!/usr/bin/env node
// Receives webhooks, verifies them, and keeps each once as a file, ready for your own program.
//
//     WEBHOOK_SECRETS=shop.whsec ./receive_webhook.mjs 8080 inbox
//
// smm-tracker.toml: [webhook.shop] url = "http://127.0.0.1:8080/", network = "local"; from outside put it behind your
// web server's https. The file has one secret a line (whsec_…): during a rotation the new one and the old one.
//
// A webhook counts as delivered once we answer 2xx, so that is said only when the file is safely on the disk. It may
// come twice (our answer got lost): its webhook-id is the file's name, and the second is answered the same and kept
// once. Leave the files for 30 days; then old ones may go: find inbox -mtime +30 -delete
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

const TOLERANCE = 300; // seconds a timestamp may be off, either way: an old request that somebody kept is worth nothing
const MOST_BYTES = 1 << 20;

// Read for every request, so that a rotation needs no restart.
function secrets() {
  const lines = fs.readFileSync(process.env.WEBHOOK_SECRETS ?? "shop.whsec", "utf8").split("\n");
  return lines.map((line) => line.trim()).filter(Boolean).map((line) => {
    const secret = Buffer.from(line.replace(/^whsec_/, ""), "base64");
    if (secret.length < 24) throw new Error("a secret is broken"); // whoever guesses it must not get in
    return secret;
  });
}

// Takes as long for a near miss as for a far one.
function isEqual(one, other) {
  return one.length === other.length && crypto.timingSafeEqual(one, other);
}

// Standard Webhooks: HMAC-SHA256 over id.timestamp.body, one signature for each secret in use.
function isGenuine(id, timestamp, signatures, body) {
  if (!/^[0-9]{1,12}$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE) return false;
  const given = signatures.split(" ").map((signature) => Buffer.from(signature));
  return secrets().some((secret) => {
    const hmac = crypto.createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body).digest("base64");
    return given.some((signature) => isEqual(signature, Buffer.from("v1," + hmac)));
  });
}

// On the disk, whole, under its id; nothing changes when it is there already.
function keep(inbox, id, body) {
  const fresh = path.join(inbox, `.new-${crypto.randomUUID()}`);
  const file = fs.openSync(fresh, "wx");
  try {
    fs.writeFileSync(file, body);
    fs.fsyncSync(file);
    fs.linkSync(fresh, path.join(inbox, id + ".json"));
    fs.fsyncSync(file); // its name as well
  } catch (trouble) {
    if (trouble.code !== "EEXIST") throw trouble;
  } finally {
    fs.unlinkSync(fresh);
    fs.closeSync(file);
  }
}

async function receive(request, inbox) {
  if (request.method !== "POST") return 405;
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > MOST_BYTES) return 413;
    parts.push(part);
  }
  const body = Buffer.concat(parts); // the bytes as they came: JSON written anew would not verify
  const [id, timestamp, signatures] =
    ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => request.headers[name] ?? "");
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) return 400;
  if (!isGenuine(id, timestamp, signatures, body)) return 401;
  keep(inbox, id, body);
  return 204;
}

if (process.argv.length !== 4) {
  console.error("usage: receive_webhook.mjs PORT INBOX");
  process.exit(2);
}
const [port, inbox] = process.argv.slice(2);
fs.mkdirSync(inbox, { recursive: true });
secrets(); // complains at once
const server = http.createServer(async (request, response) => {
  const status = await receive(request, inbox).catch((trouble) => {
    console.error(trouble.message); // a full disk, say: not delivered, and smm-tracker comes again
    return 500;
  });
  response.writeHead(status, { "Content-Length": 0, Connection: "close" }).end();
});
server.requestTimeout = 15_000; // smm-tracker waits no longer
server.listen(Number(port), "127.0.0.1");
