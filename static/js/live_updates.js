// Whatever asks by itself rests while the tab is hidden, and asks less and less often while
// the server does not answer. Looking at the tab again, or one answer, ends the rest.
const LONGEST_REST = 5 * 60_000;
let failures = 0;
let restUntil = 0;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isPoll(event.detail.elt)) return;
  const { elt } = event.detail;
  // A list behind an open lead is not seen on a phone: nobody waits for its news.
  if (document.hidden || !elt.checkVisibility() || Date.now() < restUntil) event.preventDefault();
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) [failures, restUntil] = [0, 0];
  else if (isPoll(event.detail.elt)) {
    failures += 1;
    restUntil = Date.now() + Math.min(1000 * 2 ** failures, LONGEST_REST);
  }
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) restUntil = 0;
});

// A part is not replaced by its own poll while a press in it has begun, an answer for it is
// under way, or the picker stands beside it: the press would be lost, or find its place gone.
const awaited = new Set();
let pressed = null;

const isInUse = (part) => part.contains(pressed) ||
  [...awaited].some(({ elt, target }) => target === part || part.contains(elt)) ||
  (picker()?.matches(":popover-open") && part.contains(document.getElementById(opener)));

document.addEventListener("pointerdown", ({ target }) => { pressed = target; });
for (const end of ["pointerup", "pointercancel"]) {
  // The click comes after the end of the press.
  document.addEventListener(end, () => setTimeout(() => { pressed = null; }));
}

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  if (isPoll(detail.requestConfig.elt)) return;
  const asked = { elt: detail.requestConfig.elt, target: detail.target };
  awaited.add(asked);
  detail.xhr.addEventListener("loadend", () => awaited.delete(asked));
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (isPoll(requestConfig.elt) && isInUse(target)) event.preventDefault();
});
