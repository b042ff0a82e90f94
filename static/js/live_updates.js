// Keeps the page up to date: polls, and rows that are read again when their lead has changed.
import { isPickerOpenIn } from "./picker.js";

// Polls pause while the tab is hidden, and for longer and longer while the server does not
// answer. Looking at the tab again, or one answer, ends the pause.
const LONGEST_PAUSE = 5 * 60_000; // milliseconds
let failures = 0;
let pausedUntil = 0;

export const isPoll = (element) => element.matches("[data-poll], #banner");

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (!isPoll(elt)) return;
  // On a phone the list behind an open lead is not visible.
  if (document.hidden || !elt.checkVisibility() || Date.now() < pausedUntil) event.preventDefault();
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) {
    failures = 0;
    pausedUntil = 0;
  } else if (isPoll(event.detail.elt)) {
    failures += 1;
    pausedUntil = Date.now() + Math.min(1000 * 2 ** failures, LONGEST_PAUSE);
  }
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) pausedUntil = 0;
});

// A poll does not replace a part while a press in it has begun, a request for it is under
// way, or the picker stands beside it: the press or the picker would lose its place.
const pendingRequests = new Set();
let pressed = null;

const isInUse = (part) => part.contains(pressed) || isPickerOpenIn(part) ||
  [...pendingRequests].some(({ elt, target }) => target === part || part.contains(elt));

document.addEventListener("pointerdown", ({ target }) => { pressed = target; });
for (const end of ["pointerup", "pointercancel"]) {
  // The click comes after the end of the press.
  document.addEventListener(end, () => setTimeout(() => { pressed = null; }));
}

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  if (isPoll(detail.requestConfig.elt)) return;
  const request = { elt: detail.requestConfig.elt, target: detail.target };
  pendingRequests.add(request);
  detail.xhr.addEventListener("loadend", () => pendingRequests.delete(request));
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (isPoll(requestConfig.elt) && isInUse(target)) event.preventDefault();
});

const reloadRow = (lead) => {
  const row = document.getElementById(`lead-${lead}`);
  if (row?.dataset.row) htmx.ajax("GET", row.dataset.row, { target: row, swap: "outerHTML" });
};

// What was done in the panel is shown in the row as well.
document.addEventListener("lead-changed", ({ detail }) => reloadRow(detail.lead));

// Smartlead has reported news of these leads.
document.addEventListener("leads-touched", ({ detail }) => {
  const isFree = (part) => part && !isInUse(part);
  for (const lead of detail.leads) {
    if (isFree(document.getElementById(`lead-${lead}`))) reloadRow(lead);
  }
  const open = Number(document.getElementById("panel")?.dataset.lead);
  const thread = document.getElementById("thread");
  if (!isFree(thread) || !detail.leads.includes(open)) return;
  htmx.ajax("GET", `/leads/${open}/?told=1`, { target: thread, swap: "outerHTML" });
});
