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
