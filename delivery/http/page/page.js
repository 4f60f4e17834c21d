"use strict";

const form = document.getElementById("search");
const summary = document.getElementById("summary");
const hits = document.getElementById("hits");
const template = document.getElementById("hit");
const more = document.getElementById("more");

// Only the answer to the newest question is shown, whichever arrives last.
let newest = 0;

function money(amount, currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
  } catch {
    return `${amount} ${currency ?? ""}`;
  }
}

function isOfTheWeb(url) {
  return /^https?:\/\//i.test(url);
}

function picture(url) {
  return isOfTheWeb(url) ? url : `/${url.replace(/^\/+/, "")}`;
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
  const name = item.querySelector("h2 a");
  name.textContent = product.name;
  // A link that runs a script is none.
  if (isOfTheWeb(product.link)) name.href = product.link;
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
  const corrections = answer.corrections.map(({ from, to }) => `“${to}” instead of “${from}”`).join(", ");
  const products = answer.total === 1 ? "1 product" : `${answer.total} products`;
  const count = `${products} in ${milliseconds.toFixed(0)} ms`;
  const searched = corrections ? ` Searched for ${corrections}.` : "";
  if (answer.good) return say(`${count}.${searched}`);
  say(`Nothing here fits well; these come closest: ${count}.${searched}`, true);
}

function reset() {
  newest += 1;
  hits.replaceChildren();
  more.hidden = true;
  document.title = "akin: find products by meaning";
  say("Search in your own words.");
}

async function ask(page) {
  const question = ++newest;
  const parameters = new URLSearchParams(new FormData(form));
  parameters.set("page", page);
  const began = performance.now();
  more.disabled = true;
  try {
    const response = await fetch(`/api/search?${parameters}`);
    const answer = await response.json();
    if (question !== newest) return;
    if (!response.ok) throw new Error(answer.error?.message ?? response.statusText);
    if (page === 1) {
      hits.replaceChildren();
      describe(answer, performance.now() - began);
    }
    hits.append(...answer.hits.map(card));
    more.hidden = page * answer.page_size >= answer.total;
    more.onclick = () => ask(page + 1);
  } catch (error) {
    if (question !== newest) return;
    more.hidden = true;
    say(`The search failed: ${error.message}`, true);
  } finally {
    more.disabled = false;
  }
}

function search() {
  const query = form.q.value.trim();
  if (!query) return reset();
  document.title = `${query} · akin`;
  return ask(1);
}

/** Searches, and lets the browser's Back button lead to what was searched for before. */
function searchAnew() {
  const address = form.q.value.trim() ? `/?${new URLSearchParams(new FormData(form))}` : "/";
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
  search();
}

function searchByAddress() {
  const asked = new URLSearchParams(location.search);
  form.q.value = asked.get("q") ?? "";
  form.mode.value = asked.get("mode") ?? "hybrid";
  if (!form.mode.value) form.mode.value = "hybrid";
  search();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  searchAnew();
});
form.mode.addEventListener("change", searchAnew);
addEventListener("popstate", searchByAddress);
searchByAddress();
