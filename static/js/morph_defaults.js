// A morph changes what is there instead of replacing it: what somebody is typing, which folds
// they have opened and where the focus is stay as they are.
Idiomorph.defaults.ignoreActiveValue = true;
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (attribute, element) =>
  !(attribute === "open" && element.matches("details, dialog"));
