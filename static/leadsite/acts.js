/* Acts of the lead page and the review queue: posts, dialogs, keys.
   After every post the document hears leadsite:changed; the page fetches anew. */
(() => {
  "use strict";
  const { page, onKeys } = window.leadsite;

  const changed = (answer = {}) =>
    document.dispatchEvent(new CustomEvent("leadsite:changed", { detail: answer }));
  const post = page.poster({ open: (url) => location.assign(url), done: changed });

  page.onClicks(page.clicks(post), ".ld-dots");
  page.onForms(post, changed);

  const pressed = (key) => () => {
    const shown = [...document.querySelectorAll(`[data-key="${key}"]`)];
    const button = shown.find((one) => !one.disabled && one.closest("details:not([open])") === null);
    const folded = button ?? shown.find((one) => !one.disabled);
    if (!folded) return false;
    folded.click();
    return true;
  };
  onKeys(Object.fromEntries([..."rnhaexgcdi"].map((key) => [key, pressed(key)])));
})();
