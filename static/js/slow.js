// What takes long says so: the list or the panel is marked as busy, and a panel that was
// closed opens empty. Whatever answers quickly never flickers.
const SLOW = 400;
let timer = null;
let opened = false;

const setBusy = (part) => {
  part.setAttribute("aria-busy", "true");
  opened = part.hidden;
  part.hidden = false;
};

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  if (isPoll(detail.elt) || !["panel", "list"].includes(detail.target?.id)) return;
  clearTimeout(timer);
  timer = setTimeout(setBusy, SLOW, detail.target);
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (isPoll(detail.elt) || !["panel", "list"].includes(detail.target?.id)) return;
  clearTimeout(timer);
  // The part that was asked for is gone if its answer has come.
  const part = document.getElementById(detail.target.id);
  part?.removeAttribute("aria-busy");
  if (opened && part && !part.childElementCount) part.hidden = true;
  opened = false;
});
