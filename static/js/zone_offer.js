// Offers the time zone of the browser where Handoff shows another. Both names are written as
// the browser writes them: one zone may have several.
const form = document.getElementById("zone-offer");
const zoneOf = (options) => new Intl.DateTimeFormat("en", options).resolvedOptions().timeZone;

const shown = () => {
  try {
    return zoneOf({ timeZone: form.dataset.shown });
  } catch {
    return form.dataset.shown; // a name that this browser does not know
  }
};

const zone = zoneOf();
if (form && zone && zone !== shown()) {
  form.elements.zone.value = zone;
  for (const place of form.querySelectorAll('[data-zone="browser"]')) place.textContent = zone;
  form.hidden = false;
}
