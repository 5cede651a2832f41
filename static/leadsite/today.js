/* The dashboard: what a number means, and on a phone only the first parts open. */
(() => {
  "use strict";
  const phone = matchMedia("(max-width: 767px)").matches;
  if (phone) {
    for (const fold of document.querySelectorAll(".ls-fold[open]")) fold.open = false;
  }
  for (const button of document.querySelectorAll("[data-what]")) {
    button.addEventListener("click", () => window.leadsite.toast(button.dataset.what, { seconds: 12 }));
    button.title = button.dataset.what;
  }
})();
