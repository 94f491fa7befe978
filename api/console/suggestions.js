/** The units to choose from: those suggested, numbered for the keyboard, and one that the agent looked up. */

import { bar, el, fill } from "./dom.js";
import { percent } from "./words.js";

export const NUMBERED = 9;

/**
 * @typedef {{code: string, name: string}} Choice
 */

export class Suggestions {
  #root;
  #changed;
  #offered = [];
  #assisting = [];
  /** @type {Choice | null} what the agent chose, which no later answer changes */
  #own = null;
  #proposed = null;

  /**
   * @param {HTMLElement} root
   * @param {() => void} changed called when another unit is chosen
   */
  constructor(root, changed) {
    this.#root = root;
    this.#changed = changed;
  }

  /** @returns {Choice | null} */
  get chosen() {
    return this.#own ?? this.#proposed;
  }

  /** @returns {Choice | null} what the newest answer would choose */
  get proposed() {
    return this.#proposed;
  }

  get isOwn() {
    return this.#own !== null;
  }

  /** Codes of those that assist the chosen unit. */
  get assist() {
    return this.chosen?.code === this.#proposed?.code ? this.#assisting : [];
  }

  /** @param {any} routing a routed line, or null */
  show(routing) {
    this.#offered = routing?.suggestions.slice(0, NUMBERED) ?? [];
    const units = routing?.decision.units ?? [];
    const leads = ["dispatch", "suggest"].includes(routing?.decision.action);
    const lead = this.#offered.find((each) => each.unit === units[0]);
    this.#proposed = leads && lead ? { code: lead.unit, name: lead.name } : null;
    this.#assisting = units.slice(1);
    this.#draw();
  }

  /** Choose nothing for the agent as long as no answer is about what is written now. */
  doubt() {
    this.#proposed = null;
    this.#assisting = [];
    this.#draw();
  }

  /** @param {Choice} choice */
  choose(choice) {
    this.#own = choice;
    this.#draw();
    this.#changed();
  }

  /**
   * @param {number} number from 1
   * @returns {Choice | null} what was chosen
   */
  chooseNumber(number) {
    const offered = this.#offered[number - 1];
    if (!offered) return null;
    this.choose({ code: offered.unit, name: offered.name });
    return this.#own;
  }

  clear() {
    this.#own = null;
    this.show(null);
  }

  #draw() {
    const focused = this.#root.contains(document.activeElement) ? document.activeElement.value : null;
    const elsewhere = this.#own && !this.#offered.some((each) => each.unit === this.#own.code);
    fill(this.#root, this.#offered.map((each, at) => this.#option(each, at + 1)), elsewhere && this.#ownOption());
    if (focused) this.#root.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus();
  }

  #option(offered, number) {
    const assists = offered.role === "assist" || this.#assisting.includes(offered.unit);
    const marks = [
      assists && el("span.tag", null, "协办"),
      offered.role !== "assist" && el("span.number", null, percent(offered.probability)),
    ];
    const details = [
      offered.role !== "assist" && bar(offered.probability),
      offered.reasons.length > 0 && el("span.reasons", null, offered.reasons.join("；")),
    ];
    return this.#row({ code: offered.unit, name: offered.name }, number, marks, details, `Alt+${number}`);
  }

  #ownOption() {
    return this.#row(this.#own, "·", [el("span.tag", null, "座席另选")], []);
  }

  #row(choice, number, marks, details, keys = null) {
    const checked = this.chosen?.code === choice.code;
    const input = el("input", {
      type: "radio",
      name: "unit",
      value: choice.code,
      checked,
      "aria-keyshortcuts": keys,
      onchange: () => this.choose(choice),
    });
    const chosen = checked && el("span.tag.chosen", null, "已选");
    const digit = el("span.digit", { "aria-hidden": "true" }, number);
    const head = el("span.option-head", null, el("span.unit-name", null, choice.name), chosen, marks);
    return el("label.option", null, input, digit, el("span.option-body", null, head, details));
  }
}
