/** The page on which an appeal is written, judged and sent. */

import { Problem } from "./api.js";
import { byId } from "./dom.js";
import { Draft } from "./draft.js";
import { Finding } from "./finding.js";
import { Inquiry } from "./inquiry.js";
import { OrderPanel } from "./order.js";
import { isUncertain, receive } from "./sending.js";
import { Suggestions } from "./suggestions.js";
import { UnitPicker } from "./unitpicker.js";
import { OUTSIDE, STATUSES, fault } from "./words.js";

export class Bench {
  #api;
  #voice;
  #inquiry;
  #finding;
  #suggestions;
  #picker;
  #sending = false;
  /** Whether an order may have been made under the draft's key already. */
  #uncertain = false;
  /** Whether the service was asked not to dispatch by itself; every try under one key asks the same. */
  #hold = null;

  /** @param {{api: any, directory: any, voice: any, changed: (order: any) => void}} others */
  constructor(others) {
    this.#api = others.api;
    this.#voice = others.voice;
    this.draft = new Draft(() => this.#wrote());
    this.panel = new OrderPanel(byId("sent"), others);
    this.#finding = new Finding({ split: () => this.#split(), settle: (place) => this.#settle(place) });
    this.#suggestions = new Suggestions(byId("suggestions"), () => this.#promise());
    this.#inquiry = new Inquiry(others.api, (state, routing, error) => this.#answered(state, routing, error));
    this.#picker = new UnitPicker(others.api, {
      label: "其他单位",
      keys: "Alt+F",
      picked: (choice) => this.#suggestions.choose(choice),
    });
    byId("other-unit").append(this.#picker.element);
    byId("draft").addEventListener("submit", (event) => this.#submitted(event));
    byId("units").addEventListener("submit", (event) => event.preventDefault());
    byId("explain").addEventListener("click", () => this.explain());
    for (const id of ["fresh", "next"]) byId(id).addEventListener("click", () => this.fresh());
    byId("discard").addEventListener("close", () => byId("discard").returnValue === "discard" && this.clear());
    this.#answered("idle", null);
  }

  /** Whether something was written that would be lost with the page. */
  get isUnsent() {
    return !this.panel.order && !this.draft.isEmpty;
  }

  /** Put the focus where writing goes on. */
  focus() {
    this.draft.text.focus();
  }

  /** Go on after the agent signed in again: nothing that was written is lost. */
  resume() {
    this.#inquiry.again();
    this.focus();
  }

  /** Forget everything, as at the end of a shift. */
  clear() {
    this.draft.clear();
    this.#begin();
  }

  /** Begin another appeal, after asking where the one that is written would be lost. */
  fresh() {
    if (this.#sending) return;
    if (this.isUnsent) {
      byId("discard").returnValue = "";
      return byId("discard").showModal();
    }
    if (!this.draft.next()) this.draft.clear();
    this.#begin();
  }

  /** @param {number} number of a suggestion, from 1 */
  choose(number) {
    if (this.panel.order) return;
    const choice = this.#suggestions.chooseNumber(number);
    if (choice) this.#voice.say(`已选：${choice.name}`);
  }

  /** Put the focus on the search for any other unit. */
  find() {
    if (this.panel.order) return;
    byId("units").hidden = false;
    this.#picker.input.focus();
  }

  explain() {
    const { question } = this.draft;
    if (question) this.#finding.explain(this.#api.post("/v1/explain", question));
  }

  send() {
    byId("draft").requestSubmit();
  }

  async #submitted(event) {
    event.preventDefault();
    if (this.#sending || this.panel.order) return;
    this.#sending = true;
    this.#voice.calm();
    byId("send").disabled = true;
    try {
      if (await this.#isAsShown()) await this.#sent();
    } catch (error) {
      this.#notSent(error);
    } finally {
      this.#sending = false;
      byId("send").disabled = false;
      this.#promise();
    }
  }

  /** Nothing is sent to a unit that the agent has not seen: what is asked is answered first. */
  async #isAsShown() {
    const promised = this.#promised();
    await this.#inquiry.settled();
    if (this.#promised() === promised || this.#suggestions.isOwn) return true;
    if (byId("appeal").hidden) return false; // the session is over, which the page says by itself
    const fresh = this.#inquiry.state === "fresh";
    this.#voice.alert(fresh ? "研判刚刚更新，请看过建议后再发送。" : "现在没有研判，再次发送将受理后待派。");
    return false;
  }

  async #sent() {
    const { chosen, isOwn, assist } = this.#suggestions;
    this.draft.lock(true);
    this.#hold ??= Boolean(isOwn && chosen);
    const order = await receive(this.#api, { ...this.draft.appeal, hold: this.#hold }, this.draft.key, (attempt) => {
      this.#uncertain = true;
      byId("send-what").textContent = `没有收到回答，正在用同一编号重试（第 ${attempt} 次）…`;
    });
    await this.panel.open(order.id);
    this.#turn(true);
    await this.#dispatched(chosen, isOwn, assist);
    this.panel.focus();
  }

  async #dispatched(chosen, isOwn, assist) {
    const { order } = this.panel;
    const open = order.status === "received" || (isOwn && ["transferred", "declined"].includes(order.status));
    if (open && chosen) {
      await this.panel.act("dispatches", { unit: chosen.code, ...(assist.length > 0 && { assist }) });
      return;
    }
    this.#voice.say(`工单${order.id}：${STATUSES[order.status] ?? order.status}`);
  }

