// The list keeps its place: where it was scrolled to, and which rows are selected.
export const leadList = () => document.getElementById("list");
const checkboxes = () => [...document.querySelectorAll('#rows input[name="lead"]')];
export const selected = () => checkboxes().filter((box) => box.checked);
let lastClickedId = null;

const showCount = () => {
  const count = selected().length;
  const text = document.getElementById("chosen");
  if (text) text.textContent = `${count} selected`;
  const all = document.getElementById("all");
  if (!all) return;
  all.checked = count > 0 && count === checkboxes().length;
  all.indeterminate = count > 0 && !all.checked;
};

const selectRange = (from, to) => {
  const boxes = checkboxes();
  const [first, last] = [boxes.indexOf(from), boxes.indexOf(to)].sort((a, b) => a - b);
  if (first < 0) return;
  for (const box of boxes.slice(first, last + 1)) box.checked = to.checked;
};

document.addEventListener("click", ({ target, shiftKey }) => {
  if (target.id === "all") {
    for (const box of checkboxes()) box.checked = target.checked;
  } else if (target.name === "lead" && target.type === "checkbox") {
    if (shiftKey && lastClickedId) selectRange(document.getElementById(lastClickedId), target);
    lastClickedId = target.id;
  } else return;
  showCount();
});
document.addEventListener("reset", () => setTimeout(showCount));

// The rail is not drawn again with the list: mark which of its links leads here.
const markCurrentList = () => {
  const { here } = leadList()?.dataset ?? {};
  if (!here) return;
  for (const link of document.querySelectorAll(".sub")) {
    if (link.getAttribute("href") === here) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
};

// A row, or the list read again, comes without its ticks: give them back.
let kept = null;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const isList = detail.target.id === "list";
  const isSameList = isList && detail.pathInfo.requestPath === detail.target.dataset.here;
  if (!isSameList && !detail.target.matches(".lrow")) return;
  kept = { ids: selected().map((box) => box.id), top: isSameList ? detail.target.scrollTop : null };
});
document.addEventListener("htmx:afterSwap", () => {
  if (kept) {
    for (const id of kept.ids) {
      const box = document.getElementById(id);
      if (box) box.checked = true;
    }
    if (kept.top !== null && leadList()) leadList().scrollTop = kept.top;
    kept = null;
  }
  if (checkboxes().length) showCount();
  markCurrentList();
});

// Somebody who comes back from a lead's page finds the list where it was.
const placeKey = (list) => `place-${list.dataset.here}`;

addEventListener("pagehide", () => {
  const list = leadList();
  if (list?.checkVisibility()) sessionStorage.setItem(placeKey(list), list.scrollTop);
});

const restorePlace = (list) => {
  const [visit] = performance.getEntriesByType("navigation");
  const comesBack = visit?.type !== "navigate" || /\/leads\/\d+\//.test(document.referrer);
  if (comesBack) list.scrollTop = sessionStorage.getItem(placeKey(list)) ?? 0;
};
if (leadList()) restorePlace(leadList());

// Leads that were assigned together are no longer selected; the list reads itself again.
document.addEventListener("rows-changed", () => {
  for (const box of selected()) box.checked = false;
});
