/* Who is in a sequence: tick all on the page; stop only when something is ticked. */
(() => {
  "use strict";
  const all = document.getElementById("sq-all-rows");
  const button = document.getElementById("sq-stop-many");
  if (!all) return;
  const rows = () => [...document.querySelectorAll('input[name="enrollment"]')];
  function show() {
    const ticked = rows().filter((row) => row.checked).length;
    button.textContent = ticked ? `Stop ${ticked} of them` : "Stop the ticked ones";
    button.disabled = !ticked;
    all.disabled = !rows().length;
    all.checked = ticked > 0 && ticked === rows().length;
    all.indeterminate = ticked > 0 && ticked < rows().length;
  }
  all.addEventListener("change", () => {
    for (const row of rows()) row.checked = all.checked;
    show();
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === "enrollment") show();
  });
  show();
})();
