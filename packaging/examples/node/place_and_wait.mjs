#!/usr/bin/env node
// Places one order and waits until it has ended.
//
//     ./place_and_wait.mjs PANEL SERVICE LINK QUANTITY REF
//     ./place_and_wait.mjs p1 1 https://example.com/p/1 1000 shop-991
//
// REF is your own number for this order and for no other. It is sent as the Idempotency-Key: whatever happens (the
// power goes, the answer is lost, you press ^C), run the same command again, and it finds the order that was placed,
// or places it if none was. Nothing is bought twice.
//
// Exit: 0 completed. 2 usage. 5 certainly not bought. 6 ended, but not completed. 7 smm-tracker does not answer:
// run it again. 8 nobody can know whether it was bought: a person has to look. SMM_TRACKER_SOCKET names the socket.
import { NoAnswer, ask, pause } from "./tracker.mjs";

const say = (text) => console.error(text);

function leave(code, ...lines) {
  lines.forEach(say);
  process.exit(code);
}

// Asks until there is an answer. Asking again with the same key is safe; without one it never would be.
async function place(panel, ref, order) {
  for (const rest of [1, 2, 4, 0]) {
    try {
      const reply = await ask("POST", `/v1/panels/${encodeURIComponent(panel)}/orders`, {
        body: order,
        headers: { "Idempotency-Key": ref },
        silence: 150, // longer than the panel itself may take (place_timeout), so that its answer is not missed
      });
      if (reply.status !== 503 || !rest) return reply; // 503: too busy, or stopping; it was not sent
    } catch (trouble) {
      if (!(trouble instanceof NoAnswer)) throw trouble;
      say(trouble.message);
      if (!rest) leave(7, "It may have been placed. Run this again with the same REF.");
    }
    await pause(rest);
  }
}

// No order: says why, and what may be done without buying twice.
function giveUp(ref, problem) {
  if (problem.sent === "no" || problem.sent === "yes") { // never left, or the panel refused it
    const errors = (problem.errors ?? []).map((error) => "  " + JSON.stringify(error));
    // What is on record answers the same for this REF for 30 days.
    const which = problem.placement ? "another REF." : "the same REF, once that is mended.";
    leave(5, `Not bought: ${problem.detail}`, ...errors, `Order again with ${which}`);
  }
  const number = problem.placement ?? "NUMBER";
  leave(8,
    `Nobody can know whether ${ref} was bought, and it is not sent again: ${problem.detail}`,
    `Look at the panel. If the order is there: smm-tracker placements resolve ${number} --order ITS-ID`,
    `If it is not, then this, which frees REF: smm-tracker placements resolve ${number} --none`);
}

async function waitUntilEnded(name) {
  for (;;) {
    try {
      // Long polling: answered the moment the order ends, or after a minute.
      const { status, answer } = await ask("GET", `/v1/orders/${name}?wait=60s&until=ended`);
      if (status === 200 && answer.ended) return answer;
      if (status === 404) leave(6, `${name} was placed, but is no longer tracked.`);
      if (status !== 200) throw new NoAnswer(answer.detail);
    } catch (trouble) {
      if (!(trouble instanceof NoAnswer)) throw trouble;
      say(trouble.message);
      await pause(5);
    }
  }
}

if (process.argv.length !== 7) leave(2, "usage: place_and_wait.mjs PANEL SERVICE LINK QUANTITY REF");
const [panel, service, link, quantity, ref] = process.argv.slice(2);
const { status, answer } = await place(panel, ref, { service, link, quantity, ref });
if (status !== 201) giveUp(ref, answer);
const name = `${panel}/${answer.placement.order}`;
console.log(`placed ${name}`);
const order = await waitUntilEnded(name);
const [delivered, missing, charge, currency] =
  [order.delivered, order.remains, order.charge, order.currency].map((value) => value ?? "unknown");
console.log(`${name} ${order.status}: ${delivered} delivered, ${missing} missing, charge ${charge} ${currency}`);
process.exit(order.status === "completed" ? 0 : 6);
