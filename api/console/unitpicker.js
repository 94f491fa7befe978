/** A field that finds any unit of the city, as a combobox: type, go down, Enter. */

import { isAbort } from "./api.js";
import { el, fill, freshId } from "./dom.js";
import { fault } from "./words.js";

const PAUSE = 200;
const SHOWN = 12;

/**
 * @typedef {{code: string, name: string}} Choice
 */

export class UnitPicker {
  #api;
  #picked;
  #list;
  #state;
  #found = [];
  #active = -1;
  #timer = 0;
  #abort = new AbortController();

  /** @type {Choice | null} what stands in the field, if it was picked from the list */
  choice = null;

  /**
   * @param {import("./api.js").Api} api
   * @param {{label: string, keys?: string, picked?: (choice: Choice) => void}} options
   */
  constructor(api, { label, keys, picked = () => {} }) {
    this.#api = api;
    this.#picked = picked;
    const [field, list] = [freshId("unit-field"), freshId("unit-list")];
    this.#list = el("ul.found", { id: list, role: "listbox", "aria-label": label, hidden: true });
    this.#state = el("p.hint", { role: "status" });
    this.input = el("input", {
      id: field,
      type: "text",
      role: "combobox",
      autocomplete: "off",
      spellcheck: false,
      placeholder: "名称、简称或职责",
      "aria-expanded": "false",
      "aria-controls": list,
      "aria-autocomplete": "list",
      "aria-keyshortcuts": keys,
      oninput: (event) => event.isComposing || this.#typed(),
      oncompositionend: () => this.#typed(),
      onkeydown: (event) => this.#pressed(event),
      onblur: () => this.#close(),
    });
    this.element = el("div.picker", null, el("label", { for: field }, label), this.input, this.#list, this.#state);
  }

  clear() {
    this.input.value = "";
    this.choice = null;
    this.#close();
  }

  #typed() {
    this.choice = null;
    clearTimeout(this.#timer);
    this.#abort.abort();
    const words = this.input.value.trim();
    if (words) this.#timer = setTimeout(() => this.#search(words), PAUSE);
    else this.#close();
  }

  async #search(words) {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    try {
      const query = new URLSearchParams({ q: words, limit: String(SHOWN) });
      const { data } = await this.#api.get(`/v1/units?${query}`, { signal });
      if (!signal.aborted && document.activeElement === this.input) this.#open(data);
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) this.#state.textContent = fault(error);
    }
  }

  #open({ units, total }) {
    this.#found = units;
    fill(this.#list, units.map((unit, at) => this.#option(unit, at)));
    this.#list.hidden = units.length === 0;
    this.input.setAttribute("aria-expanded", String(units.length > 0));
    const shown = total > units.length ? `，显示前 ${units.length} 个` : "";
    this.#state.textContent = total ? `共 ${total} 个${shown}` : "没有找到";
    this.#move(units.length ? 0 : -1);
  }

  #option(unit, at) {
    return el(
      "li",
      {
        id: `${this.#list.id}-${at}`,
        role: "option",
        "aria-selected": "false",
        onmousedown: (event) => event.preventDefault(), // the field keeps the focus
        onclick: () => this.#pick(at),
      },
      unit.name,
      unit.duty && el("span.soft", null, ` ${unit.duty}`),
    );
  }

  #close() {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#list.hidden = true;
    this.#found = [];
    this.input.setAttribute("aria-expanded", "false");
    this.#state.textContent = "";
    this.#move(-1);
  }

  #move(at) {
    this.#active = at;
    [...this.#list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    const option = this.#list.children[at];
    if (at < 0 || !option) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  #pick(at) {
    const { code, name } = this.#found[at];
    this.choice = { code, name };
    this.input.value = name;
    this.#close();
    this.#picked(this.choice);
  }

  #pressed(event) {
    if (event.isComposing || event.ctrlKey || event.altKey) return;
    const count = this.#found.length;
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves && count) this.#move((this.#active + moves[event.key] + count) % count);
    else if (event.key === "Enter" && count && this.#active >= 0) this.#pick(this.#active);
    else if (event.key === "Escape" && count) this.#close();
    else if (event.key !== "Enter") return;
    event.preventDefault(); // Enter in this field never sends the form
  }
}
