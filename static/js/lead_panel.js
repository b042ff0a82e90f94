// On a wide screen a lead opens beside its list, under its own address. On a narrow one, with
// a modifier key, or without JavaScript, the link leads to the same lead as a page.
import { leadList } from "./lead_rows.js";

export const leadPanel = () => document.getElementById("panel");
const isWide = matchMedia("(min-width: 1100px)");
const isLeadPath = (path) => /^\/leads\/\d+\/$/.test(path);
let focusAfterSwap = "";

const markOpenRow = () => {
  const open = leadPanel()?.dataset.lead;
  for (const row of document.querySelectorAll(".lrow")) {
    if (open && row.id === `lead-${open}`) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
};

// The newest press wins. The request comes from the panel's parent, which stays: htmx drops
// the requests of a panel that has been replaced.
const abortRequest = () => htmx.trigger(leadPanel().parentElement, "htmx:abort");

const showLead = (path, { address, focus }) => {
  focusAfterSwap = focus;
  abortRequest();
  const source = leadPanel().parentElement;
  htmx.ajax("GET", path, { source, target: leadPanel(), swap: "outerHTML", ...address })
    .catch(() => {}); // aborted for a newer one, or errors.js has shown what is wrong
};

export const openLead = (link, { follow = false } = {}) => {
  const path = link.pathname + link.search;
  const isOpen = Boolean(leadPanel()?.dataset.lead);
  const focus = link.dataset.goes ? link.id : follow ? "" : "panel-h";
  showLead(path, { address: follow && isOpen ? { replace: path } : { push: path }, focus });
};

const emptyPanel = () => {
  const panel = leadPanel();
  const { lead } = panel.dataset;
  abortRequest();
  panel.replaceChildren();
  delete panel.dataset.lead;
  panel.hidden = true;
  document.title = leadList().dataset.title;
  markOpenRow();
  document.getElementById(`name-${lead}`)?.focus();
};

export const closePanel = () => {
  if (!leadPanel()?.dataset.lead) return false;
  emptyPanel();
  history.pushState({ htmx: true }, "", leadList().dataset.here);
  return true;
};

document.addEventListener("click", (event) => {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.(".lrow .who a, #panel :is([data-closes], [data-goes])");
  if (!link || !leadPanel() || !isWide.matches) return;
  event.preventDefault();
  if (link.dataset.closes) closePanel();
  else openLead(link, { follow: Boolean(link.dataset.goes) });
});

const showNewest = () => leadPanel()?.dataset.lead && import("./thread_view.js").then(({ open }) => open());

document.addEventListener("htmx:afterSwap", () => {
  if (!leadPanel()) return;
  markOpenRow();
  if (!leadPanel().dataset.lead) return;
  document.title = leadPanel().dataset.title;
  document.getElementById(focusAfterSwap)?.focus();
  focusAfterSwap = "";
  showNewest();
});

showNewest();

// Back and forward between a list and its leads change the panel alone: the list stays where
// it is. Registered before htmx listens, which would fetch the whole page anew.
addEventListener("popstate", (event) => {
  if (!leadPanel() || !leadList()) return;
  const path = location.pathname + location.search;
  if (path === leadList().dataset.here) {
    if (leadPanel().dataset.lead) emptyPanel();
  } else if (isLeadPath(location.pathname) && isWide.matches) {
    showLead(path, { focus: "panel-h" });
  } else return;
  event.stopImmediatePropagation();
});
