// How is something put on the page? What comes from the cluster is text, and never anything else.

const SVG = "http://www.w3.org/2000/svg";

/** What is seen by nobody, or changes how what is beside it is seen, as `quidnunc` escapes it on a terminal (CVE-2021-42574). */
const HIDDEN = /[\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]|(?![\t\n])\p{Cc}/gu;

/** A text as it is: no part of it hides, or moves the rest. */
export const seen = (text) => text.replace(HIDDEN, (char) => `\\u{${char.codePointAt(0).toString(16)}}`);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    // Of an attribute that is there or not there is its presence what counts; of `aria-…` it is the word.
    const isSwitch = typeof value === "boolean" && !name.startsWith("aria-");
    if (isSwitch) element.toggleAttribute(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  const shown = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
  element.append(...shown.map((child) => (typeof child === "string" ? seen(child) : child)));
  return element;
}

/** An element of HTML; children that are no elements become text. */
export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** The same of SVG. */
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const at = (id) => document.getElementById(id);

const drawn = new WeakMap();

/**
 * Draws a part of the page anew if what it shows has changed, and only then; whoever had the focus keeps it, found by `data-key`.
 */
export function draw(part, shown, build) {
  const signature = JSON.stringify(shown);
  if (drawn.get(part) === signature) return;
  drawn.set(part, signature);
  const focused = part.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  part.replaceChildren(...[build()].flat(Infinity));
  if (focused !== undefined) part.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/** A table that stays one for who does not see it, however it is laid out. */
export function table(label, columns, bodies) {
  const head = columns.map(([text, style]) => el("th", { scope: "col", role: "columnheader", class: style }, text));
  return el("table", { role: "table", "aria-label": label },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head)), bodies);
}

export const body = (...rows) => el("tbody", { role: "rowgroup" }, rows);
export const row = (style, ...cells) => el("tr", { role: "row", class: style }, cells);
export const cell = (style, ...children) => el("td", { role: "cell", class: style }, children);
export const header = (style, ...children) => el("th", { role: "rowheader", scope: "row", class: style }, children);

export const pill = (status) => el("span", { class: "pill", "data-status": status }, status.replaceAll("-", " "));
export const empty = (text) => el("p", { class: "empty" }, text);

/** A text, or bytes that are none. */
export const plain = (bytes) => (typeof bytes === "object" && bytes !== null ? `0x${bytes.hex}` : String(bytes));

/** As a sentence begins. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

export const named = (who) => who.name ?? who.id.slice(0, 8);

const UNITS = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1000]];

/** A time as people say it: two units at most. */
export function span(ms) {
  const at = UNITS.findIndex(([, size]) => ms >= size);
  if (at < 0) return "0 s";
  const [unit, size] = UNITS[at];
  const whole = `${Math.floor(ms / size)} ${unit}`;
  const [small, of] = UNITS[at + 1] ?? ["", Infinity];
  const rest = Math.floor((ms % size) / of);
  return at < UNITS.length - 1 && rest > 0 ? `${whole} ${rest} ${small}` : whole;
}

/** For how long something has been, which goes on by itself. */
export const since = (start) => el("span", { class: "since", "data-since": Math.round(start) }, span(Date.now() - start));

/** In what time something ends, which goes on by itself. */
export const until = (end) => el("span", { class: "since", "data-until": Math.round(end) }, span(end - Date.now()));

export function tick() {
  const now = Date.now();
  for (const each of document.querySelectorAll("[data-since]")) each.textContent = span(now - Number(each.dataset.since));
  for (const each of document.querySelectorAll("[data-until]")) each.textContent = span(Math.max(0, Number(each.dataset.until) - now));
}

export const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(kib < 10 ? 1 : 0)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

const pending = new Set();
let speaking = null;

/** Tells who listens instead of looking: in one sentence what came within two seconds. */
export function say(text) {
  pending.add(text);
  speaking ??= setTimeout(() => {
    at("said").textContent = seen([...pending].slice(0, 5).join(". "));
    pending.clear();
    speaking = null;
  }, 2000);
}
