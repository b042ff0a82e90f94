// Type to find a member. Enter chooses the first match; arrow keys move among the matches.
const rowsOf = (form) => [...form.querySelectorAll(".pick")];
const choicesOf = (form) => rowsOf(form).filter((row) => row.matches("button") && !row.hidden);

// As visible_text.folded does: regardless of case, composed letters, what cannot be seen
// and the dots of Turkish. Upper case first, since it writes ß as SS and ı as I.
const folded = (text) =>
  text
    .normalize("NFKC")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .toUpperCase()
    .toLowerCase()
    .replace(/i\u0307+/g, "i")
    .replace(/ς/g, "σ")
    .normalize("NFKC");

const find = (field) => {
  const words = folded(field.value).split(/\s+/).filter(Boolean);
  const form = field.closest("form");
  for (const row of rowsOf(form)) {
    const text = folded(row.querySelector("[data-name]").textContent);
    row.hidden = !words.every((word) => text.includes(word));
    delete row.dataset.hit;
  }
  for (const head of form.querySelectorAll("[data-suggested]")) head.hidden = words.length > 0;
  if (words.length) choicesOf(form)[0]?.setAttribute("data-hit", "");
  form.querySelector("[data-nobody]").hidden = rowsOf(form).some((row) => !row.hidden);
};

document.addEventListener("input", ({ target }) => {
  if (target.dataset.finds === "pick") find(target);
});

const moveFocus = (form, from, step) => {
  const choices = choicesOf(form);
  const next = choices[choices.indexOf(from) + step];
  if (next) next.focus();
  else if (step < 0) form.querySelector("[data-finds]").focus();
};

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const isField = target.dataset?.finds === "pick";
  const choice = target.closest?.("button.pick");
  if (isField && key === "Enter") {
    // Without a word typed, Enter must not give the lead to whoever comes first.
    event.preventDefault();
    target.closest("form").querySelector(".pick[data-hit]")?.click();
  } else if ((isField || choice) && (key === "ArrowDown" || key === "ArrowUp")) {
    event.preventDefault();
    moveFocus(target.closest("form"), choice, key === "ArrowDown" ? 1 : -1);
  } else if (choice && key.length === 1 && key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
    // Letters typed on a name go on with the search.
    target.closest("form").querySelector("[data-finds]").focus();
  }
});
