// After a form that was not accepted, the focus goes to what has to be mended; not while
// somebody is still typing in a form that is looked at as they go.
const focusError = (part) => {
  const list = part.querySelector("#errors");
  if (list) return list.focus();
  const wrong = part.querySelector('[aria-invalid="true"]:not([type="hidden"])');
  const said = part.querySelector('form .note.bad[role="alert"], .errorlist');
  if (!wrong && said) said.tabIndex = -1;
  (wrong ?? said)?.focus();
};

focusError(document);
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.requestConfig?.elt.matches("[data-live]")) return;
  if (detail.xhr?.status === 422) focusError(document.getElementById(detail.target.id) ?? document);
});

// A half-written note waits in this tab until somebody comes back to its lead.
const draftOf = (field) => `draft-${field.dataset.draft}`;

const bringBack = (root) => {
  for (const field of root.querySelectorAll?.("[data-draft]") ?? []) {
    field.value ||= sessionStorage.getItem(draftOf(field)) ?? "";
  }
};

bringBack(document);
document.addEventListener("htmx:load", (event) => bringBack(event.detail.elt));

document.addEventListener("input", ({ target }) => {
  if (!target.dataset.draft) return;
  if (target.value) sessionStorage.setItem(draftOf(target), target.value);
  else sessionStorage.removeItem(draftOf(target));
});

document.addEventListener("htmx:beforeOnLoad", ({ detail: { elt, xhr } }) => {
  const field = elt.querySelector?.("[data-draft]");
  if (elt.matches("form") && field && xhr.status < 400) sessionStorage.removeItem(draftOf(field));
});
