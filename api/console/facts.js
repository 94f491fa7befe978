/** Shows what a routing read out of an appeal: topic, place, deadlines, what is missing, and the risk of a return. */

import { missingWords } from "./decision.js";
import { bar, el } from "./dom.js";
import { percent, span } from "./words.js";

const TOPICS = 3;

/**
 * @param {any} routing a routed line
 * @param {(place: string) => void} settle called with the place that the agent says it is
 */
export function factsView(routing, settle) {
  const { topics, place, kind, urgency, due, missing, risk } = routing;
  return el(
    "dl.facts-list",
    null,
    fact("事项", topics.slice(0, TOPICS).map(topicView)),
    fact("属地", placeView(place, settle)),
    fact("类别", kind ?? "未判明"),
    fact("紧急程度", el(`span.urgency`, { "data-urgency": urgency }, urgency)),
    due && fact("时限", `${span(due.dispatch_within)}内派单，${span(due.feedback_within)}内反馈`),
    missing.length > 0 && fact("缺少要素", el("span.missing", null, missingWords(missing))),
    risk && fact("退单风险", riskView(risk)),
  );
}

function riskView({ probability, reason, why }) {
  return [el("p", null, el("b", null, percent(probability)), ` ${reason}`), el("p.soft", null, why)];
}

function fact(name, ...values) {
  return el("div", null, el("dt", null, name), el("dd", null, ...values.flat()));
}

function topicView(topic, at) {
  const above = topic.path.slice(0, -1).join(" › ");
  return el(
    at === 0 ? "div.topic.first" : "div.topic",
    null,
    el("p", null, el("span.topic-name", null, topic.name), el("span.number", null, percent(topic.probability))),
    above && el("p.soft", null, above),
    bar(topic.probability),
  );
}

function placeView(place, settle) {
  const names = [place.district, place.street, place.community, place.building].filter(Boolean);
  const evidence = place.evidence.length > 0 && el("p.soft", null, `依据：“${place.evidence.join("”“")}”`);
  const possible = place.possible.length > 0 && possibleView(place.possible, settle);
  return [el("p", null, names.join(" › ") || "未判明"), evidence, possible];
}

function possibleView(possible, settle) {
  const choices = possible.map((name) => el("button.chip", { type: "button", onclick: () => settle(name) }, name));
  return el("div.possible", { role: "group", "aria-label": "可能的属地" }, el("p.soft", null, "可能是（点选填入地址）："), choices);
}
