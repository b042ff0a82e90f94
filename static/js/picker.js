// Opens the page's one picker beside the link that asked for it, closes it when it has been
// answered, and gives the focus back to the row.
const picker = () => document.getElementById("picker");
let openerId = null;
let parts = null;

export const isPickerOpenIn = (part) =>
  picker()?.matches(":popover-open") && part.contains(document.getElementById(openerId));

// What only a picker needs comes with the first one.
const load = () => {
  parts ??= import("./member_search.js").catch(() => { parts = null; });
  if (document.getElementById("picker-style")) return;
  const style = document.createElement("link");
  Object.assign(style, { id: "picker-style", rel: "stylesheet", href: picker().dataset.style });
  document.head.append(style);
};

document.addEventListener("htmx:beforeRequest", (event) => {
  const link = event.detail.elt;
  // A poll does not replace a row while one of its fields has the focus.
  if (link.matches("[data-poll]") && link.contains(document.activeElement)) {
    const isField = document.activeElement.matches("input, select, textarea");
    if (isField) event.preventDefault();
  }
  if (link.dataset.opens === "picker") {
    openerId = link.id;
    load();
    picker().replaceChildren();
    picker().hidePopover();
    picker().showPopover({ source: link });
  }
});

document.addEventListener("htmx:afterSwap", async (event) => {
  if (event.detail.target?.id !== "picker") return;
  await parts;
  // A finger taps a name: a field with the focus would bring up the keyboard over the names.
  const isTouch = matchMedia("(pointer: coarse)").matches;
  picker().querySelector(isTouch ? "button, a" : "[data-finds], button, a")?.focus();
});

// Enter in the search must never press the first name, even before the search is there.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.dataset?.finds) event.preventDefault();
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt.dataset.closes !== "picker" || event.detail.xhr.status === 422) return;
  picker().hidePopover();
  document.getElementById(openerId)?.focus();
});
