// What happens? The newest is on top; whoever wants to read in peace stops the list.

import { at, clock, el, named, say } from "./show.js";

const KEPT_MAX = 200;
/** What came while the list was stopped. */
let held = null;

const list = at("events-list");

function put(item) {
  if (held !== null) {
    held.push(item);
    held.splice(0, held.length - KEPT_MAX);
    at("events-pause").textContent = `Resume (${held.length})`;
    return;
  }
  if (list.firstElementChild?.classList.contains("empty")) list.replaceChildren();
  list.prepend(item);
  while (list.children.length > KEPT_MAX) list.lastElementChild.remove();
}

const time = (ms) => el("time", { datetime: new Date(ms).toISOString() }, clock(ms));

export function tell(event) {
  const because = event.because ?? [];
  put(el("li", { class: "fresh" }, time(event.at_ms), el("div", {}, el("span", { class: "kind" }, event.kind), event.text),
    because.length > 0 && el("p", { class: "because" }, because.join("; "))));
  // The others are for whoever looks.
  if (event.kind === "member" && event.about) say(event.text);
  else if (event.kind === "quorum") say(event.about ? `${named(event.about)}: ${event.text}` : event.text);
}

/** Something is missing from the list. */
export function gap(text) {
  put(el("li", { class: "rule" }, time(Date.now()), el("div", {}, text)));
}

at("events-pause").addEventListener("click", (click) => {
  const button = click.currentTarget;
  const isStopped = held === null;
  const waiting = held ?? [];
  held = isStopped ? [] : null;
  button.textContent = isStopped ? "Resume" : "Pause";
  button.toggleAttribute("data-on", isStopped);
  waiting.forEach(put);
});

list.append(el("li", { class: "empty" }, "Nothing has happened since this page was opened"));
