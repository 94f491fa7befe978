/** One order (工单): where it stands, what happened to it, and what can be done with it. */

import { actionsView } from "./actions.js";
import { Problem } from "./api.js";
import { badge, ruling } from "./decision.js";
import { el, fill } from "./dom.js";
import { eventWords, historyView } from "./history.js";
import { STATUSES, degraded, fault, moment } from "./words.js";

export class OrderPanel {
  #root;
  #api;
  #directory;
  #voice;
  #changed;
  #etag = null;
  #opened = 0;

  /** @type {any} the order that is shown */
  order = null;

  /**
   * @param {HTMLElement} root
   * @param {{api: import("./api.js").Api, directory: import("./directory.js").Directory,
   *          voice: import("./voice.js").Voice, changed: (order: any) => void}} others
   */
  constructor(root, { api, directory, voice, changed }) {
    this.#root = root;
    this.#api = api;
    this.#directory = directory;
    this.#voice = voice;
    this.#changed = changed;
  }

  /**
   * Show an order as it stands now.
   * @param {string} id
   * @returns {Promise<any[]>} its history
   */
  async open(id) {
    this.#opened += 1;
    const opened = this.#opened;
    const path = `/v1/appeals/${encodeURIComponent(id)}`;
    const [found, events, name] = await Promise.all([
      this.#api.get(path),
      this.#history(path),
      this.#directory.names(),
    ]);
    if (opened !== this.#opened) return events;
    this.order = found.data;
    this.#etag = found.etag;
    this.#draw(events, name);
    return events;
  }

  /**
   * @param {string} path of the order
   * @returns {Promise<any[]>} its whole history, page by page
   */
  async #history(path) {
    const events = [];
    for (let after = 0; after !== null; ) {
      const { data } = await this.#api.get(`${path}/history?after=${after}`);
      events.push(...data.events);
      after = data.next;
    }
    return events;
  }

  /** Take the order off the page. */
  clear() {
    this.#opened += 1;
    this.order = null;
    fill(this.#root);
  }

  /** Put the focus where reading begins. */
  focus() {
    this.#root.querySelector("h2")?.focus();
  }

  /**
   * Do something with the order that is shown; where somebody else was faster, tell what he did and show it.
   * @param {string} path below the order, such as `dispatches`
   * @param {object} body
   * @returns {Promise<boolean>} whether it was done
   */
  async act(path, body) {
    const { id, version } = this.order;
    const headers = this.#etag ? { "If-Match": this.#etag } : {};
    this.#voice.calm();
    try {
      await this.#api.post(`/v1/appeals/${encodeURIComponent(id)}/${path}`, body, { headers });
      await this.open(id);
    } catch (error) {
      if (!(await this.#happened(error, version, path, body))) return false;
    }
    this.#voice.say(`工单${id}：${STATUSES[this.order.status] ?? this.order.status}`);
    this.#changed(this.order);
    return true;
  }

  /** Tell whether what failed is as it was meant to be all the same: a dispatch whose answer was lost, sent again. */
  async #happened(error, version, path, body) {
    const conflict = error instanceof Problem && (error.status === 409 || error.status === 412);
    if (!conflict) return this.#told(fault(error));
    try {
      const events = await this.open(this.order.id);
      if (path === "dispatches" && this.order.unit?.code === body.unit) return true;
      const name = await this.#directory.names();
      const meanwhile = events.filter((event) => event.number > version && event.kind !== "read");
      const words = meanwhile.map((event) => eventWords(event, name)).join("；");
      return this.#told(`${words ? `工单刚刚被处理：${words}。` : ""}${fault(error)}`);
    } catch (another) {
      return this.#told(fault(another));
    }
  }

  #told(words) {
    this.#voice.alert(words);
    return false;
  }

  #draw(events, name) {
    const { order } = this;
    fill(
      this.#root,
      el("div.card-head", null, el("h2", { tabIndex: -1 }, `工单 ${order.id}`), statusView(order.status)),
      order.degraded && el("p.warn", null, `受理时${degraded(order.degraded)}，请人工核对。`),
      headline(order),
      factsView(order),
      order.erased ? el("p.soft", null, "内容已按规定清除。") : order.text && el("blockquote.appeal-text", null, order.text),
      actionsView(order, this.#api, (path, body) => this.act(path, body)),
      el("section", { "aria-label": "办理经过" }, el("h3", null, "办理经过"), historyView(events, name)),
    );
  }
}

/** @param {string} status */
export function statusView(status) {
  return el(`span.status.${status}`, null, STATUSES[status] ?? status);
}

function headline(order) {
  const { decision, status } = order;
  if (!decision) return null;
  if (status === "transferred" || status === "declined") return el("div.headline", null, ruling(decision, "转接至"));
  return el("p.soft", null, "受理时研判 ", badge(decision.action), " ", decision.why);
}

function factsView(order) {
  const names = (units) => units.map((unit) => unit.name).join("、");
  const rows = {
    承办单位: order.final_unit?.name ?? order.unit?.name,
    协办单位: names(order.assist ?? []),
    退回单位: names(order.returned_by ?? []),
    事项: order.topic?.name,
    属地: [order.district, order.street].filter(Boolean).join(" › "),
    地址: order.address,
    类别: [order.kind, order.urgency].filter(Boolean).join(" · "),
    来源: [order.channel, order.reference].filter(Boolean).join(" · "),
    受理: moment(order.received_at),
    派单期限: moment(order.dispatch_by),
    反馈期限: [moment(order.feedback_by), order.overdue && "已超期"].filter(Boolean).join(" · "),
    重复反映: order.repeats ? `${order.repeats} 次` : "",
    并入: order.merged_into,
    回访: order.satisfaction,
  };
  const shown = Object.entries(rows).filter(([, value]) => value);
  const row = ([title, value]) => el("div", null, el("dt", null, title), el("dd", null, value));
  return el("dl.order-facts", null, shown.map(row));
}
