// The script of all pages for people. Each page works without it.
"use strict";
document.documentElement.classList.add("scripted");

// Copy buttons: <button class="script" data-copy="ID of an element">.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const words = button.textContent;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = words; }, 2000);
  });
}

// The address of a lock, computed here before anything is sent: it is only a sha256.
const form = document.getElementById("commit-form");
if (form) {
  const files = form.elements.document, text = form.elements.text, computed = document.getElementById("computed");
  const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const sha256 = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));
  const address = async () => {
    if (!globalThis.crypto || !crypto.subtle) return "";
    const chosen = [...files.files];
    if (chosen.length === 1) return sha256(await chosen[0].arrayBuffer());
    if (chosen.length > 1) {
      const lines = await Promise.all(chosen.map(async (file) => `${await sha256(await file.arrayBuffer())}  ${file.name}\n`));
      return sha256(new TextEncoder().encode(lines.join("")));
    }
    return text.value ? sha256(new TextEncoder().encode(text.value)) : "";
  };
  const show = async () => {
    const both = files.files.length && text.value.trim();
    const found = both ? "" : await address();
    computed.textContent = both ? "Choose files, or paste a text: not both." : found ? `Its address will be ${found}` : "";
  };
  files.addEventListener("change", show);
  text.addEventListener("input", show);
  const drop = document.getElementById("drop");
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    files.files = event.dataTransfer.files;
    show();
  });
}

// The addresses that this browser has seen. They stay in it.
const KEY = "reqpi-addresses", MOST = 10;
const recall = () => { try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch { return []; } };
const own = document.getElementById("address");
try {
  if (own) {
    const known = recall().filter((each) => each.address !== own.textContent);
    const seen = { address: own.textContent, at: new Date().toISOString().slice(0, 10) };
    localStorage.setItem(KEY, JSON.stringify([seen, ...known].slice(0, MOST)));
  }
} catch { /* A browser may forbid it. */ }
const list = document.getElementById("recent-list");
if (list) {
  for (const each of recall().filter((each) => /^[0-9a-f]{64}$/.test(each.address)).slice(0, MOST)) {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = `${each.address}/`;
    link.textContent = each.address.slice(0, 16);
    item.append(link, ` seen ${String(each.at).slice(0, 10)}`);
    list.append(item);
  }
  if (list.children.length) document.getElementById("recent").hidden = false;
}

// The bar of a hold that runs: look at its progress until it ends, and then show the page again.
const bar = document.getElementById("bar");
if (bar) {
  const words = document.getElementById("bar-text");
  const look = async () => {
    const answer = await fetch(bar.dataset.held, { headers: { Accept: "application/json" } });
    const state = await answer.json();
    if (!answer.ok || !state.holding) { location.reload(); return; }
    bar.max = Math.max(state.holding.size, state.holding.held_size, 1);
    bar.value = state.holding.held_size;
    words.textContent = `${state.holding.held} of ${state.holding.files} files`;
    setTimeout(look, 1000);
  };
  setTimeout(look, 1000);
}

// The table of all pins, if the page has all of them: searched and sorted here. Otherwise the server does both.
for (const table of document.querySelectorAll("table[data-whole]")) {
  const field = document.getElementById("q"), found = document.getElementById("found");
  const bodies = [...table.tBodies], heads = [...table.tHead.rows[0].cells];
  const keep = (name, value) => {
    const url = new URL(location.href);
    url.searchParams.set(name, value);
    history.replaceState(null, "", url);
  };
  const search = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const body of bodies) {
      body.hidden = !words.every((word) => body.dataset.find.includes(word) || body.dataset.find.includes(word.replace(/[-_.]+/g, "-")));
      count += body.hidden ? 0 : 1;
    }
    found.textContent = `${count} of ${bodies.length} pins.`;
  };
  field.addEventListener("input", () => { search(); keep("q", field.value); });
  document.getElementById("search").addEventListener("submit", (event) => { event.preventDefault(); search(); });
  heads.forEach((head, column) => head.querySelector("a").addEventListener("click", (event) => {
    event.preventDefault();
    const down = head.getAttribute("aria-sort") === "ascending";
    const key = (body) => body.rows[0].cells[column].dataset.sort ?? body.rows[0].cells[column].textContent;
    const numbers = bodies.every((body) => "sort" in body.rows[0].cells[column].dataset);
    const compare = (one, two) => numbers ? key(one) - key(two) : key(one).localeCompare(key(two));
    bodies.sort((one, two) => (down ? -1 : 1) * compare(one, two));
    table.append(...bodies);
    for (const each of heads) each.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    keep("sort", (down ? "-" : "") + head.textContent.trim());
  }));
}
