/** Shows why the first suggestion was made: the words, the duty, similar closed orders, and why the runner-up lost. */

import { el } from "./dom.js";
import { PARTS, percent, signed } from "./words.js";

const WORDS = 8;
const SAYS = /[\p{L}\p{N}]/u;

/** @param {any} explanation as `POST /v1/explain` gives it, or null */
export function explanationView(explanation) {
  if (!explanation) return el("p", null, "没有派单建议，因此没有可以说明的依据。");
  const { name, clause, precedents, runner_up: runnerUp, scores } = explanation;
  return el(
    "div.explanation",
    null,
    el("p.lead", null, "首选单位：", el("strong", null, name)),
    clause.text && clauseView(clause),
    runnerUp && runnerUpView(runnerUp),
    precedentsView(precedents),
    el("h3", null, "哪些词起了作用"),
    el("p.soft", null, "正值支持该判断，负值反对；数值为模型得分中的份额。"),
    scores.map(scoreView),
  );
}

function clauseView({ text, basis }) {
  return el("section", null, el("h3", null, "职责依据"), el("p", null, text), basis && el("p.soft", null, basis));
}

function runnerUpView({ name, why, gap, shares }) {
  const told = Object.entries(shares).filter(([, share]) => Math.abs(share) >= 0.005);
  return el(
    "section",
    null,
    el("h3", null, "为什么不是次选单位"),
    el("p", null, why),
    el("ul.words", { "aria-label": `与${name}的差距 ${signed(gap)}` }, told.map(([kind, share]) => wordView(kind, share))),
  );
}

function precedentsView(precedents) {
  if (!precedents.length) return el("section", null, el("h3", null, "相似工单"), el("p.soft", null, "没有相似的已办结工单。"));
  const rows = precedents.map((precedent) =>
    el(
      "tr",
      null,
      el("td", null, precedent.id),
      el("td", null, precedent.opened_on),
      el("td", null, precedent.name),
      el("td.number", null, percent(precedent.similarity)),
    ),
  );
  const head = ["工单", "日期", "办结单位", "相似度"].map((name) => el("th", { scope: "col" }, name));
  const table = el("table", null, el("thead", null, el("tr", null, head)), el("tbody", null, rows));
  return el("section", null, el("h3", null, "相似工单"), table);
}

function scoreView({ part, of, total, words }) {
  const told = words.filter(({ text }) => SAYS.test(text)).slice(0, WORDS);
  return el(
    "section.score",
    null,
    el("h4", null, `${PARTS[part] ?? part}：${of}`, el("span.soft", null, ` 得分 ${signed(total)}`)),
    el("ul.words", null, told.map(({ text, value }) => wordView(text, value))),
  );
}

function wordView(text, value) {
  const side = value < 0 ? "against" : "for";
  return el(`li.word.${side}`, null, el("span", null, text), " ", el("b.number", null, signed(value)));
}
