/** The keys of the page, which work wherever the focus is. */

/**
 * @param {{choose: (number: number) => void, send: () => void, fresh: () => void, find: () => void}} does
 * @param {() => boolean} isOn whether the page takes keys now
 */
export function listen(does, isOn) {
  addEventListener("keydown", (event) => {
    if (!isOn() || event.isComposing || event.repeat || event.shiftKey || event.metaKey) return;
    const act = meant(event, does);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function meant({ altKey, ctrlKey, code }, does) {
  if (ctrlKey && !altKey && (code === "Enter" || code === "NumpadEnter")) return does.send;
  if (!altKey || ctrlKey) return null;
  // By the key's place: with Alt some keyboards write another character.
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code);
  if (digit) return () => does.choose(Number(digit[1]));
  return { KeyN: does.fresh, KeyF: does.find }[code] ?? null;
}
