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
