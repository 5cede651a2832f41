/* The services page: says aloud what has changed, once a state. */
(() => {
  "use strict";
  const heard = new Map();

  function changes() {
    const news = [];
    for (const part of document.querySelectorAll("[data-say]")) {
      const words = part.dataset.say;
      if (heard.has(part.id) && heard.get(part.id) !== words) news.push(words);
      heard.set(part.id, words);
    }
    return news;
  }

  window.addEventListener("load", () => {
    changes();
    const live = document.getElementById("sv-live");
    for (const name of ["htmx:afterSettle", "htmx:oobAfterSwap"]) {
      document.body.addEventListener(name, () => {
        const news = changes();
        if (news.length) live.textContent = news.join(" ");
      });
    }
  });
})();
