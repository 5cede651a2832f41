/* How many texts a text is, and what it costs: window.leadsite.counting. */
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("ib-data").textContent);
  const basic = new Set(data.basic);
  const extended = new Set(data.extended);

  /** Parts of a text as messaging/segments.py counts them. */
  function segments(text) {
    let septets = 0;
    let gsm = true;
    for (const letter of text) {
      if (basic.has(letter)) septets += 1;
      else if (extended.has(letter)) septets += 2;
      else { gsm = false; break; }
    }
    const [single, multi] = gsm ? [160, 153] : [70, 67];
    const characters = gsm ? septets : text.length;
    const one = characters <= single;
    return {
      encoding: gsm ? "GSM-7" : "UCS-2",
      characters,
      perSegment: one ? single : multi,
      segments: one ? Number(characters > 0) : Math.ceil(characters / multi),
    };
  }

  function money(micro) {
    const amount = micro / 1e6;
    return amount >= 1 ? `$${amount.toFixed(2)}` : `$${amount.toFixed(4)}`;
  }

  /** "132/160 · 1 text · $0.0083" */
  function words(text, price) {
    const found = segments(text);
    const room = found.perSegment * Math.max(1, found.segments);
    const texts = `${found.segments} text${found.segments === 1 ? "" : "s"}`;
    if (!found.characters) return `0/${room}`;
    const cost = price ? ` · ${money(found.segments * price)}` : "";
    const odd = found.encoding === "UCS-2" ? " · UCS-2" : "";
    return `${found.characters}/${room} · ${texts}${cost}${odd}`;
  }

  window.leadsite.counting = { segments, words };
})();
