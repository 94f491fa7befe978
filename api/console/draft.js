/** The appeal that is being written, and the key under which it is sent once, however often it is tried. */

import { byId } from "./dom.js";

const EDGES = /^[\s，。；、,;]+|[\s，；、,;]+$/gu;
const SHORTEST = 4; // a word or two says nothing yet, and would only make the page flicker

export class Draft {
  #form = byId("draft");
  #fields = ["text", "address", "district", "channel", "reference"].map(byId);
  #count = byId("count");
  /** @type {string[]} matters that were split off and wait for their turn */
  #aside = [];
  #key = "";

  /** @param {() => void} changed called when the agent wrote, but not for each letter of a word still being composed */
  constructor(changed) {
    this.text = byId("text");
    this.#form.addEventListener("input", (event) => {
      this.#counted();
      if (!event.isComposing) changed();
    });
    this.#form.addEventListener("compositionend", () => changed());
  }

  get isEmpty() {
    return !this.#fields.some((field) => field.id !== "channel" && field.value.trim());
  }

  /** What can be asked about: null as long as it is too short to say anything. */
  get question() {
    const { text } = this;
    if (text.value.trim().length < SHORTEST) return null;
    const { id: _reference, ...appeal } = this.appeal;
    return appeal;
  }

  /** The appeal as it is sent. */
  get appeal() {
    const [text, address, district, channel, reference] = this.#fields.map((field) => field.value.trim());
    return {
      text,
      ...(address && { address }),
      ...(district && { district }),
      channel,
      ...(reference && { id: reference }),
    };
  }

  /** The same until the draft is another: what is sent twice under one key is one order. */
  get key() {
    this.#key ||= crypto.randomUUID();
    return this.#key;
  }

  /** Forget the key after the service refused, since a mended text is another request. */
  refused() {
    this.#key = "";
    this.lock(false);
  }

  /** @param {boolean} locked nothing can be written while it is not known whether an order was made */
  lock(locked) {
    for (const field of this.#fields) {
      if (field.tagName === "SELECT") field.disabled = locked;
      else field.readOnly = locked;
    }
  }

  /** @param {string} place that the citizen said it is */
  settlePlace(place) {
    const address = byId("address");
    if (!address.value.includes(place)) address.value = `${place}${address.value}`;
  }

  /** How many matters wait. */
  get aside() {
    return this.#aside.length;
  }

  /**
   * Keep the first of several matters; each of the others becomes a draft of its own.
   * @param {[number, number][]} spans in characters of the text
   */
  split(spans) {
    const letters = [...this.text.value.trim()];
    const [first, ...others] = spans.map(([start, end]) => letters.slice(start, end).join("").replace(EDGES, ""));
    this.#aside = others.filter(Boolean);
    this.text.value = first;
    this.#counted();
  }

  /** Begin the matter that waits, at the same place; false if there is none. */
  next() {
    const text = this.#aside.shift();
    if (!text) return false;
    this.refused();
    this.text.value = text;
    byId("reference").value = "";
    this.#counted();
    return true;
  }

  clear() {
    this.#aside = [];
    this.#form.reset();
    this.refused();
    this.#counted();
  }

  #counted() {
    this.#count.textContent = `${[...this.text.value].length} 字`;
  }
}
