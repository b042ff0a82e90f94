// An answer that htmx does not swap in (400, 403, 404, 500, no network) must still be seen.
const say = (text) => {
  const line = document.createElement("p");
  line.className = "said error";
  line.textContent = text;
  document.getElementById("messages").replaceChildren(line);
};

const sentencesOf = (answer) => {
  const page = new DOMParser().parseFromString(answer, "text/html");
  return [...page.querySelectorAll("[data-sentence]")].map((p) => p.textContent).join(" ");
};

// What polls by itself keeps quiet: the next poll, or the banner, will tell.
const isPoll = (element) => element.matches("[data-poll], #banner");

document.addEventListener("htmx:responseError", (event) => {
  if (isPoll(event.detail.elt)) return;
  const { responseText, status } = event.detail.xhr;
  say(sentencesOf(responseText) || `That did not work (error ${status}). Reload the page and try again.`);
});

document.addEventListener("htmx:sendError", (event) => {
  if (!isPoll(event.detail.elt)) say("Handoff does not answer. Check the connection and try again.");
});

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
