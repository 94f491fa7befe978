/** The right side of the page while an appeal is written: what is known of it now, and how fresh that is. */

import { decisionView } from "./decision.js";
import { byId, el, fill } from "./dom.js";
import { explanationView } from "./explanation.js";
import { factsView } from "./facts.js";
import { ACTIONS, degraded, fault } from "./words.js";

const STATES = {
  idle: "等待输入",
  waiting: "研判中…",
  fresh: "已更新",
  offline: "网络中断，稍后重试",
  degraded: "系统降级，稍后重试",
  refused: "不能研判",
};

export class Finding {
  #state = byId("state");
  #does;

  /** @type {any} the newest routed line, which may be about what was written a moment ago */
  routing = null;

  /** @param {{split: () => void, settle: (place: string) => void}} does what the agent can do with a finding */
  constructor(does) {
    this.#does = does;
    byId("why-close").addEventListener("click", () => byId("why").close());
  }

  /**
   * @param {import("./inquiry.js").State} state
   * @param {unknown} error
   * @returns {string} what is to be heard of it, if anything
   */
  turn(state, error) {
    this.#state.dataset.state = state;
    this.#state.textContent = state === "refused" ? fault(error) : STATES[state];
    if (state === "fresh" && this.routing.degraded) {
      this.#state.dataset.state = "degraded";
      this.#state.textContent = `${STATES.fresh}（${degraded(this.routing.degraded)}）`;
    }
    const failed = !["idle", "waiting", "fresh"].includes(state);
    if (failed) byId("units").hidden = false; // a unit can be looked up all the same
    return failed ? this.#state.textContent : "";
  }

  /**
   * @param {any} routing a routed line, or null
   * @returns {string} what is to be heard of it
   */
  show(routing) {
    this.routing = routing;
    byId("units").hidden = !routing;
    byId("explain").hidden = !routing?.suggestions.length;
    if (!routing) {
      fill(byId("decision"), el("p.soft.empty", null, "记录诉求时，这里给出承办单位、追问和决定。"));
      fill(byId("facts"), el("p.soft", null, "输入后显示事项、属地、时限与退单风险。"));
      return "";
    }
    fill(byId("decision"), decisionView(routing, this.#does.split));
    fill(byId("facts"), factsView(routing, this.#does.settle));
    return heard(routing);
  }

  /**
   * Open the dialog that tells why.
   * @param {Promise<{data: any}>} answer of `POST /v1/explain`
   */
  async explain(answer) {
    const body = byId("why-body");
    fill(body, el("p.soft", { role: "status" }, "正在说明…"));
    byId("why").showModal();
    try {
      const { data } = await answer;
      fill(body, explanationView(data.explanation));
    } catch (error) {
      fill(body, el("p.warn", { role: "alert" }, fault(error)));
    }
  }
}

/** Only what matters, so that it is told once however the probabilities move. */
function heard({ decision, suggestions, question }) {
  const settled = decision.action === "transfer" || decision.action === "decline";
  const told = settled ? decision.why : `${ACTIONS[decision.action]}：${suggestions[0]?.name ?? "没有建议单位"}。`;
  return question ? `${told}追问：${question.text}` : told;
}
