// With JavaScript the filters apply by themselves, and empty ones stay out of the address.
document.documentElement.classList.add("js");

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id !== "filters") return;
  const { parameters } = event.detail;
  for (const name of Object.keys(parameters)) {
    if (parameters[name] === "") delete parameters[name];
  }
});
