/** What the page says aloud: politely what changed, at once what went wrong. */

import { byId } from "./dom.js";

export class Voice {
  #polite = byId("polite");
  #notice = byId("notice");

  /** @param {string} words for screen readers; the page shows the same in its place */
  say(words) {
    if (this.#polite.textContent !== words) this.#polite.textContent = words;
  }

  /** @param {string} words */
  alert(words) {
    this.#notice.textContent = words;
    this.#notice.scrollIntoView({ block: "nearest" });
  }

  /** Take back the last alert. */
  calm() {
    this.#notice.textContent = "";
  }
}
