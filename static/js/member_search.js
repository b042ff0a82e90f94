// Type to find a member. Enter chooses the first match; arrow keys move among the matches.
const choicesOf = (form) => [...form.querySelectorAll(".pick")];
const isShown = (choice) => !choice.hidden;

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

document.addEventListener("input", ({ target }) => {
  if (target.dataset.finds !== "pick") return;
  const words = folded(target.value).split(/\s+/).filter(Boolean);
  const form = target.closest("form");
  for (const choice of choicesOf(form)) {
    const text = folded(choice.textContent);
    choice.hidden = !words.every((word) => text.includes(word));
    delete choice.dataset.hit;
  }
  const first = choicesOf(form).find(isShown);
  if (first && words.length) first.dataset.hit = "";
  form.querySelector("[data-nobody]").hidden = Boolean(first);
});

const moveFocus = (form, from, step) => {
  const choices = choicesOf(form).filter(isShown);
  const next = choices[choices.indexOf(from) + step];
  if (next) (next.querySelector("input") ?? next).focus();
  else if (step < 0) form.querySelector("[data-finds]").focus();
};

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const isField = target.dataset?.finds === "pick";
  const choice = target.closest?.("button.pick");
  if (isField && key === "Enter") {
    // Without a word typed, Enter must not give the lead to whoever comes first.
    event.preventDefault();
    document.querySelector(".pick[data-hit]")?.click();
  } else if ((isField || choice) && (key === "ArrowDown" || key === "ArrowUp")) {
    event.preventDefault();
    moveFocus(target.closest("form"), choice, key === "ArrowDown" ? 1 : -1);
  }
});
