/** Shows what was decided, why, and what to ask the citizen while he is still on the line. */

import { el } from "./dom.js";
import { ACTIONS, ELEMENTS, OUTSIDE, percent } from "./words.js";

/**
 * @param {any} routing a routed line
 * @param {() => void} split called when the agent takes the matters one by one
 */
export function decisionView(routing, split) {
  return [questionView(routing), ...ruling(routing.decision), mattersView(routing.matters, split)];
}

/**
 * @param {any} decision
 * @param {string} transfer what to call a transfer, which is still to be made or was made
 */
export function ruling(decision, transfer = "立即转接") {
  return [
    decision.to && el("p.destination", null, `${transfer} `, el("strong", null, OUTSIDE[decision.to] ?? decision.to)),
    el("div.decision", null, badge(decision.action), rulingWords(decision)),
    decision.rules.length > 0 && rulesView(decision.rules),
  ];
}

/** Of what is declined, the sentence to read out stands by itself. */
function rulingWords({ action, why }) {
  const at = why.indexOf("答复：");
  if (action !== "decline" || at < 0) return el("p.ruling", null, why);
  const cut = at + "答复：".length;
  return el("div.ruling", null, el("p", null, why.slice(0, cut)), el("p.answer", null, why.slice(cut)));
}

/** @param {string} action */
export function badge(action) {
  return el(`span.badge.${action}`, null, ACTIONS[action] ?? action);
}

function rulesView(rules) {
  const items = rules.map(({ citation, code, evidence }) => {
    const words = evidence.length > 0 && el("span.soft", null, `（“${evidence.join("”“")}”）`);
    return el("li", null, citation || code, words);
  });
  return el("div.rules", null, el("h3", null, "适用规则"), el("ul", null, items));
}

function questionView({ question, place }) {
  const asked = [question?.text, place.question].filter(Boolean);
  const texts = question?.about === "place" && place.question ? [place.question] : asked;
  if (!texts.length) return null;
  return el(
    "section.question",
    { "aria-label": "追问" },
    el("h3", null, "追问"),
    texts.map((text) => el("p", null, text)),
  );
}

function mattersView(matters, split) {
  if (!matters.length) return null;
  return el(
    "section.matters",
    { "aria-label": "分事" },
    el("h3", null, `共 ${matters.length} 件事`),
    el("ol", null, matters.map(matterView)),
    el("button", { type: "button", onclick: split }, "拆分，逐件受理"),
  );
}

function matterView(matter) {
  const [topic] = matter.topics;
  const [first] = matter.suggestions;
  return el(
    "li",
    null,
    el("p", null, badge(matter.decision.action), " ", topic && el("b", null, topic.name), placeWords(matter.place)),
    first && el("p.soft", null, `${first.name} · ${percent(first.probability)}`),
    matter.decision.to && el("p", null, `转接 ${OUTSIDE[matter.decision.to] ?? matter.decision.to}`),
  );
}

function placeWords(place) {
  const words = [place.district, place.street].filter(Boolean).join("");
  return words && el("span.soft", null, ` · ${words}`);
}

/** @param {string[]} missing */
export function missingWords(missing) {
  return missing.map((element) => ELEMENTS[element] ?? element).join("、");
}
