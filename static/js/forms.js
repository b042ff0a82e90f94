// After a form that was not accepted, the focus goes to what has to be corrected; not while
// somebody is still typing in a form that is checked as they go.
const focusError = (part) => {
  const list = part.querySelector("#errors");
  if (list) return list.focus();
  const field = part.querySelector('[aria-invalid="true"]:not([type="hidden"])');
  const sentence = part.querySelector('form .note.bad[role="alert"], .errorlist');
  if (!field && sentence) sentence.tabIndex = -1;
  (field ?? sentence)?.focus();
};

focusError(document);
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.requestConfig?.elt.matches("[data-live]")) return;
  if (detail.xhr?.status === 422) focusError(document.getElementById(detail.target.id) ?? document);
});

// A half-written note is kept in this tab until somebody comes back to its lead.
const draftKey = (field) => `draft-${field.dataset.draft}`;

const restoreDrafts = (root) => {
  for (const field of root.querySelectorAll?.("[data-draft]") ?? []) {
    field.value ||= sessionStorage.getItem(draftKey(field)) ?? "";
  }
};

restoreDrafts(document);
document.addEventListener("htmx:load", (event) => restoreDrafts(event.detail.elt));

document.addEventListener("input", ({ target }) => {
  if (!target.dataset.draft) return;
  if (target.value) sessionStorage.setItem(draftKey(target), target.value);
  else sessionStorage.removeItem(draftKey(target));
});

document.addEventListener("htmx:beforeOnLoad", ({ detail: { elt, xhr } }) => {
  const field = elt.querySelector?.("[data-draft]");
  if (elt.matches("form") && field && xhr.status < 400) sessionStorage.removeItem(draftKey(field));
});

// The filters of a list apply by themselves, and empty ones stay out of the address.
document.documentElement.classList.add("js");

const sortedQuery = (parameters) => {
  const pairs = parameters instanceof URLSearchParams ? [...parameters] : Object.entries(parameters);
  return pairs.map((pair) => pair.join("=")).sort().join("&");
};

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id !== "filters") return;
  const { parameters } = event.detail;
  for (const name of Object.keys(parameters)) {
    if (parameters[name] === "") delete parameters[name];
  }
  // Leaving a field fires "change" once more. Reading the same list again would take it away
  // from under the next press.
  const { here } = document.getElementById("list")?.dataset ?? {};
  if (here && sortedQuery(parameters) === sortedQuery(new URL(here, location.href).searchParams)) {
    event.preventDefault();
  }
});

// On a phone the menus lie over the list: one choice, and the list is seen.
document.addEventListener("change", ({ target }) => {
  if (target.matches("select")) target.closest("#filters .chips:popover-open")?.hidePopover();
});
