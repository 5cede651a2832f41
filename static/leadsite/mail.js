/* Reading mail: a link marked data-mail opens the whole mail in a dialog over the page.
   Without this script the same link leads to a page of its own. */
(() => {
  "use strict";
  let dialog = null;

  function box() {
    if (dialog) return dialog;
    dialog = document.createElement("dialog");
    dialog.className = "ls-dialog mv";
    dialog.id = "mv";
    dialog.setAttribute("aria-labelledby", "mv-title");
    // A closed mail loads and shows nothing any more.
    dialog.addEventListener("close", () => dialog.replaceChildren());
    document.body.append(dialog);
    return dialog;
  }

  let asked = 0;
  async function show(url) {
    const { page, toast } = window.leadsite;
    const mine = ++asked;
    let response = null;
    try { response = await page.ask(url); } catch { toast("No connection. Try again."); return; }
    if (mine !== asked) return;
    if (!response.ok) { toast(page.refusal(response.status)); return; }
    const html = await response.text();
    if (mine !== asked) return;
    const opened = box();
    const before = opened.open && opened.contains(document.activeElement);
    opened.innerHTML = html;
    if (!opened.open) opened.showModal();
    else if (before) (opened.querySelector("[aria-current]") ?? opened.querySelector("button"))?.focus({ preventScroll: true });
    opened.scrollTop = 0;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-mail]");
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (!window.leadsite?.page || document.querySelector(".mv--page")) return;
    event.preventDefault();
    show(link.href);
  });
})();
