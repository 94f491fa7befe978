/** What units and topics are called, for the codes that stand in an order's history. */

const PAGE = 1_000;

export class Directory {
  #api;
  /** @type {Promise<Map<string, string>> | null} */
  #names = null;

  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.#api = api;
  }

  /**
   * Without the directory a code still tells more than nothing, so that this never fails.
   * @returns {Promise<(code: string) => string>}
   */
  async names() {
    this.#names ??= this.#read();
    try {
      const names = await this.#names;
      return (code) => names.get(code) ?? code;
    } catch {
      this.#names = null;
      return (code) => code;
    }
  }

  async #read() {
    const names = new Map();
    let total = 1;
    for (let offset = 0; offset < total; offset += PAGE) {
      const { data } = await this.#api.get(`/v1/units?limit=${PAGE}&offset=${offset}`);
      for (const { code, name } of data.units) names.set(code, name);
      total = data.total;
    }
    const { data } = await this.#api.get("/v1/topics");
    for (const { code, name } of data.topics) names.set(code, name);
    return names;
  }
}
