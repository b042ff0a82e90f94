// Type to find a member. Enter takes the first that fits; arrow keys walk among them.
const picksOf = (field) => [...field.closest("form").querySelectorAll(".pick")];
const shown = (picks) => picks.filter((pick) => !pick.hidden);

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
  const picks = picksOf(target);
  for (const pick of picks) {
    const text = folded(pick.textContent);
    pick.hidden = !words.every((word) => text.includes(word));
    delete pick.dataset.hit;
  }
  const [first] = shown(picks);
  if (first && words.length) first.dataset.hit = "";
  target.closest("form").querySelector("[data-nobody]").hidden = Boolean(first);
});

const walk = (form, from, step) => {
  const picks = shown([...form.querySelectorAll(".pick")]);
  const next = picks[picks.indexOf(from) + step];
  if (next) (next.querySelector("input") ?? next).focus();
  else if (step < 0) form.querySelector("[data-finds]").focus();
};

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const isField = target.dataset?.finds === "pick";
  const pick = target.closest?.("button.pick");
  if (isField && key === "Enter") {
    // Without a word typed, Enter must not give the lead to whoever comes first.
    event.preventDefault();
    document.querySelector(".pick[data-hit]")?.click();
  } else if ((isField || pick) && (key === "ArrowDown" || key === "ArrowUp")) {
    event.preventDefault();
    walk(target.closest("form"), pick, key === "ArrowDown" ? 1 : -1);
  }
});
