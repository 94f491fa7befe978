/** Puts the page together: who is signed in, and which of the two views is shown. */

import { Api } from "./api.js";
import { Bench } from "./bench.js";
import { Directory } from "./directory.js";
import { byId } from "./dom.js";
import { listen } from "./keys.js";
import { OrderPanel } from "./order.js";
import { OrderList } from "./orders.js";
import { SignIn } from "./session.js";
import { Voice } from "./voice.js";
import { fault } from "./words.js";

const api = new Api();
const voice = new Voice();
const directory = new Directory(api);
const list = new OrderList(api, voice);
const bench = new Bench({ api, directory, voice, changed: () => {} });
const panel = new OrderPanel(byId("order"), { api, directory, voice, changed: () => list.load() });
const signIn = new SignIn(api, voice, entered);

api.onSignedOut = () => {
  if (!signIn.session) return;
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  show(null);
  signIn.show("登录已失效，请重新登录。已输入的内容都还在。");
};

function entered() {
  route();
  bench.resume();
}

/** The address says what is shown: #appeal, #orders or #orders/ID. */
async function route() {
  if (!signIn.session) return;
  const [view, id] = location.hash.slice(1).split("/");
  if (view !== "orders") return show("appeal");
  const entering = byId("orders").hidden;
  show("orders");
  list.mark(id ?? "");
  if (entering) byId("orders-title").focus();
  await Promise.all([entering && list.load(), id && openOrder(decodeURIComponent(id))]);
}

async function openOrder(id) {
  voice.calm();
  try {
    await panel.open(id);
    panel.focus();
  } catch (error) {
    voice.alert(fault(error));
  }
}

/** @param {"appeal" | "orders" | null} view null while nobody is signed in */
function show(view) {
  for (const id of ["appeal", "orders"]) byId(id).hidden = id !== view;
  for (const id of ["views", "sign-out", "keys"]) byId(id).hidden = view === null;
  for (const link of byId("views").querySelectorAll("a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

async function signOut() {
  try {
    await api.signOut();
  } catch (error) {
    return voice.alert(fault(error));
  }
  bench.clear();
  panel.clear();
  list.clear();
  show(null);
  signIn.show("");
}

const isOpen = () => signIn.session !== null && !document.querySelector("dialog[open]");
const onBench = (act) => {
  if (location.hash.startsWith("#orders")) location.hash = "#appeal";
  show("appeal");
  act();
};
listen(
  {
    choose: (number) => byId("appeal").hidden || bench.choose(number),
    send: () => byId("appeal").hidden || bench.send(),
    fresh: () => onBench(() => bench.fresh()),
    find: () => onBench(() => bench.find()),
  },
  isOpen,
);
addEventListener("hashchange", route);
byId("sign-out").addEventListener("click", signOut);
byId("reload").addEventListener("click", () => panel.order && openOrder(panel.order.id));
addEventListener("beforeunload", (event) => bench.isUnsent && event.preventDefault());
signIn.resume();
