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
