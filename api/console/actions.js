/** What can be done with an order where it stands, each as a form that opens under its name. */

import { el, freshId } from "./dom.js";
import { UnitPicker } from "./unitpicker.js";
import { RETURN_REASONS, SATISFACTIONS } from "./words.js";

/**
 * @typedef {(path: string, body: object) => Promise<void>} Act posts to the order, such as to `returns`
 * @typedef {{code: string, name: string}} Choice
 * @typedef {{title: string, fields: HTMLElement[], path: string, body: () => object | null}} Form
 *     whose `body` is null where something lacks
 */

const OFFERED = {
  received: ["dispatch", "close", "merge"],
  returned: ["dispatch", "close", "merge"],
  dispatched: ["sign", "giveBack", "close", "merge"],
  signed: ["giveBack", "close", "merge"],
  transferred: ["dispatch", "close"],
  declined: ["dispatch", "close"],
  closed: ["callBack"],
};

/**
 * @param {any} order
 * @param {import("./api.js").Api} api
 * @param {Act} act
 * @returns {HTMLElement | null}
 */
export function actionsView(order, api, act) {
  const names = [...(OFFERED[order.status] ?? [])];
  if (order.status === "closed" && order.solved === false) names.push("dispatch");
  if (!names.length) return null;
  const group = freshId("actions");
  const forms = names.map((name) => formView(FORMS[name](order, api), group, act));
  return el("section.actions", { "aria-label": "可以进行的操作" }, el("h3", null, "办理"), forms);
}

/**
 * @param {Form} form
 * @param {string} group of which one form at most is open
 * @param {Act} act
 */
function formView({ title, fields, path, body }, group, act) {
  const button = el("button.primary", { type: "submit" }, `确认${title}`);
  const lack = el("p.hint", { role: "status" });
  const form = el("form.action", { autocomplete: "off" }, fields, lack, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const filled = body();
    lack.textContent = filled ? "" : "请从列表中选定单位。";
    if (!filled) return;
    button.disabled = true;
    await act(path, filled);
    button.disabled = false;
  });
  return el("details", { name: group }, el("summary", null, title), form);
}

const FORMS = {
  dispatch(order, api) {
    const suggested = order.routing?.suggestions.slice(0, 5) ?? [];
    const picker = new UnitPicker(api, { label: "派往单位" });
    const choose = (each) => {
      picker.clear();
      picker.choice = { code: each.unit, name: each.name };
      picker.input.value = each.name;
    };
    const chip = (each) => el("button.chip", { type: "button", onclick: () => choose(each) }, each.name);
    const chips = el("div.chips", { role: "group", "aria-label": "建议单位" }, suggested.map(chip));
    const note = field("备注", "textarea");
    return {
      title: order.returned_by.length || order.status === "closed" ? "改派" : "派单",
      fields: [suggested.length > 0 && chips, picker.element, note.element],
      path: "dispatches",
      body: () => picker.choice && { unit: picker.choice.code, ...written("note", note) },
    };
  },

  sign: () => ({ title: "签收", fields: [], path: "signatures", body: () => ({}) }),

  giveBack(_order, api) {
    const reason = choices("退单原因", RETURN_REASONS);
    const picker = new UnitPicker(api, { label: "建议改派单位（选填）" });
    const note = field("说明", "textarea");
    return {
      title: "退单",
      fields: [reason.element, picker.element, note.element],
      path: "returns",
      body: () => {
        if (picker.input.value.trim() && !picker.choice) return null;
        const proposed = picker.choice && { proposed: picker.choice.code };
        return { reason: reason.input.value, ...proposed, ...written("note", note) };
      },
    };
  },

  close() {
    const solution = field("办理结果", "textarea");
    const told = outcome();
    return {
      title: "办结",
      fields: [solution.element, ...told.fields],
      path: "closures",
      body: () => ({ ...written("solution", solution), ...told.body() }),
    };
  },

  merge() {
    const into = field("并入工单编号", "input");
    into.input.required = true;
    into.input.pattern = "\\s*\\d{8}-\\d+\\s*";
    into.input.placeholder = "如 20261122-17";
    return { title: "并单", fields: [into.element], path: "merges", body: () => ({ into: into.input.value.trim() }) };
  },

  callBack() {
    const told = outcome();
    told.inputs.forEach((input) => (input.required = true));
    const note = field("备注", "textarea");
    return {
      title: "回访",
      fields: [...told.fields, note.element],
      path: "callbacks",
      body: () => ({ valid: true, ...told.body(), ...written("note", note) }),
    };
  },
};

/** The three answers of a call-back; one that is not chosen is not sent. */
function outcome() {
  const contacted = choices("是否联系", ["", "是", "否"]);
  const solved = choices("是否解决", ["", "是", "否"]);
  const satisfaction = choices("满意度", ["", ...SATISFACTIONS]);
  const all = [contacted, solved, satisfaction];
  return {
    fields: [el("div.fields.thirds", null, all.map(({ element }) => element))],
    inputs: all.map(({ input }) => input),
    body: () => ({
      ...truth("contacted", contacted),
      ...truth("solved", solved),
      ...written("satisfaction", satisfaction),
    }),
  };
}

function field(label, tag) {
  const id = freshId("field");
  const input = el(tag, { id, ...(tag === "textarea" && { rows: 2, maxLength: 2000 }) });
  return { input, element: el("div", null, el("label", { for: id }, label), input) };
}

function choices(label, values) {
  const id = freshId("field");
  const options = values.map((value) => el("option", { value }, value || "未填"));
  const input = el("select", { id }, options);
  return { input, element: el("div", null, el("label", { for: id }, label), input) };
}

function written(name, { input }) {
  const value = input.value.trim();
  return value ? { [name]: value } : {};
}

function truth(name, { input }) {
  return input.value ? { [name]: input.value === "是" } : {};
}
