// Whom does this node talk to? A graph up to a size that can be looked at, and a table.

import { at, body, cell, draw, el, empty, header, named, row, svg, table } from "./show.js";

/** More are not drawn. */
const DRAWN_MAX = 60;
/** Up to so many all have their names beside them. */
const NAMED_MAX = 26;

const MIDDLE = { x: 230, y: 168 };
const RADIUS = 122;
/** A name that would lie on another one is left out: so far apart they must be. */
const NAME_ROOM = { x: 44, y: 11 };

export function render(overlay, members) {
  const { own, links, standing } = overlay;
  const count = (outgoing) => links.filter((link) => link.outgoing === outgoing).length;
  at("links-count").textContent = links.length;
  const shown = members.map(({ id, name, domain, status }) => ({ id, name, domain, status }));
  draw(at("links-body"), [overlay, shown], () => {
    const summary = `${named(own)} asked for ${count(true)} of its links, others asked for ${count(false)}; the overlay: ${standing.replaceAll("-", " ")}`;
    if (links.length === 0) return empty(`No links yet; the overlay: ${standing.replaceAll("-", " ")}`);
    const graph = members.length > DRAWN_MAX
      ? el("p", { class: "empty" }, `${members.length} members are too many to draw; these are this node's links.`)
      : drawing(own, links, shown, summary);
    return [graph, el("p", { class: "quiet" }, `${summary}.`), list(links)];
  });
}

function list(links) {
  const rows = links.map((link) =>
    row(null, header(null, named(link)), cell("mono", link.addr), cell("number", link.outgoing ? "this node" : "the other")));
  const linked = table("This node's links", [["To"], ["Address"], ["Asked for by", "number"]], body(rows));
  linked.classList.add("linked");
  return linked;
}

/** All members on a circle, those of a domain side by side, and this node's links across it. */
function drawing(own, links, members, summary) {
  const places = placed(members);
  const home = places.get(own.id);
  const picture = svg("svg", { class: "graph", viewBox: "0 0 460 336", role: "img", "aria-label": summary });
  for (const { id, outgoing } of links) {
    const there = places.get(id);
    if (home && there) picture.append(svg("path", { class: outgoing ? "link" : "link in", d: curve(home, there) }));
  }
  picture.append(...arcs(places));
  const linked = new Set([own.id, ...links.map((link) => link.id)]);
  const names = [];
  // Those that come first have their names for certain.
  const inTurn = [...places.values()].sort((a, b) => rank(b, own, linked) - rank(a, own, linked));
  for (const place of inTurn) {
    const name = on(place.angle, RADIUS + 24);
    const isFree = names.every((other) => Math.abs(other.x - name.x) > NAME_ROOM.x || Math.abs(other.y - name.y) > NAME_ROOM.y);
    const isNamed = isFree && (places.size <= NAMED_MAX || linked.has(place.id));
    if (isNamed) names.push(name);
    picture.append(...node(place, place.id === own.id, isNamed, places.size > 30 ? 5 : 7));
  }
  const sample = (style) => svg("svg", { viewBox: "0 0 24 8", "aria-hidden": "true" }, svg("path", { class: style, d: "M0 4H24" }));
  const legend = el("p", { class: "legend" },
    el("span", {}, sample("link"), "this node asked"), el("span", {}, sample("link in"), "it was asked"));
  return el("div", {}, picture, legend);
}

const rank = ({ id }, own, linked) => (id === own.id ? 2 : linked.has(id) ? 1 : 0);

/** A place for each; between two domains there is a gap. */
function placed(members) {
  const domains = new Set(members.map((member) => member.domain)).size;
  const gaps = domains > 1 ? domains : 0;
  const step = (2 * Math.PI) / (members.length + gaps * 0.6);
  let angle = -Math.PI / 2;
  let before = members[0]?.domain;
  return new Map(members.map((member) => {
    if (member.domain !== before) angle += 0.6 * step;
    before = member.domain;
    const place = { ...member, angle, ...on(angle, RADIUS) };
    angle += step;
    return [member.id, place];
  }));
}

const on = (angle, radius) => ({ x: MIDDLE.x + radius * Math.cos(angle), y: MIDDLE.y + radius * Math.sin(angle) });
const point = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** Bent towards the middle, so that neighbours' links are seen, too. */
function curve(from, to) {
  const bend = { x: (from.x + to.x + MIDDLE.x) / 3, y: (from.y + to.y + MIDDLE.y) / 3 };
  return `M${point(from)}Q${point(bend)} ${point(to)}`;
}

function arcs(places) {
  const domains = Map.groupBy(places.values(), (place) => place.domain);
  return [...domains].filter(([domain]) => domain !== null).flatMap(([domain, inside]) => {
    const [first, last] = [inside[0].angle - 0.09, inside.at(-1).angle + 0.09];
    const large = last - first > Math.PI ? 1 : 0;
    const radius = RADIUS + 14;
    const arc = svg("path", { class: "arc", d: `M${point(on(first, radius))}A${radius} ${radius} 0 ${large} 1 ${point(on(last, radius))}` });
    arc.append(svg("title", {}, domain));
    return domains.size > 8 ? [arc] : [arc, label(domain, (first + last) / 2, RADIUS - 18, "domain", true)];
  });
}

function node(place, isOwn, isNamed, radius) {
  const { x, y } = place;
  const dot = svg("circle", { class: "node", "data-status": place.status, cx: x.toFixed(1), cy: y.toFixed(1), r: radius });
  dot.append(svg("title", {}, `${named(place)}: ${place.status}${place.domain === null ? "" : `, ${place.domain}`}`));
  const ring = isOwn && svg("circle", { class: "ring", cx: x.toFixed(1), cy: y.toFixed(1), r: radius + 3 });
  const name = isNamed && label(named(place), place.angle, RADIUS + 24, "name", false);
  return [dot, ring, name].filter(Boolean);
}

/** A text beside the circle, on the side where there is room for it. */
function label(text, angle, radius, style, isInside) {
  const { x, y } = on(angle, radius);
  const side = Math.cos(angle);
  const [right, left] = isInside ? ["end", "start"] : ["start", "end"];
  const anchor = Math.abs(side) < 0.3 ? "middle" : side > 0 ? right : left;
  const short = text.length > 16 ? `${text.slice(0, 15)}\u2026` : text;
  return svg("text", { class: style, x: x.toFixed(1), y: (y + 4).toFixed(1), "text-anchor": anchor }, short);
}
