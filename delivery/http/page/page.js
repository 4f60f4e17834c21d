"use strict";

const form = document.getElementById("search");
const summary = document.getElementById("summary");
const hits = document.getElementById("hits");
const template = document.getElementById("hit");

// Only the answer to the newest question is shown, whichever arrives last.
let newest = 0;

function money(amount, currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
  } catch {
    return `${amount} ${currency ?? ""}`;
  }
}

function picture(url) {
  return /^https?:/.test(url) ? url : `/${url.replace(/^\/+/, "")}`;
}

function facts(product) {
  const parts = [];
  const price = product.discount_price ?? product.actual_price;
  if (price !== null) parts.push(document.createTextNode(money(price, product.currency)));
  if (product.discount_price !== null && product.actual_price > product.discount_price) {
    const before = document.createElement("s");
    before.textContent = money(product.actual_price, product.currency);
    parts.push(before);
  }
  if (product.ratings !== null) {
    const stars = document.createElement("span");
    stars.textContent = `★ ${product.ratings}` + (product.no_of_ratings === null ? "" : ` (${product.no_of_ratings})`);
    parts.push(stars);
  }
  return parts;
}

function card({ product, score, similarity }) {
  const item = template.content.cloneNode(true);
  const image = item.querySelector("img");
  if (product.image_url) image.src = picture(product.image_url);
  image.addEventListener("error", () => image.removeAttribute("src"));
  item.querySelector("h2").textContent = product.name;
  item.querySelector(".shelf").textContent = [product.brand, product.main_category, product.sub_category].filter(Boolean).join(" · ");
  item.querySelector(".description").textContent = product.description;
  item.querySelector(".facts").append(...facts(product));
  const cosine = similarity === null ? "" : `, cosine ${similarity.toFixed(3)}`;
  item.querySelector(".score").textContent = `score ${score.toFixed(3)}${cosine}`;
  return item;
}

function say(text, poor = false) {
  summary.textContent = text;
  summary.classList.toggle("poor", poor);
}

function describe(answer, milliseconds) {
  if (answer.total === 0) return say("Nothing was found.", true);
  const repaired = answer.repaired.map(({ from, to }) => `“${to}” for “${from}”`).join(", ");
  const count = `${answer.total} products in ${milliseconds.toFixed(1)} ms`;
  const searched = repaired ? ` Searched for ${repaired}.` : "";
  if (answer.good) return say(`${count}.${searched}`);
  say(`Nothing here fits well; these come closest: ${count}.${searched}`, true);
}

async function search() {
  const question = ++newest;
  const parameters = new URLSearchParams(new FormData(form));
  if (!parameters.get("q").trim()) {
    hits.replaceChildren();
    return say("Search in your own words.");
  }
  history.replaceState(null, "", `/?${parameters}`);
  const began = performance.now();
  try {
    const response = await fetch(`/api/search?${parameters}`);
    const answer = await response.json();
    if (question !== newest) return;
    if (!response.ok) throw new Error(answer.error?.message ?? response.statusText);
    hits.replaceChildren(...answer.hits.map(card));
    describe(answer, performance.now() - began);
  } catch (error) {
    if (question !== newest) return;
    hits.replaceChildren();
    say(`The search failed: ${error.message}`, true);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
form.mode.addEventListener("change", search);

const asked = new URLSearchParams(location.search);
if (asked.get("q")) {
  form.q.value = asked.get("q");
  if (asked.get("mode")) form.mode.value = asked.get("mode");
  search();
}
