// Opens the one picker of a page beside the link that asked for it, closes it when it has
// been answered, and gives the focus back to the row.
const picker = () => document.getElementById("picker");
let opener = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  const link = event.detail.elt;
  // A row that somebody is working in is not replaced under their hands.
  if (link.matches("[data-poll]") && link.contains(document.activeElement)) {
    const isField = document.activeElement.matches("input, select, textarea");
    if (isField) event.preventDefault();
  }
  if (link.dataset.opens === "picker") {
    opener = link.id;
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
  document.getElementById(opener)?.focus();
});
