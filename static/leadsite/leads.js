/* Unfold closes its sheet of filters by a click beside it: say so. */
document.getElementById("changelist-filter-close")?.setAttribute("aria-label", "Close the filters");
