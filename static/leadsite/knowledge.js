/* Bringing files in. Unfold looks for a box of its own beside every file input, and
   fails where there is none: a plain one does not need it. */
(() => {
  "use strict";
  document.addEventListener(
    "change",
    (event) => {
      if (event.target.matches("input[type=file].kb-file")) event.stopImmediatePropagation();
    },
    true,
  );
})();
