/** Asks for a routing while the agent still writes: one question at a time, and only the newest is answered. */

import { Offline, Problem, isAbort } from "./api.js";

const PAUSE = 300;
const RETRIES = [2_000, 4_000, 8_000, 15_000];

/**
 * @typedef {"idle" | "waiting" | "fresh" | "offline" | "degraded" | "refused"} State
 */

export class Inquiry {
  #api;
  #tell;
  #appeal = null;
  /** Of the newest question; the answer to an older one is dropped even if it could not be aborted. */
  #number = 0;
  #timer = 0;
  #abort = new AbortController();
  #failures = 0;
  #waiting = [];

  /** @type {State} */
  state = "idle";

  /**
   * @param {import("./api.js").Api} api
   * @param {(state: State, routing: any, error: unknown) => void} tell of an answer, or why there is none
   */
  constructor(api, tell) {
    this.#api = api;
    this.#tell = tell;
    addEventListener("online", () => this.state === "offline" && this.#ask());
  }

  /**
   * Ask about what is written now, after a short pause; null when there is nothing to ask about.
   * @param {object | null} appeal
   */
  about(appeal) {
    if (JSON.stringify(appeal) === JSON.stringify(this.#appeal)) return;
    this.#appeal = appeal;
    this.#failures = 0;
    this.#drop();
    if (appeal) {
      this.#become("waiting");
      this.#timer = setTimeout(() => this.#ask(), PAUSE);
    } else this.#become("idle");
  }

  /** Ask once more about the same, such as after signing in. */
  again() {
    if (!this.#appeal) return;
    this.#become("waiting");
    this.#ask();
  }

  /** Resolve as soon as the newest question is answered, or cannot be. */
  settled() {
    if (this.state !== "waiting") return Promise.resolve();
    clearTimeout(this.#timer);
    const settled = new Promise((resolve) => this.#waiting.push(resolve));
    if (this.#timer) this.#ask();
    return settled;
  }

  #drop() {
    this.#number += 1;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#abort.abort();
  }

  async #ask() {
    this.#drop();
    const number = this.#number;
    this.#abort = new AbortController();
    try {
      const { data } = await this.#api.post("/v1/route", this.#appeal, { signal: this.#abort.signal });
      if (number !== this.#number) return;
      this.#failures = 0;
      this.#become("fresh", data);
    } catch (error) {
      if (number === this.#number && !isAbort(error)) this.#failed(error);
    }
  }

  #failed(error) {
    const down = error instanceof Problem && error.status >= 500;
    if (error instanceof Offline || down) {
      this.#become(down ? "degraded" : "offline", null, error);
      const pause = RETRIES[Math.min(this.#failures, RETRIES.length - 1)];
      this.#failures += 1;
      this.#timer = setTimeout(() => this.#ask(), pause);
    } else this.#become("refused", null, error);
  }

  #become(state, routing = null, error = null) {
    this.state = state;
    this.#tell(state, routing, error);
    if (state === "waiting") return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
