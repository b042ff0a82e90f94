// Opens the page's one picker beside the link that asked for it, closes it when it has been
// answered, and gives the focus back to the row.
const picker = () => document.getElementById("picker");
let openerId = null;

export const isPickerOpenIn = (part) =>
  picker()?.matches(":popover-open") && part.contains(document.getElementById(openerId));

document.addEventListener("htmx:beforeRequest", (event) => {
  const link = event.detail.elt;
  // A poll does not replace a row while one of its fields has the focus.
  if (link.matches("[data-poll]") && link.contains(document.activeElement)) {
    const isField = document.activeElement.matches("input, select, textarea");
    if (isField) event.preventDefault();
  }
  if (link.dataset.opens === "picker") {
    openerId = link.id;
    picker().replaceChildren();
    picker().hidePopover();
    picker().showPopover({ source: link });
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id === "picker") {
    picker().querySelector("[autofocus], button, a")?.focus();
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt.dataset.closes !== "picker" || event.detail.xhr.status === 422) return;
  picker().hidePopover();
  document.getElementById(openerId)?.focus();
});
