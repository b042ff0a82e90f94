// An answer that htmx does not swap in (400, 403, 404, 500, no network) must still be seen.
const say = (text) => {
  const line = document.createElement("p");
  line.className = "said error";
  line.textContent = text;
  document.getElementById("messages").replaceChildren(line);
};

const sentencesOf = (answer) => {
  const page = new DOMParser().parseFromString(answer, "text/html");
  return [...page.querySelectorAll("[data-sentence]")].map((p) => p.textContent).join(" ");
};

// What polls by itself keeps quiet: the next poll, or the banner, will tell.
const isPoll = (element) => element.matches("[data-poll], #banner");

document.addEventListener("htmx:responseError", (event) => {
  if (isPoll(event.detail.elt)) return;
  const { responseText, status } = event.detail.xhr;
  say(sentencesOf(responseText) || `That did not work (error ${status}). Reload the page and try again.`);
});

document.addEventListener("htmx:sendError", (event) => {
  if (!isPoll(event.detail.elt)) say("Handoff does not answer. Check the connection and try again.");
});
