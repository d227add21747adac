// How is the agent asked? With the token, if there is one, and never for longer than it may take.

const KEY = "quidnunc-token";
const PATIENCE_MS = 8000;

export const isGuarded = document.documentElement.dataset.token === "yes";

let token = isGuarded ? sessionStorage.getItem(KEY) : null;

export const hasToken = () => !isGuarded || token !== null;

export function setToken(word) {
  token = word;
  if (word === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, word);
}

/** Why there was no answer: `status` is 0 if nobody answered at all. */
export class Unanswered extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function request(path, signal) {
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  let response;
  try {
    response = await fetch(path, { headers, signal, cache: "no-store" });
  } catch (error) {
    throw new Unanswered(0, error.message);
  }
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new Unanswered(response.status, said.error?.message ?? response.statusText);
}

/** An answer that comes at once. */
export async function ask(path) {
  const response = await request(path, AbortSignal.timeout(PATIENCE_MS));
  try {
    return await response.json();
  } catch (error) {
    throw new Unanswered(0, error.message);
  }
}

/** Lines of JSON for as long as there are any; it ends when the agent does, or who reads. */
export async function* lines(path, signal) {
  const response = await request(path, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch(() => ({ done: true }));
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}
