// On a wide screen a lead opens beside its list, under its own address. On a narrow one, with
// a modifier key, or without JavaScript, the link leads to the same lead as a page.
const panel = () => document.getElementById("panel");
const isWide = matchMedia("(min-width: 1100px)");
const leadOf = (path) => path.match(/^\/leads\/(\d+)\/$/)?.[1];
const nameOf = (id) => document.getElementById(`name-${id}`);
let focusPanel = false;

const markOpen = () => {
  const open = panel()?.dataset.lead;
  for (const row of document.querySelectorAll(".lrow")) {
    if (open && row.id === `lead-${open}`) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
};

// The newest press wins. It is asked for by what stays: htmx forgets what waits behind a
// panel that has been replaced.
const forgetPanel = () => htmx.trigger(panel().parentElement, "htmx:abort");

const showPanel = (path, { history, focus = false }) => {
  focusPanel = focus;
  forgetPanel();
  const how = history ? { [history]: path } : {};
  htmx.ajax("GET", path, { source: panel().parentElement, target: panel(), swap: "outerHTML", ...how })
    .catch(() => {}); // given up for a newer one, or messages.js has said what is wrong
};

const openLead = (link, { follow = false } = {}) => {
  const isOpen = Boolean(panel()?.dataset.lead);
  showPanel(link.pathname + link.search, { history: follow && isOpen ? "replace" : "push", focus: !follow });
};

const emptyPanel = () => {
  const { lead } = panel().dataset;
  forgetPanel();
  panel().replaceChildren();
  delete panel().dataset.lead;
  panel().hidden = true;
  document.title = listOf().dataset.title;
  markOpen();
  nameOf(lead)?.focus();
};

const closePanel = () => {
  if (!panel()?.dataset.lead) return false;
  emptyPanel();
  history.pushState({ htmx: true }, "", listOf().dataset.here);
  return true;
};

document.addEventListener("click", (event) => {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.(".lrow .who a, #panel [data-closes]");
  if (!link || !panel() || !isWide.matches) return;
  event.preventDefault();
  if (link.dataset.closes) closePanel();
  else openLead(link);
});

document.addEventListener("htmx:afterSwap", () => {
  if (!panel()) return;
  markOpen();
  if (!panel().dataset.lead) return;
  document.title = panel().dataset.title;
  if (focusPanel) document.getElementById("panel-h")?.focus();
  focusPanel = false;
});

// Back and forward between a list and its leads move the panel alone: the list stays where it
// is. Registered before htmx listens, which would fetch the whole page anew.
addEventListener("popstate", (event) => {
  if (!panel() || !listOf()) return;
  if (location.pathname + location.search === listOf().dataset.here) {
    if (panel().dataset.lead) emptyPanel();
  } else if (leadOf(location.pathname) && isWide.matches) {
    showPanel(location.pathname + location.search, { focus: true });
  } else return;
  event.stopImmediatePropagation();
});
