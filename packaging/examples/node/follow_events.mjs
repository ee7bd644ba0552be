#!/usr/bin/env node
// Follows everything that happens and misses nothing: prints one event a line, as JSON.
//
//     ./follow_events.mjs events.seq
//
// The file keeps the number of the last event that was handled; without it, it begins now. Kill it, restart it or
// restart smm-tracker: it goes on where it stood. An event is handled at least once: the one during which the power
// went comes again, with the same seq. SMM_TRACKER_SOCKET names the socket (ro.sock will do).
import fs from "node:fs";
import { NoAnswer, ask, open, pause } from "./tracker.mjs";

// Yours: has to be done for good when it returns.
async function handle(event) {
  console.log(JSON.stringify(event));
}

function remember(file, seq) {
  fs.writeFileSync(file + ".new", `${seq}\n`);
  fs.renameSync(file + ".new", file);
}

async function firstPlace(file) {
  if (fs.existsSync(file)) return Number(fs.readFileSync(file, "utf8"));
  const { answer } = await ask("GET", "/v1/status");
  remember(file, answer.events.newest);
  return answer.events.newest;
}

// Our place is not in the log any more: older than what is kept, or beyond the end after a restore.
function afterAGap(problem) {
  console.error(`Events were missed: ${problem.detail}. Compare with GET /v1/orders.`);
  return problem.oldest !== undefined ? problem.oldest - 1 : problem.newest;
}

async function* linesOf(response) {
  let rest = "";
  try {
    for await (const part of response.setEncoding("utf8")) {
      const lines = (rest + part).split("\n");
      rest = lines.pop(); // cut off: when the stream ends there, it comes again
      yield* lines;
    }
  } catch (trouble) {
    throw new NoAnswer(`smm-tracker broke off: ${trouble.message}`);
  }
}

// Handles what comes until the stream ends.
async function follow(file, seq) {
  // A keepalive comes every 15 s: 45 s of silence are the end.
  const stream = await open("GET", `/v1/events?follow=1&since=${seq}`, { silence: 45 });
  for await (const line of linesOf(stream)) {
    const event = JSON.parse(line);
    if (stream.statusCode === 200) {
      if (event.type === "keepalive") continue;
      await handle(event);
      remember(file, event.seq);
    } else if (event.code === "cursor-expired") {
      remember(file, afterAGap(event));
    } else {
      console.error(event.detail);
    }
  }
}

if (process.argv.length !== 3) {
  console.error("usage: follow_events.mjs FILE");
  process.exit(2);
}
for (;;) {
  try {
    await follow(process.argv[2], await firstPlace(process.argv[2]));
  } catch (trouble) {
    if (!(trouble instanceof NoAnswer)) throw trouble;
    console.error(trouble.message);
  }
  await pause(2);
}
