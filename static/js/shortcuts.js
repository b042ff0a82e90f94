// Single keys, as the help lists them. None while a field has the focus, a dialog or a menu is
// open, or the reader has switched them off; Escape always closes.
const PLACES = { i: "/inbox/", c: "/coverage/", h: "/history/", t: "/team/", s: "/system/" };
const rowsOf = () => [...document.querySelectorAll("#rows > .lrow")];
const linkOf = (row) => row.querySelector(".who a");
let goesTo = false;
let following = null;

const currentRow = () => document.activeElement?.closest(".lrow") ??
  document.querySelector('.lrow[aria-current="true"]');

const move = (step) => {
  const rows = rowsOf();
  if (!rows.length) return;
  const from = rows.indexOf(currentRow());
  const next = rows[from < 0 ? 0 : Math.min(Math.max(from + step, 0), rows.length - 1)];
  linkOf(next).focus();
  next.scrollIntoView({ block: "nearest" });
  clearTimeout(following);
  if (panel()?.dataset.lead) {
    following = setTimeout(() => panel()?.dataset.lead && openLead(linkOf(next), { follow: true }), 120);
  }
};

const press = (...buttons) => buttons.find(Boolean)?.click();

const assign = () => press(
  chosen().length && document.getElementById("assign-many"),
  document.activeElement?.closest(".lrow")?.querySelector('[data-opens="picker"]'),
  document.querySelector('.owner [data-opens="picker"]'),
  currentRow()?.querySelector('[data-opens="picker"]'),
);

const undo = () => {
  const mine = [...document.querySelectorAll("[data-mine]")];
  mine.sort((a, b) => b.dataset.mine - a.dataset.mine);
  if (mine.length) press(mine[0].querySelector("button"));
  else say("Nothing on this page is yours to undo. Older changes are in History.");
};

const writeNote = () => {
  const field = document.getElementById("note-text");
  if (field) field.focus();
  else say(panel()?.dataset.lead ? "You cannot write on this lead." : "Open a lead first, then write a note.");
};

const choose = (shiftKey) => currentRow()?.querySelector('input[name="lead"]')
  ?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey }));

const ACTS = {
  j: () => move(1),
  k: () => move(-1),
  o: () => currentRow() && press(linkOf(currentRow())),
  x: () => choose(false),
  X: () => choose(true),
  a: assign,
  n: writeNote,
  u: undo,
  g: () => { goesTo = true; },
  "/": () => document.getElementById("id_q")?.focus(),
  "?": () => document.getElementById("help")?.showModal(),
};

const isBusy = (target) =>
  target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") ||
  document.querySelector("dialog[open], [popover]:popover-open");

const escape = () => {
  if (closePanel()) return;
  document.getElementById("selection")?.reset();
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isBusy(event.target)) return;
  if (event.key === "Escape") return escape();
  if (document.body.dataset.keys === "off") return;
  if (goesTo) {
    goesTo = false;
    if (PLACES[event.key]) location.assign(PLACES[event.key]);
    return;
  }
  const act = ACTS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
