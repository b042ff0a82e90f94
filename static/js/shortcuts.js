// Single keys, as the help lists them. None while a field has the focus, a dialog or a menu is
// open, or the reader has switched them off; Escape always closes.
import { showMessage } from "./errors.js";
import { closePanel, leadPanel, openLead } from "./lead_panel.js";
import { selected } from "./lead_rows.js";

const PAGES = { i: "/inbox/", c: "/coverage/", h: "/history/", t: "/team/", s: "/system/" };
const nameLink = (row) => row.querySelector(".who a");
let awaitsPage = false;
let openTimer = null;

const currentRow = () => document.activeElement?.closest(".lrow") ??
  document.querySelector('.lrow[aria-current="true"]');

const moveFocus = (step) => {
  const rows = [...document.querySelectorAll("#rows > .lrow")];
  if (!rows.length) return;
  const from = rows.indexOf(currentRow());
  const next = rows[from < 0 ? 0 : Math.min(Math.max(from + step, 0), rows.length - 1)];
  nameLink(next).focus();
  next.scrollIntoView({ block: "nearest" });
  clearTimeout(openTimer);
  if (leadPanel()?.dataset.lead) {
    openTimer = setTimeout(() => leadPanel()?.dataset.lead && openLead(nameLink(next), { follow: true }), 120);
  }
};

const clickFirst = (...elements) => elements.find(Boolean)?.click();

const assign = () => clickFirst(
  selected().length && document.getElementById("assign-many"),
  document.activeElement?.closest(".lrow")?.querySelector('[data-opens="picker"]'),
  document.querySelector('.owner [data-opens="picker"]'),
  currentRow()?.querySelector('[data-opens="picker"]'),
);

const undo = () => {
  const mine = [...document.querySelectorAll("[data-mine]")];
  mine.sort((a, b) => b.dataset.mine - a.dataset.mine);
  if (mine.length) clickFirst(mine[0].querySelector("button"));
  else showMessage("You have no change on this page that can be undone. Older changes are in History.");
};

const writeNote = () => {
  const field = document.getElementById("note-text");
  if (field) field.focus();
  else showMessage(leadPanel()?.dataset.lead ? "You cannot write on this lead." : "Open a lead first, then write a note.");
};

const select = (shiftKey) => currentRow()?.querySelector('input[name="lead"]')
  ?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey }));

const ACTIONS = {
  j: () => moveFocus(1),
  k: () => moveFocus(-1),
  o: () => currentRow() && clickFirst(nameLink(currentRow())),
  x: () => select(false),
  X: () => select(true),
  a: assign,
  n: writeNote,
  u: undo,
  g: () => { awaitsPage = true; },
  "/": () => document.getElementById("id_q")?.focus(),
  "?": () => document.getElementById("help")?.showModal(),
};

const isBusy = (target) =>
  target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") ||
  document.querySelector("dialog[open], [popover]:popover-open");

document.addEventListener("keydown", (event) => {
  const { key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isBusy(event.target)) return;
  if (key === "Escape") {
    if (!closePanel()) document.getElementById("selection")?.reset();
    return;
  }
  if (document.body.dataset.keys === "off") return;
  if (awaitsPage) {
    awaitsPage = false;
    if (PAGES[key]) location.assign(PAGES[key]);
    return;
  }
  if (!ACTIONS[key]) return;
  event.preventDefault();
  ACTIONS[key]();
});
