#!/usr/bin/env node
// Tells a chat of trouble: a panel that fails or rejects its key, a low balance, webhooks that are given up.
//
//     CHAT_HOOK=https://chat.example/hooks/… ./send_trouble.mjs trouble.state
//
// Posts {"text": "…"}, which Slack, Mattermost, Rocket.Chat and Google Chat take. The file keeps how far it got;
// without it, it begins now. What the chat does not take is sent again. It also tells when smm-tracker itself is
// silent. SMM_TRACKER_SOCKET names the socket (ro.sock will do).
import fs from "node:fs";
import { NoAnswer, ask, exchange, pause } from "./tracker.mjs";

const TYPES = "types=panel.*&types=balance.*&types=webhook.disabled";
const MOST_LINES = 20; // of one message

function textOf({ type, data }) {
  const facts = ["words", "reason", "balance", "currency", "low"].filter((name) => data[name]);
  return `${type} ${data.webhook ?? data.panel} ${facts.map((name) => `${name} ${data[name]}`).join(", ")}`;
}

// What to tell, and the state once it is told. Waits for up to 25 s while nothing happens.
async function look(state) {
  if (state === null) {
    const { answer } = await ask("GET", "/v1/status");
    return { lines: [], following: { since: answer.events.newest, dead: {} } };
  }
  const { status, headers, text } = await exchange("GET", `/v1/events?wait=25s&since=${state.since}&${TYPES}`);
  // 410: our place is older than what is kept, or beyond the end after a restore.
  if (status === 410) return { lines: [`events were missed: ${JSON.parse(text).detail}`], following: null };
  if (status !== 200) throw new NoAnswer(JSON.parse(text).detail);
  const lines = text.split("\n").filter(Boolean).map((line) => textOf(JSON.parse(line)));
  const dead = {};
  for (const hook of (await ask("GET", "/v1/webhooks")).answer.items) {
    dead[hook.name] = hook.dead;
    const more = hook.dead - (state.dead[hook.name] ?? 0);
    if (more > 0) lines.push(`webhook ${hook.name}: ${more} deliveries given up: smm-tracker deliveries --state dead`);
  }
  return { lines, following: { since: Number(headers["smm-next-since"]), dead } };
}

// Returns once the chat has it.
async function tell(lines) {
  if (lines.length > MOST_LINES) lines = [...lines.slice(0, MOST_LINES), `… and ${lines.length - MOST_LINES} more`];
  // A panel's words are anybody's words: they must not mention people or draw links.
  const text = lines.join("\n").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  for (;;) {
    try {
      const reply = await fetch(process.env.CHAT_HOOK, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ text }),
        signal: AbortSignal.timeout(15_000),
      });
      if (reply.ok) return;
      throw new Error(`it answered ${reply.status}`);
    } catch (trouble) {
      console.error(`the chat did not take it, again in 10 s: ${trouble.message}`);
      await pause(10);
    }
  }
}

function save(file, state) {
  fs.writeFileSync(file + ".new", JSON.stringify(state));
  fs.renameSync(file + ".new", file);
}

if (process.argv.length !== 3 || !process.env.CHAT_HOOK) {
  console.error("usage: CHAT_HOOK=URL send_trouble.mjs FILE");
  process.exit(2);
}
const file = process.argv[2];
let state = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8")) : null;
let silent = 0;
for (;;) {
  let lines = [];
  let following = state;
  try {
    ({ lines, following } = await look(state));
    if (silent >= 3) lines.unshift("smm-tracker answers again");
    silent = 0;
  } catch (trouble) {
    if (!(trouble instanceof NoAnswer)) throw trouble;
    silent += 1;
    if (silent === 3) lines = [trouble.message];
    await pause(5);
  }
  if (lines.length > 0) await tell(lines);
  if (following !== state) {
    save(file, following);
    state = following;
  }
}
