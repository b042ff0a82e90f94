// The command palette in a dialog. Its content is the page /palette/, which works by itself.
const address = "/palette/";
const headers = { "HX-Request": "true", "HX-Target": "palette" };
const dialog = document.createElement("dialog");
Object.assign(dialog, { id: "palette", className: "go" });
dialog.setAttribute("aria-label", "Go to or do");
dialog.setAttribute("closedby", "any");
document.body.append(dialog);

const field = () => dialog.querySelector("#palette-q");
const links = () => [...dialog.querySelectorAll("li:not([hidden]) a")];
const behind = (link) => document.getElementById(link.parentElement.dataset.presses ?? "");

// What presses a button of the page is offered only where that can be pressed.
const settle = () => {
  for (const item of dialog.querySelectorAll("[data-presses]")) {
    item.hidden = !document.querySelector("#rows > .lrow > :checked") || !document.getElementById(item.dataset.presses);
  }
  if (field()?.value.trim()) links()[0]?.setAttribute("data-hit", "");
};

export const open = async () => {
  if (dialog.open) return dialog.close();
  // Another dialog or menu gives way.
  document.querySelector("dialog[open]")?.close();
  document.querySelector("[popover]:popover-open")?.hidePopover();
  dialog.showModal();
  const answer = await fetch(address, { headers });
  if (!answer.ok || answer.redirected) return location.assign(address);
  dialog.innerHTML = await answer.text();
  htmx.process(dialog);
  settle();
  field().focus();
};

dialog.addEventListener("htmx:afterSettle", settle);

dialog.addEventListener("click", (event) => {
  const link = event.target.closest("li > a");
  const button = link && behind(link);
  if (!button) return;
  event.preventDefault();
  dialog.close();
  button.click();
});

dialog.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const isField = target === field();
  if (key === "Enter" && isField) {
    event.preventDefault();
    dialog.querySelector("a[data-hit]")?.click();
  } else if (key === "ArrowDown" || key === "ArrowUp") {
    event.preventDefault();
    const step = key === "ArrowDown" ? 1 : -1;
    const next = links()[links().indexOf(target) + step];
    (next ?? (step < 0 ? field() : target)).focus();
  } else if (!isField && key.length === 1 && key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
    field().focus();
  }
});
