// The list keeps its place: where it was scrolled to, what is selected, which row is open.
const listOf = () => document.getElementById("list");
const boxes = () => [...document.querySelectorAll('#rows input[name="lead"]')];
const chosen = () => boxes().filter((box) => box.checked);
let lastBox = null;

const countChosen = () => {
  const count = chosen().length;
  const words = document.getElementById("chosen");
  if (words) words.textContent = `${count} selected`;
  const all = document.getElementById("all");
  if (!all) return;
  all.checked = count > 0 && count === boxes().length;
  all.indeterminate = count > 0 && !all.checked;
};

const chooseRange = (from, to) => {
  const [first, last] = [boxes().indexOf(from), boxes().indexOf(to)].sort((a, b) => a - b);
  if (first < 0) return;
  for (const box of boxes().slice(first, last + 1)) box.checked = to.checked;
};

document.addEventListener("click", (event) => {
  const box = event.target;
  if (box.id === "all") boxes().forEach((each) => { each.checked = box.checked; });
  else if (box.name === "lead" && box.type === "checkbox") {
    if (event.shiftKey && lastBox) chooseRange(document.getElementById(lastBox), box);
    lastBox = box.id;
  } else return;
  countChosen();
});
document.addEventListener("reset", () => setTimeout(countChosen));

// Which of the reader's lists this one is: the rail is not drawn again with it.
const markList = () => {
  const { here } = listOf()?.dataset ?? {};
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
  kept = { ids: chosen().map((box) => box.id), top: isSameList ? detail.target.scrollTop : null };
});
document.addEventListener("htmx:afterSwap", () => {
  if (kept) {
    for (const id of kept.ids) {
      const box = document.getElementById(id);
      if (box) box.checked = true;
    }
    if (kept.top !== null && listOf()) listOf().scrollTop = kept.top;
    kept = null;
  }
  if (boxes().length) countChosen();
  markList();
});

// Assigned together: the ticks have done their work; the list reads itself again.
document.addEventListener("rows-changed", () => {
  for (const box of chosen()) box.checked = false;
});

// What was done in the panel is shown in the row as well.
const readRow = (lead) => {
  const row = document.getElementById(`lead-${lead}`);
  if (row?.dataset.row) htmx.ajax("GET", row.dataset.row, { target: row, swap: "outerHTML" });
};
document.addEventListener("lead-changed", ({ detail }) => readRow(detail.lead));

// Smartlead has told of these. What is in use just now is left as it is.
document.addEventListener("leads-touched", ({ detail }) => {
  const isFree = (part) => part && !isInUse(part);
  for (const lead of detail.leads) {
    if (isFree(document.getElementById(`lead-${lead}`))) readRow(lead);
  }
  const open = Number(document.getElementById("panel")?.dataset.lead);
  const thread = document.getElementById("thread");
  if (!isFree(thread) || !detail.leads.includes(open)) return;
  htmx.ajax("GET", `/leads/${open}/?told=1`, { target: thread, swap: "outerHTML" });
});
