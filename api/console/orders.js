/** The newest orders, by status, of which one is open. */

import { byId, el, fill } from "./dom.js";
import { statusView } from "./order.js";
import { STATUSES, fault, moment } from "./words.js";

const PAGE = 20;

export class OrderList {
  #api;
  #voice;
  #list = byId("order-list");
  #status = byId("status");
  #more = byId("more");
  #next = null;
  #open = "";
  #asked = 0;

  /**
   * @param {import("./api.js").Api} api
   * @param {import("./voice.js").Voice} voice
   */
  constructor(api, voice) {
    this.#api = api;
    this.#voice = voice;
    const options = Object.entries({ "": "全部", ...STATUSES });
    fill(this.#status, options.map(([value, name]) => el("option", { value }, name)));
    this.#status.addEventListener("change", () => this.load());
    byId("reload").addEventListener("click", () => this.load());
    this.#more.addEventListener("click", () => this.#page(this.#next));
  }

  load() {
    return this.#page(null);
  }

  /** @param {string} id of the order that is open beside the list */
  mark(id) {
    this.#open = id;
    for (const link of this.#list.querySelectorAll("a")) this.#marked(link);
  }

  clear() {
    this.#asked += 1;
    fill(this.#list);
    this.#more.hidden = true;
  }

  async #page(after) {
    this.#asked += 1;
    const asked = this.#asked;
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (this.#status.value) query.set("status", this.#status.value);
    if (after) query.set("after", after);
    try {
      const { data } = await this.#api.get(`/v1/appeals?${query}`);
      if (asked !== this.#asked) return;
      if (!after) fill(this.#list);
      this.#list.append(...data.appeals.map((order) => this.#item(order)));
      if (!this.#list.children.length) fill(this.#list, el("li.soft", null, "没有工单。"));
      this.#next = data.next;
      this.#more.hidden = !data.next;
      if (!after) this.#voice.say(`${data.appeals.length} 张工单`);
    } catch (error) {
      this.#voice.alert(fault(error));
    }
  }

  #item(order) {
    const told = [order.unit?.name, order.topic?.name, moment(order.received_at)];
    const link = el(
      "a",
      { href: `#orders/${order.id}`, "data-order": order.id },
      el("span.order-head", null, el("b.number", null, order.id), statusView(order.status)),
      el("span.snippet", null, order.erased ? "内容已清除" : order.text),
      el("span.soft", null, told.filter(Boolean).join(" · ")),
    );
    this.#marked(link);
    return el("li", null, link);
  }

  #marked(link) {
    if (link.dataset.order === this.#open) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
