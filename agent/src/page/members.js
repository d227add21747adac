// Who is in the cluster, domain by domain, how is each of them, and why is that believed?

import { ask } from "./ask.js";
import { at, body, cell, draw, el, empty, named, pill, row, since, table } from "./show.js";

/** So many rows are drawn; a filter shows others. */
const ROWS_MAX = 500;
/** So many reasons are asked for at once, and remembered. */
const ASKED_MAX = 3;
const REASONS_MAX = 2000;

const COLUMNS = [["Member"], ["Health"], ["Address", "roomy"], ["Tags", "roomy"]];

let members = [];
/** Ids whose rows somebody has opened. */
const opened = new Set();
/** Reasons, by the belief that they are of. */
const reasons = new Map();
/** Members whose reasons are asked for, and those among them whose turn has not come. */
const underway = new Set();
const waiting = [];
let asking = 0;

const belief = (member) => [member.id, member.status, member.boot, member.counter].join(" ");
const isTroubled = (member) => member.status === "suspect" || member.status === "dead";
const isOpen = (member) => isTroubled(member) || opened.has(member.id);
/** Names are sorted as people count: n2 before n10. */
const inOrder = new Intl.Collator("en", { numeric: true }).compare;

export function take(list) {
  const now = Date.now();
  const known = new Map(members.map((member) => [member.id, member]));
  members = list.map((member) => {
    const before = known.get(member.id);
    const isSame = before?.status === member.status && before.gone !== null;
    const gone = member.gone_ms === null ? null : isSame ? before.gone : now - member.gone_ms;
    return { ...member, gone };
  });
  members.sort((a, b) => inOrder(a.domain ?? "\uffff", b.domain ?? "\uffff") || inOrder(named(a), named(b)));
  render();
}

export const all = () => members;

function fits(member, words) {
  const tags = Object.entries(member.tags).map(([name, value]) => `${name}=${value}`);
  const text = [member.name, member.id, member.domain, member.addr, member.status, ...tags].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

export function render() {
  const words = at("members-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = members.filter((member) => fits(member, words));
  const shown = found.slice(0, ROWS_MAX);
  at("members-count").textContent = found.length === members.length ? members.length : `${found.length} of ${members.length}`;
  shown.filter(isOpen).forEach(want);
  // Reasons come one by one, each into its place.
  const seen = shown.map(({ gone_ms, ...rest }) => [rest, opened.has(rest.id)]);
  draw(at("members-table"), [seen, found.length, words], () => {
    if (shown.length === 0) return empty(members.length === 0 ? "Nobody yet" : "No member fits this filter");
    const hidden = found.length - shown.length;
    return [table("Members by domain", COLUMNS, groups(shown)), hidden > 0 ? empty(`${hidden} more: filter to see them`) : []];
  });
}

function groups(shown) {
  const domains = Map.groupBy(shown, (member) => member.domain);
  const isSplit = domains.size > 1 || !domains.has(null);
  return [...domains].map(([domain, list]) => {
    const alive = list.filter((member) => member.status === "alive").length;
    const title = el("th", { scope: "rowgroup", role: "rowheader", colspan: COLUMNS.length },
      el("b", {}, domain ?? "No domain"), alive === list.length ? `all ${alive} alive` : `${alive} of ${list.length} alive`);
    return body(isSplit && row("group", title), list.flatMap(rows));
  });
}

function rows(member) {
  const open = isOpen(member);
  const name = el("button", { type: "button", class: "open", "data-key": member.id, "aria-expanded": opened.has(member.id) }, named(member));
  name.addEventListener("click", () => toggle(member));
  const tags = () => Object.entries(member.tags).map(([key, value]) => el("span", { class: "tag" }, `${key}=${value}`));
  const first = row("member",
    cell(null, name, member.own && el("span", { class: "own" }, "this node"), el("span", { class: "sub" }, member.addr)),
    cell("nowrap", pill(member.status), member.gone !== null && [" ", since(member.gone)]),
    cell("roomy mono", member.addr),
    cell("roomy", tags()));
  first.dataset.member = named(member);
  first.dataset.status = member.status;
  return open ? [first, detail(member, tags())] : [first];
}

function detail(member, tags) {
  const said = reasons.get(belief(member)) ?? ["asking why"];
  const fact = (name, ...value) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  const facts = el("dl", { class: "facts" },
    fact("id", el("code", {}, member.id)), fact("life", `${member.boot}.${member.counter}`), tags.length > 0 && fact("tags", tags));
  const list = el("ul", { class: "reasons", "data-status": member.status, "data-belief": belief(member), "aria-label": `Why ${named(member)} is held ${member.status}` },
    said.map((reason) => el("li", {}, reason)));
  return row("detail", el("td", { role: "cell", colspan: COLUMNS.length }, list, opened.has(member.id) && facts));
}

function toggle(member) {
  // Who is in trouble shows why by itself; a click shows the rest.
  if (!opened.delete(member.id)) opened.add(member.id);
  render();
}

/** Something has happened to a member: what was said of it before is old. */
export function forget(id) {
  for (const key of reasons.keys()) if (key.startsWith(id)) reasons.delete(key);
}

/** Has it asked why this is believed, once. */
function want(member) {
  const key = belief(member);
  if (reasons.has(key) || underway.has(key)) return;
  underway.add(key);
  waiting.push(member);
  next();
}

async function next() {
  if (asking >= ASKED_MAX || waiting.length === 0) return;
  asking += 1;
  const member = waiting.shift();
  const answer = await ask(`/v1/why?member=${member.id}`).catch(() => null);
  asking -= 1;
  underway.delete(belief(member));
  // Whoever has become something else meanwhile is asked for again when the page knows it, too.
  if (answer?.status === member.status) {
    if (reasons.size > REASONS_MAX) reasons.clear();
    reasons.set(belief(member), answer.because);
    const list = at("members-table").querySelector(`[data-belief="${CSS.escape(belief(member))}"]`);
    list?.replaceChildren(...answer.because.map((reason) => el("li", {}, reason)));
  }
  next();
}

at("members-filter").addEventListener("input", render);
