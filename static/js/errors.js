// After a form that was not accepted, the focus goes to what has to be mended.
const focusError = (part) => {
  const wrong = part.querySelector('[aria-invalid="true"]:not([type="hidden"])');
  const said = part.querySelector('form .note.bad[role="alert"], .errorlist');
  if (!wrong && said) said.tabIndex = -1;
  (wrong ?? said)?.focus();
};

focusError(document);
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.xhr?.status === 422) focusError(document.getElementById(detail.target.id) ?? document);
});
