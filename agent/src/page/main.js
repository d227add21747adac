// When is what asked for? At once what an event has changed, and all of it now and then.

import { Unanswered, ask, hasToken, isGuarded, lines, setToken } from "./ask.js";
import * as events from "./events.js";
import * as links from "./links.js";
import * as maps from "./maps.js";
import * as members from "./members.js";
import { renderGone, renderQuorum, renderStatus } from "./standing.js";
import { at, el, say, tick } from "./show.js";

/** Two rounds are so far apart at least, whatever happens. */
const PAUSE_MS = 400;
/** After a failure longer and longer, up to this. */
const RETRY_MS_MAX = 8000;

/** So many keys are looked through at most, and of a longer value only its size is asked for. */
const ENTRIES_MAX = 1000;
const VALUE_BYTES_MAX = 512;

let overlay = null;

/** What is asked for, how old it may get, how soon it is asked for again at most, and which kinds of events make it old. */
const parts = [
  { every: 4000, pause: 400, kinds: ["member", "joined", "refuted", "moved", "conflict", "healed", "left", "quorum"], ask: askStatus },
  { every: 15_000, pause: 400, kinds: ["member", "joined", "moved", "healed", "value"], ask: askMembers },
  { every: 15_000, pause: 1000, kinds: ["link", "links", "member"], ask: askLinks },
  { every: 30_000, pause: 2000, kinds: ["value", "member"], ask: askEntries },
  { every: 30_000, pause: 2000, kinds: ["info", "event", "member"], ask: askInfos },
].map((part) => ({ ...part, due: 0, asked: 0 }));

async function askStatus() {
  const status = await ask("/v1/status");
  renderStatus(status);
  // Whoever has no voters has no standing, and is not asked for it.
  renderQuorum(status.standing === null ? null : await ask("/v1/quorum"));
}

async function askMembers() {
  members.take((await ask("/v1/members")).members);
  if (overlay) links.render(overlay, members.all());
}

async function askLinks() {
  overlay = await ask("/v1/overlay");
  links.render(overlay, members.all());
}

async function askEntries() {
  maps.takeEntries(await ask(`/v1/kv?limit=${ENTRIES_MAX}&value_max=${VALUE_BYTES_MAX}`));
}

async function askInfos() {
  try {
    maps.takeInfos((await ask("/v1/info")).infos);
  } catch (error) {
    if (error.status !== 400) throw error;
    maps.lack("infos-table", `There are too many for a page: ${error.message}`);
  }
}

let contact = "waiting";
let goneSince = null;

const SAID = { live: "The agent answers again", busy: "The agent is busy", gone: "The agent does not answer" };

function setContact(state, text) {
  at("contact").dataset.state = state;
  at("contact-text").textContent = text;
  if (contact !== state && contact !== "waiting") say(SAID[state]);
  contact = state;
}

function live() {
  goneSince = null;
  renderGone(null);
  setContact("live", "Live");
}

/** The agent has too much to do just now, or something has changed while it was asked. It is there. */
const BUSY = [408, 409, 429, 503, 504];

function trouble(error) {
  if (BUSY.includes(error.status)) {
    setContact("busy", "Agent busy");
    return;
  }
  goneSince ??= Date.now();
  renderGone(goneSince, error.status === 0 ? "nobody is there" : error.message);
  setContact("gone", "No answer");
}

/** What nobody has foreseen is a mistake of the page, and may be over with the next answer. */
function mistake(error) {
  console.error(error);
  setContact("busy", "Page error");
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let wake = () => {};

/** Until the first part is due, or something happens. */
function sleep() {
  const first = Math.min(...parts.map((part) => part.due)) - Date.now();
  return Promise.race([wait(Math.max(PAUSE_MS, first)), new Promise((resolve) => (wake = resolve))]);
}

/** Asks for all that is due. What fails does not keep the rest from being asked for, unless nobody answers. */
async function askDue() {
  let failure = null;
  for (const part of parts.filter((part) => part.due <= Date.now())) {
    part.asked = Date.now();
    part.due = part.asked + part.every;
    try {
      await part.ask();
    } catch (error) {
      part.due = 0;
      failure ??= error;
      if (error.status === 0 || error.status === 401) throw error;
    }
  }
  if (failure !== null) throw failure;
}

async function askAgain() {
  let retry = PAUSE_MS;
  for (;;) {
    try {
      await askDue();
      live();
      retry = PAUSE_MS;
      await wait(PAUSE_MS);
      await sleep();
    } catch (error) {
      if (!(error instanceof Unanswered)) mistake(error);
      else if (error.status === 401) await askToken("This is not the agent's token.");
      else trouble(error);
      await wait(retry);
      retry = Math.min(2 * retry, RETRY_MS_MAX);
    }
  }
}

function makeDue(kind) {
  for (const part of parts) {
    if (kind === null || part.kinds.includes(kind)) part.due = Math.min(part.due, part.asked + part.pause);
  }
  wake();
}

async function listen() {
  let isFirst = true;
  let retry = PAUSE_MS;
  for (;;) {
    try {
      for await (const line of lines("/v1/monitor")) {
        if (line.watching) {
          if (!isFirst) events.gap("Listening again. What happened meanwhile is not listed here.");
          isFirst = false;
          retry = PAUSE_MS;
          makeDue(null);
        } else if (line.lost) {
          events.gap(`${line.lost} events came too fast and are not listed here.`);
          makeDue(null);
        } else if (line.event) {
          if (line.event.kind === "member" && line.event.about) members.forget(line.event.about.id);
          events.tell(line.event);
          makeDue(line.event.kind);
        }
      }
      events.gap("The agent has stopped telling what happens.");
    } catch (error) {
      // That of an agent which does not answer is said elsewhere.
      if (!(error instanceof Unanswered)) mistake(error);
    }
    // Whether it is gone is found out now.
    makeDue(null);
    await wait(retry);
    retry = Math.min(2 * retry, RETRY_MS_MAX);
  }
}

let asked = null;

/** Asks whoever looks for the token, and goes on when there is one. */
function askToken(wrong) {
  asked ??= new Promise((resolve) => {
    setToken(null);
    at("token-wrong").textContent = wrong;
    at("token").showModal();
    at("token-form").addEventListener("submit", (submit) => {
      submit.preventDefault();
      setToken(at("token-word").value.trim());
      at("token-word").value = "";
      at("token").close();
      asked = null;
      resolve();
    }, { once: true });
  });
  return asked;
}

// There is nothing to see without it, so it cannot be waved away.
at("token").addEventListener("cancel", (cancel) => cancel.preventDefault());

if (!isGuarded) at("about").after(el("p", {}, el("a", { href: "/metrics" }, "Metrics"), " for Prometheus"));
if (!hasToken()) await askToken("");
setInterval(tick, 1000);
askAgain();
listen();
