// What do members say, each in its own map, and what should everybody know?

import { at, body, cell, draw, el, empty, header, named, plain, row, size, table, until } from "./show.js";

/** So many rows are drawn; a filter shows others. */
const ROWS_MAX = 200;

let entries = null;
/** Whether there are others. */
let more = false;
let infos = null;

/** With the moment at which each ends; it moves only when the agent says so. */
function dated(list, before) {
  const now = Date.now();
  const known = new Map((before ?? []).map((one) => [identity(one), one]));
  return list.map((one) => {
    if (one.left_ms === null) return { ...one, ends: null };
    const ends = now + one.left_ms;
    const old = known.get(identity(one))?.ends ?? null;
    return { ...one, ends: old !== null && Math.abs(old - ends) < 3000 ? old : ends };
  });
}

const identity = (one) => JSON.stringify([one.key, (one.owner ?? one.origin).id]);
const undated = (list) => list.map(({ left_ms, ...rest }) => rest);
const ending = (one) => (one.ends === null ? "" : until(one.ends));
const value = (bytes) => el("span", { class: "value mono" }, plain(bytes));
/** The whole of a long value is not asked for. */
const valueOf = (entry) => (entry.value === null ? el("span", { class: "quiet" }, "too long to be shown") : value(entry.value));

export function takeEntries(answer) {
  entries = dated(answer.entries, entries);
  more = answer.more;
  renderEntries();
}

export function renderEntries() {
  if (entries === null) return;
  const words = at("kv-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (entry) => `${plain(entry.key)} ${named(entry.owner)} ${plain(entry.value ?? "")}`.toLowerCase();
  const found = words.length === 0 ? entries : entries.filter((entry) => words.every((word) => text(entry).includes(word)));
  const shown = undated(found.slice(0, ROWS_MAX));
  at("kv-count").textContent = found.length === entries.length ? `${entries.length}${more ? "+" : ""}` : `${found.length} of ${entries.length}`;
  const columns = [["Key"], ["Owner"], ["Value"], ["Size", "number roomy"], ["Ends in", "number roomy"]];
  const rows = () => shown.map((entry) =>
    row(null, header("mono", plain(entry.key)), cell(null, named(entry.owner)), cell(null, valueOf(entry)),
      cell("number roomy", size(entry.size)), cell("number roomy", ending(entry))));
  show(at("kv-table"), "Keys and values of all members", columns, shown, rows, found.length,
    entries.length === 0 ? "No member has written a key. Try: quidnunc kv set role primary" : "No key fits this filter",
    more && `These are ${entries.length} of more keys than a page can hold: quidnunc kv ls --prefix PREFIX`);
}

/** Every node of an overlay has one that says where it is. */
const isMarker = (info) => info.key === `node-${info.origin.id.replace(/^0+/, "")}`;

export function takeInfos(list) {
  infos = dated(list.filter((info) => !isMarker(info)), infos);
  const markers = list.length - infos.length;
  at("infos-count").textContent = infos.length;
  const shown = undated(infos.slice(0, ROWS_MAX));
  const columns = [["Key"], ["Origin"], ["Value"], ["Hops", "number roomy"], ["Ends in", "number roomy"]];
  const rows = () => shown.map((info) =>
    row(null, header("mono", plain(info.key)), cell(null, named(info.origin)), cell(null, value(info.value)),
      cell("number roomy", info.hops), cell("number roomy", ending(info))));
  show(at("infos-table"), "Infos", columns, shown, rows, infos.length, "There are no infos. Try: quidnunc info add load 3",
    markers > 0 && `${markers} of the overlay itself, one per node, are left out: quidnunc info ls`);
}

/** What could not be had. */
export function lack(part, why) {
  draw(at(part), why, () => empty(why));
}

function show(part, label, columns, shown, rows, count, nothing, note = false) {
  draw(part, [shown, count, nothing, note], () => {
    const hidden = count - shown.length;
    return [
      shown.length === 0 ? empty(nothing) : table(label, columns, body(rows())),
      hidden > 0 ? el("p", { class: "note" }, `${hidden} more: filter to see them`) : [],
      note ? el("p", { class: "note" }, note) : [],
    ];
  });
}

at("kv-filter").addEventListener("input", renderEntries);
