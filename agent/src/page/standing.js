// How is it all, in short? May this node act, and how much may be lost until it may not?

import { at, draw, el, empty, pill, sentence, since, svg } from "./show.js";

export function renderStatus(status) {
  const { members, problems } = status;
  const all = Object.values(members).reduce((sum, count) => sum + count, 0);
  const gone = members.left + members.removed;
  const health = status.local_health;
  const start = Date.now() - status.uptime_ms;
  const sums = [
    ["Alive", [members.alive, el("small", {}, ` of ${all - gone}`)], members.alive === all - gone ? "good" : null],
    ["Suspect", [members.suspect], members.suspect > 0 ? "warn" : null],
    ["Dead", [members.dead], members.dead > 0 ? "bad" : null],
    ["Left", [gone], null],
    ["Own health", health === 0 ? ["good"] : [health, el("small", {}, " against it")], health === 0 ? null : "warn"],
    ["Seal", [status.seal ?? "none"], null],
  ];
  const shown = sums.map(([name, parts, tone]) => [name, parts.map((part) => part.textContent ?? part), tone]);
  draw(at("sums"), shown, () =>
    sums.map(([name, parts, tone]) => el("div", { "data-tone": tone }, el("dt", {}, name), el("dd", {}, parts))));
  at("problems").hidden = problems.length === 0;
  draw(at("problems"), problems, () => problems.map((problem) => el("li", {}, sentence(problem))));
  at("name").textContent = status.name ?? status.id;
  const domain = status.domain === null ? "" : ` in ${status.domain}`;
  at("where").textContent = `${status.addr}${domain}`;
  draw(at("about"), [status.version, status.id, status.pid, status.boot, Math.round(start / 60_000)], () => [
    `quidnunc ${status.version}, up for `, since(start), `; process ${status.pid}, node `, el("code", {}, status.id)]);
  const bad = [[members.dead, "dead"], [members.suspect, "suspect"]].filter(([count]) => count > 0);
  document.title = [status.name ?? "quidnunc", ...bad.map(([count, word]) => `${count} ${word}`)].join(" \u00b7 ");
}

export function renderQuorum(report) {
  draw(at("quorum-body"), report, () => {
    if (report === null) {
      return empty("Nobody votes in this cluster. To have agents say whether they may act, start all with the same --voter list.");
    }
    const { all, needed, seen, margin, domains, why, standing, epoch } = report;
    const lost = (count, what) => (count === 0 ? `no ${what}` : `${count} more ${what}${count === 1 ? "" : "s"}`);
    const room = margin === null ? "too few are seen"
      : standing !== "in-quorum" ? "not for long enough"
      : margin.members === 0 ? "can lose no more"
      : `can lose ${lost(margin.members, "member")}${domains.length > 1 ? `, or ${lost(margin.domains, "whole domain")}` : ""}`;
    return [
      el("p", { class: "standing" }, pill(standing), el("span", {}, room)),
      bar(all, needed, seen),
      el("p", {}, `${seen} of ${all} votes are seen, ${needed} are needed.`),
      el("p", { class: "quiet" }, `${sentence(why)}. This is advice, and no lock${epoch === null ? "" : `; voters of epoch ${epoch}`}.`),
    ];
  });
}

function bar(all, needed, seen) {
  const width = (votes) => (all === 0 ? 0 : (100 * votes) / all);
  const label = `${seen} of ${all} votes are seen, ${needed} are needed`;
  return svg("svg", { class: "votes", viewBox: "0 0 100 12", preserveAspectRatio: "none", role: "img", "aria-label": label, "data-short": seen < needed },
    svg("rect", { class: "all", y: 2, width: 100, height: 8 }),
    svg("rect", { class: "seen", y: 2, width: width(seen), height: 8 }),
    svg("rect", { class: "needed", x: Math.max(0, width(needed) - 0.4), width: 0.8, height: 12 }));
}

/** The agent does not answer, and since when. */
export function renderGone(start, why) {
  at("gone").hidden = start === null;
  document.body.toggleAttribute("data-old", start !== null);
  if (start === null) return;
  draw(at("gone"), [start, why], () => ["This agent has not answered for ", since(start), `: ${why}. What you see is old; it is asked again and again.`]);
}

