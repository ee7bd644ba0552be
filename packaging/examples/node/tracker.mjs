// One question to smm-tracker over its Unix socket. Shared by the programs beside it; Node 18, no packages.
import http from "node:http";

export const socketPath = process.env.SMM_TRACKER_SOCKET ?? "/run/smm-tracker/api.sock";

// smm-tracker is not there, or went away before its answer was whole: what it did is not known.
export class NoAnswer extends Error {}

export const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// The response as soon as its head is there. `silence`: ended when nothing comes for so many seconds.
export function open(method, target, { body, headers = {}, silence = 90 } = {}) {
  return new Promise((resolve, reject) => {
    const failed = ({ message }) => reject(new NoAnswer(`smm-tracker does not answer on ${socketPath}: ${message}`));
    const request = http.request({
      socketPath, method, path: target, timeout: silence * 1000,
      headers: { "Content-Type": "application/json", ...headers },
    });
    request.on("response", resolve).on("error", failed);
    request.on("timeout", () => request.destroy(new Error(`nothing for ${silence} s`)));
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

// The HTTP status, the headers and the text of the answer.
export async function exchange(method, target, options) {
  const response = await open(method, target, options);
  const parts = [];
  try {
    for await (const part of response) parts.push(part);
  } catch (trouble) {
    throw new NoAnswer(`smm-tracker broke off: ${trouble.message}`);
  }
  return { status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString() };
}

// The HTTP status and the JSON of the answer, also when it is an error (application/problem+json).
export async function ask(method, target, options) {
  const { status, text } = await exchange(method, target, options);
  return { status, answer: JSON.parse(text) };
}
