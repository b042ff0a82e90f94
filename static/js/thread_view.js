// Keeps the newest mail of an open lead in view, when it opens and when the conversation
// arrives; once the reader has scrolled, what they read stays where it is.
let shownLead = "";
let hasScrolled = false;
let anchor = null;

const panel = () => document.getElementById("panel");

// Beside its list the part under the owner scrolls, on a narrow screen all of the panel.
const scroller = () => {
  const part = panel()?.querySelector(":scope > .scroll");
  return part && getComputedStyle(part).overflowY !== "visible" ? part : panel();
};

const showNewest = () => {
  const box = scroller();
  const newest = [...box.querySelectorAll("#thread > .mail")].at(-1);
  if (!newest || document.querySelector(".mail[autofocus]")) return;
  const head = box === panel() ? box.querySelector(":scope > header").offsetHeight : 0;
  // On a phone the owner stands before the end.
  const owner = panel().querySelector(":scope > .owner");
  const foot = owner && getComputedStyle(owner).position === "sticky" ? owner.offsetHeight : 0;
  const [frame, mail] = [box.getBoundingClientRect(), newest.getBoundingClientRect()];
  // All of it if there is room, else its beginning.
  const toEnd = mail.bottom - frame.bottom + foot;
  const toStart = mail.top - frame.top - head;
  if (toEnd > 0) box.scrollTop += Math.ceil(Math.min(toEnd, toStart));
};

const isInThread = (target) => panel()?.contains(target) && target !== panel();

// What the reader sees first, and how far from the top, if the reader has scrolled.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  anchor = null;
  if (!hasScrolled || !isInThread(detail.target)) return;
  const top = scroller().getBoundingClientRect().top;
  const first = [...panel().querySelectorAll(".scroll [id]")]
    .find((part) => part.matches(".mail, .mail-header, section") && part.getBoundingClientRect().bottom > top &&
      !part.querySelector(".mail, .mail-header"));
  if (first) anchor = { id: first.id, top: first.getBoundingClientRect().top };
});

document.addEventListener("htmx:afterSettle", () => {
  const kept = anchor && document.getElementById(anchor.id);
  if (kept) scroller().scrollTop += kept.getBoundingClientRect().top - anchor.top;
  anchor = null;
});

for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  document.addEventListener(kind, ({ target }) => {
    if (target.closest?.("#panel .scroll")) hasScrolled = true;
  }, { passive: true, capture: true });
}

// Called after each change of the page that leaves a lead open.
export const open = () => {
  const { lead } = panel().dataset;
  if (lead !== shownLead) hasScrolled = false;
  shownLead = lead;
  if (!hasScrolled) showNewest();
};
