// With JavaScript the filters apply by themselves, and empty ones stay out of the address.
document.documentElement.classList.add("js");

const sortedQuery = (parameters) => {
  const pairs = parameters instanceof URLSearchParams ? [...parameters] : Object.entries(parameters);
  return pairs.map((pair) => pair.join("=")).sort().join("&");
};

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id !== "filters") return;
  const { parameters } = event.detail;
  for (const name of Object.keys(parameters)) {
    if (parameters[name] === "") delete parameters[name];
  }
  // Leaving a field fires "change" once more. Reading the same list again would take it away
  // from under the next press.
  const { here } = document.getElementById("list")?.dataset ?? {};
  if (here && sortedQuery(parameters) === sortedQuery(new URL(here, location.href).searchParams)) {
    event.preventDefault();
  }
});
