// With JavaScript the filters apply by themselves, and empty ones stay out of the address.
document.documentElement.classList.add("js");

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id !== "filters") return;
  const { parameters } = event.detail;
  for (const name of Object.keys(parameters)) {
    if (parameters[name] === "") delete parameters[name];
  }
  // Leaving a field says "changed" once more. The list that is there already is not read
  // again: it would be taken away from under the next press.
  const { here } = document.getElementById("list")?.dataset ?? {};
  if (here && wanted(parameters) === wanted(new URL(here, location.href).searchParams)) {
    event.preventDefault();
  }
});

const wanted = (parameters) => {
  const pairs = parameters instanceof URLSearchParams ? [...parameters] : Object.entries(parameters);
  return pairs.map((pair) => pair.join("=")).sort().join("&");
};
