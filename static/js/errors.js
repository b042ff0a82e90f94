// Shows an answer that htmx does not swap in (400, 403, 404, 500, no network).
import { isPoll } from "./live_updates.js";

export const showMessage = (text) => {
  const line = document.createElement("p");
  line.className = "said error";
  line.textContent = text;
  document.getElementById("messages").replaceChildren(line);
};

const sentencesOf = (html) => {
  const page = new DOMParser().parseFromString(html, "text/html");
  return [...page.querySelectorAll("[data-sentence]")].map((p) => p.textContent).join(" ");
};

// A failed poll is not shown: the next poll succeeds, or the banner says what is wrong.
document.addEventListener("htmx:responseError", (event) => {
  if (isPoll(event.detail.elt)) return;
  const { responseText, status } = event.detail.xhr;
  showMessage(sentencesOf(responseText) || `That did not work (error ${status}). Reload the page and try again.`);
});

document.addEventListener("htmx:sendError", (event) => {
  if (!isPoll(event.detail.elt)) showMessage("Handoff does not answer. Check the connection and try again.");
});

// The list or the panel is marked as busy when its answer is slow, and a closed panel opens
// empty. A quick answer never makes it flicker.
const SLOW = 400; // milliseconds
let timer = null;
let openedEmpty = false;

const setBusy = (part) => {
  part.setAttribute("aria-busy", "true");
  openedEmpty = part.hidden;
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
  // The answer may have replaced the target: look for it again.
  const part = document.getElementById(detail.target.id);
  part?.removeAttribute("aria-busy");
  if (openedEmpty && part && !part.childElementCount) part.hidden = true;
  openedEmpty = false;
});
