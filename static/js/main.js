// What every signed-in page runs. Listeners of the same event are called in this order.
import "./picker.js";
import "./live_updates.js";
import "./errors.js";
import "./forms.js";
import "./lead_rows.js";
import "./lead_panel.js";
import "./shortcuts.js";