  #notSent(error) {
    this.#uncertain ||= isUncertain(error);
    if (isUncertain(error)) {
      this.#voice.alert(`${fault(error)}还不知道是否已经受理，内容已锁定；再次发送用同一编号，不会重复建单。`);
    } else if (error instanceof Problem && error.status === 401) {
      this.draft.lock(this.#uncertain); // the page says so by itself
    } else {
      this.draft.refused();
      this.#uncertain = false;
      this.#hold = null;
      this.#voice.alert(fault(error));
    }
  }

  #begin() {
    this.panel.clear();
    this.#picker.clear();
    this.#uncertain = false;
    this.#hold = null;
    this.#suggestions.clear();
    this.#voice.calm();
    this.#turn(false);
    this.#inquiry.about(null);
    this.#inquiry.about(this.draft.question);
    this.focus();
  }

  /** Show the order in the place of the suggestions, or the other way round. */
  #turn(sent) {
    byId("finding").hidden = sent;
    byId("sent").hidden = !sent;
    byId("send").hidden = sent;
    byId("next").hidden = !sent;
    this.#promise();
  }

  #wrote() {
    this.#voice.calm();
    this.#inquiry.about(this.draft.question);
  }

  #answered(state, routing, error) {
    if (state === "fresh" || state === "idle") {
      this.#suggestions.show(routing);
      this.#voice.say(this.#finding.show(routing));
    }
    const failed = this.#finding.turn(state, error);
    if (failed) {
      this.#suggestions.doubt();
      this.#voice.say(failed);
    }
    this.#promise();
  }

  #settle(place) {
    this.draft.settlePlace(place);
    this.#wrote();
    this.focus();
  }

  #split() {
    this.draft.split(this.#finding.routing.matters.map((matter) => matter.span));
    this.#wrote();
    this.focus();
  }

  #promised() {
    return `${this.#finding.routing?.decision.action} ${this.#suggestions.chosen?.code}`;
  }

  /** Say before it is sent what sending will do. */
  #promise() {
    if (this.#sending && !this.panel.order) return;
    const waits = this.draft.aside ? `（另有 ${this.draft.aside} 件事待受理）` : "";
    const told = this.panel.order ? `已生成工单 ${this.panel.order.id}` : this.#outcome();
    byId("send-what").textContent = told + waits;
  }

  #outcome() {
    const { chosen, isOwn, proposed } = this.#suggestions;
    const judged = ["fresh", "waiting"].includes(this.#inquiry.state);
    const decision = judged ? this.#finding.routing?.decision : null;
    if (decision?.action === "dispatch" && !(isOwn && chosen)) return `受理后由系统自动派往${proposed?.name ?? "承办单位"}`;
    if (chosen) return `受理并派往${chosen.name}`;
    if (decision?.action === "transfer") return `受理并转接${OUTSIDE[decision.to] ?? decision.to}`;
    if (decision?.action === "decline") return "记录为不予受理";
    return "受理后待派";
  }
}
