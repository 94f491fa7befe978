/** Signing in and out. The key is sent once and kept nowhere; the browser holds a cookie that scripts cannot read. */

import { Problem } from "./api.js";
import { byId } from "./dom.js";
import { ROLES, fault } from "./words.js";

export class SignIn {
  #api;
  #voice;
  #entered;
  #section = byId("sign-in");
  #key = byId("key");

  /** Who is there, or null. @type {import("./api.js").Session | null} */
  session = null;

  /**
   * @param {import("./api.js").Api} api
   * @param {import("./voice.js").Voice} voice
   * @param {() => void} entered
   */
  constructor(api, voice, entered) {
    this.#api = api;
    this.#voice = voice;
    this.#entered = entered;
    byId("sign-in-form").addEventListener("submit", (event) => this.#submitted(event));
  }

  async resume() {
    try {
      this.#enter(await this.#api.resume());
    } catch (error) {
      const unknown = error instanceof Problem && error.status === 401;
      this.show(unknown ? "" : fault(error));
    }
  }

  /** @param {string} words why the page asks */
  show(words) {
    this.session = null;
    this.#section.hidden = false;
    byId("who").hidden = true;
    this.#voice.alert(words);
    this.#key.focus();
  }

  async #submitted(event) {
    event.preventDefault();
    this.#voice.calm();
    const key = this.#key.value.trim();
    try {
      this.#enter(await this.#api.signIn(key));
    } catch (error) {
      const wrong = error instanceof Problem && error.status === 401;
      this.#voice.alert(wrong ? "密钥不正确或已停用，请核对后再试。" : fault(error));
      this.#key.select();
    }
  }

  #enter(session) {
    this.session = session;
    this.#key.value = "";
    this.#section.hidden = true;
    const role = ROLES[session.role] ?? session.role;
    const unit = typeof session.unit === "string" ? session.unit : session.unit?.name;
    byId("who").textContent = [session.name, role, unit].filter(Boolean).join(" · ");
    byId("who").hidden = false;
    this.#entered();
  }
}
