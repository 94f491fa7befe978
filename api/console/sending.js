/** Makes an order of a draft, exactly once, also where the network fails on the way. */

import { Offline, Problem } from "./api.js";

const PAUSES = [500, 1_000, 2_000, 4_000];

/**
 * Every try carries the same key, so that the service answers the later ones with the order of the first.
 * @param {import("./api.js").Api} api
 * @param {object} appeal
 * @param {string} key
 * @param {(attempt: number) => void} again called before another try
 */
export async function receive(api, appeal, key, again) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const { data } = await api.post("/v1/appeals", appeal, { headers: { "Idempotency-Key": key } });
      return data;
    } catch (error) {
      if (!isUncertain(error) || attempt >= PAUSES.length) throw error;
      again(attempt + 2);
      await new Promise((resolve) => setTimeout(resolve, PAUSES[attempt]));
    }
  }
}

/**
 * Tell whether the service may have made the order all the same.
 * @param {unknown} error
 */
export function isUncertain(error) {
  return error instanceof Offline || (error instanceof Problem && error.status >= 500);
}
