/** The one door to the service: JSON in and out, the token against forged requests, and errors of two kinds. */

const PATIENCE = 15_000;

/** The service answered, and refused. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, detail?: string, errors?: {pointer: string, code: string, detail: string}[]}} body
   */
  constructor(status, body) {
    super(body.detail || `HTTP ${status}`);
    this.status = status;
    this.code = body.code || "";
    this.detail = body.detail || "";
    this.faults = body.errors || [];
  }
}

/** No answer came, so that nobody knows whether the service acted. */
export class Offline extends Error {}

/**
 * @typedef {{body?: unknown, headers?: Record<string, string>, signal?: AbortSignal}} Options
 * @typedef {{data: any, etag: string | null}} Answer
 * @typedef {{role: string, name: string, unit: string | null, csrf: string}} Session
 */

export class Api {
  #csrf = "";

  /** Called when the service no longer knows who is there. */
  onSignedOut = () => {};

  /**
   * @param {string} path
   * @param {Options} [options]
   */
  get(path, options) {
    return this.#known("GET", path, options);
  }

  /**
   * @param {string} path
   * @param {unknown} body
   * @param {Options} [options]
   */
  post(path, body, options) {
    return this.#known("POST", path, { ...options, body });
  }

  /**
   * @param {string} key
   * @returns {Promise<Session>}
   */
  async signIn(key) {
    return this.#begin(await this.#call("POST", "/v1/session", { body: { key } }));
  }

  /**
   * Go on with the session that the browser's cookie stands for.
   * @returns {Promise<Session>}
   */
  async resume() {
    return this.#begin(await this.#call("GET", "/v1/session"));
  }

  async signOut() {
    await this.#call("DELETE", "/v1/session");
    this.#csrf = "";
  }

  #begin({ data }) {
    this.#csrf = data.csrf;
    return data;
  }

  async #known(method, path, options) {
    try {
      return await this.#call(method, path, options);
    } catch (error) {
      const refused = error instanceof Problem ? error.status : 0;
      if (refused === 403 && method !== "GET" && (await this.#renewed())) return this.#call(method, path, options);
      if (refused === 401) this.onSignedOut();
      throw error;
    }
  }

  /** Another window of the browser may have begun another session, which has another token. */
  async #renewed() {
    const before = this.#csrf;
    try {
      await this.resume();
    } catch {
      return false;
    }
    return this.#csrf !== before;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Options} [options]
   * @returns {Promise<Answer>}
   */
  async #call(method, path, { body, headers = {}, signal } = {}) {
    const patience = AbortSignal.timeout(PATIENCE);
    const sent = { Accept: "application/json", ...headers };
    if (body !== undefined) sent["Content-Type"] = "application/json";
    if (method !== "GET" && this.#csrf) sent["X-CSRF-Token"] = this.#csrf;
    try {
      const response = await fetch(path, {
        method,
        headers: sent,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, patience]) : patience,
        cache: "no-store",
        redirect: "error",
      });
      const text = await response.text();
      if (!response.ok) throw new Problem(response.status, parsed(text) ?? {});
      return { data: text ? JSON.parse(text) : null, etag: response.headers.get("ETag") };
    } catch (error) {
      if (error instanceof Problem || signal?.aborted) throw error;
      throw new Offline(String(error));
    }
  }
}

/** @param {unknown} error */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // such as a proxy's page
  }
}
