/* The draft card: approve, edit, outlive an update. */
(() => {
  "use strict";
  const card = () => document.querySelector("[data-draft]");

  function warn(words) {
    const line = card().querySelector(".ib-draft__warn");
    line.textContent = words;
    line.hidden = false;
  }

  function edit(text = null) {
    const draft = card();
    const box = draft.querySelector(".ib-draft__edit");
    draft.dataset.editing = "1";
    if (text !== null) box.value = text;
    box.hidden = false;
    draft.querySelector("[data-draft-body]").hidden = true;
    draft.querySelector("[data-edit]").textContent = "Leave as it was";
    box.focus();
  }

  function leave() {
    const draft = card();
    if (!draft?.dataset.editing) return;
    delete draft.dataset.editing;
    const box = draft.querySelector(".ib-draft__edit");
    box.value = box.defaultValue;
    box.hidden = true;
    draft.querySelector("[data-draft-body]").hidden = false;
    const button = draft.querySelector("[data-edit]");
    button.textContent = "Edit";
    button.focus();
    document.dispatchEvent(new CustomEvent("leadsite:poll"));
  }

  async function approve(button) {
    const draft = card();
    const who = window.leadsite.composer.whoIsReplying();
    if (who && !draft.dataset.asked) {
      draft.dataset.asked = "1";
      warn(`${who} is replying to this lead. Approve anyway?`);
      button.textContent = "Approve anyway";
      return;
    }
    const body = new FormData();
    if (draft.dataset.editing) body.set("body", draft.querySelector(".ib-draft__edit").value);
    if (draft.dataset.confirmed) body.set("confirmed", "1");
    button.disabled = true;
    const answer = await window.leadsite.post(button.dataset.approve, body, { quiet: true });
    button.disabled = Boolean(draft.dataset.stale);
    if (answer.confirm) {
      draft.dataset.confirmed = "1";
      warn(`${answer.error}. Send it with these words?`);
      button.textContent = "Send anyway";
    } else if (answer.error) warn(`${answer.error}. Nothing was sent.`);
    else delete draft.dataset.editing;
  }

  /** What an update may do to a card that is being edited: say that it is stale. */
  function outdate(fresh) {
    const draft = card();
    if (!draft?.dataset.editing) return;
    const next = fresh.querySelector("[data-draft]");
    const same = next && next.dataset.draft === draft.dataset.draft;
    if (same && !next.dataset.stale) return;
    if (draft.dataset.stale) return;
    draft.dataset.stale = next?.dataset.stale || "This draft is no longer the latest";
    draft.classList.add("is-stale");
    warn(`${draft.dataset.stale}. Your words stay here.`);
    for (const button of draft.querySelectorAll("[data-approve], [data-post]")) button.disabled = true;
    const use = document.createElement("button");
    use.type = "button";
    use.className = "ls-btn";
    use.textContent = "Use as my reply";
    use.dataset.useDraft = "1";
    draft.querySelector(".ib-draft__acts").prepend(use);
  }

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest(selector);
    if (on("[data-approve]")) approve(on("[data-approve]"));
    else if (on("[data-edit]")) (card().dataset.editing ? leave() : edit());
    else if (on("[data-more-acts]")) card().classList.toggle("shows-more");
    else if (on("[data-use-draft]")) {
      window.leadsite.composer.put(card().querySelector(".ib-draft__edit").value);
      leave();
      window.leadsite.composer.focus("reply");
    }
  });
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.(".ib-draft__edit")) return;
    if (event.key === "Escape") leave();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      approve(card().querySelector("[data-approve]"));
    }
  });

  window.leadsite.draft = { outdate };
})();
