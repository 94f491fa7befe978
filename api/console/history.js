/** Shows what happened to an order: when, what, by whom. */

import { el } from "./dom.js";
import { ACTIONS, DEADLINES, EVENTS, ROLES, moment, degraded as stoodIn } from "./words.js";

const WRITTEN = { note: "备注", solution: "办理结果", reason: "说明" };

/**
 * @param {any[]} events
 * @param {(code: string) => string} name of a unit or topic
 */
export function historyView(events, name) {
  return el("ol.history", null, events.map((event) => eventView(event, name)));
}

/**
 * One event in a sentence, such as what another agent did meanwhile.
 * @param {any} event
 * @param {(code: string) => string} name
 */
export function eventWords(event, name) {
  const detail = factWords(event, name);
  return `${moment(event.at)} ${who(event)}${EVENTS[event.kind] ?? event.kind}${detail ? `：${detail}` : ""}`;
}

function eventView(event, name) {
  const detail = factWords(event, name);
  return el(
    "li",
    null,
    el("p", null, el("b", null, EVENTS[event.kind] ?? event.kind), " ", detail),
    writtenWords(event.content).map((words) => el("p.said", null, words)),
    el("p.soft", null, el("time", { dateTime: event.at }, moment(event.at)), ` · ${who(event)}`),
  );
}

function who({ role, by, name }) {
  return role === "system" ? ROLES.system : `${ROLES[role] ?? role} ${name || by}`;
}

function factWords({ kind, facts }, name) {
  const tell = FACTS[kind];
  return tell ? tell(facts ?? {}, name).filter(Boolean).join("，") : "";
}

const sent = ({ unit, assist = [], automatic }, name) => [
  unit && `派往${name(unit)}`,
  assist?.length > 0 && `协办 ${assist.map(name).join("、")}`,
  automatic && "系统自动",
];

const called = ({ valid, contacted, solved, satisfaction }) => [
  valid === false && "无效回访",
  yesNo(contacted, "已联系", "未联系"),
  yesNo(solved, "已解决", "未解决"),
  satisfaction,
];

const FACTS = {
  routed: ({ topic, district, street, urgency, degraded }, name) => [
    topic && name(topic),
    `${district ?? ""}${street ?? ""}`,
    urgency,
    degraded && stoodIn(degraded),
  ],
  decided: ({ action }) => [ACTIONS[action] ?? action],
  dispatched: sent,
  redispatched: sent,
  returned: ({ unit, reason, proposed }, name) => [
    unit && `${name(unit)}退回`,
    reason,
    proposed && `建议改派${name(proposed)}`,
  ],
  merged: ({ into }) => [into && `并入 ${into}`],
  repeated: ({ order, source }) => [order && `工单 ${order} 并入`, source],
  reminded: ({ of }) => [DEADLINES[of] && `${DEADLINES[of]}期限将到`],
  overdue: ({ of }) => [DEADLINES[of] && `${DEADLINES[of]}已过期限`],
  closed: (facts, name) => [facts.unit && name(facts.unit), facts.with && `随工单 ${facts.with} 办结`, ...called(facts)],
  called_back: called,
};

function yesNo(value, yes, no) {
  if (value === true) return yes;
  return value === false ? no : "";
}

function writtenWords(content) {
  return Object.entries(WRITTEN)
    .filter(([key]) => content?.[key])
    .map(([key, title]) => `${title}：${content[key]}`);
}
