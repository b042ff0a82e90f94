// A press on a suggested value adds it to the field above; a second press takes nothing away.
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-adds-to] button");
  if (!button) return;
  const { addsTo, field: name } = button.parentElement.dataset;
  const field = document.getElementById(addsTo);
  field.value = name ? withLine(field.value, name, button.value) : withValue(field.value, button.value);
  field.focus();
});

const withValue = (text, value) => {
  const values = text.split(/[,;\n]/).map((part) => part.trim()).filter(Boolean);
  return values.includes(value) ? text : [...values, value].join(", ");
};

const withLine = (text, name, value) => {
  const lines = text.split("\n").filter((line) => line.trim());
  const at = lines.findIndex((line) => line.split("=")[0].trim() === name);
  if (at < 0) return [...lines, `${name} = ${value}`].join("\n");
  const values = lines[at].slice(lines[at].indexOf("=") + 1);
  lines[at] = `${name} = ${withValue(values, value)}`;
  return lines.join("\n");
};
