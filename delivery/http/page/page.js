"use strict";

const form = document.getElementById("search");
const summary = document.getElementById("summary");
const hits = document.getElementById("hits");
const template = document.getElementById("hit");
const more = document.getElementById("more");

// The number of the latest request. Answers to earlier requests are discarded.
let latestRequest = 0;

function money(amount, currency) {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
  } catch {
    return `${amount} ${currency ?? ""}`;
  }
}

function isWebUrl(url) {
  return /^https?:\/\//i.test(url);
}

function imageUrl(url) {
  return isWebUrl(url) ? url : `/${url.replace(/^\/+/, "")}`;
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
  if (product.image_url) image.src = imageUrl(product.image_url);
  image.addEventListener("error", () => image.removeAttribute("src"));
  const name = item.querySelector("h2 a");
  name.textContent = product.name;
  // Only web addresses become links, never scripts.
  if (isWebUrl(product.link)) name.href = product.link;
  item.querySelector(".category").textContent = [product.brand, product.main_category, product.sub_category].filter(Boolean).join(" · ");
  item.querySelector(".description").textContent = product.description;
  item.querySelector(".facts").append(...facts(product));
  const closeness = similarity === null ? "" : `, similarity ${similarity.toFixed(3)}`;
  if (score !== null) item.querySelector(".score").textContent = `score ${score.toFixed(3)}${closeness}`;
  return item;
}

function showSummary(text, poor = false) {
  summary.textContent = text;
  summary.classList.toggle("poor", poor);
}

function describe(answer, milliseconds) {
  const corrections = answer.corrections.map(({ from, to }) => `“${to}” instead of “${from}”`).join(", ");
  const products = answer.total === 1 ? "1 product" : `${answer.total} products`;
  const count = `${products} in ${milliseconds.toFixed(0)} ms`;
  const searched = corrections ? ` Searched for ${corrections}.` : "";
  if (answer.closest) return showSummary(`No product fits. These come closest.${searched}`, true);
  if (answer.total === 0) return showSummary(`No products found.${searched}`, true);
  showSummary(`${count}.${searched}`);
}

// Hits can be listed up to this number.
const deepest = 10000;

async function fetchPage(page) {
  const request = ++latestRequest;
  const parameters = new URLSearchParams(new FormData(form));
  parameters.set("page", page);
  const start = performance.now();
  more.disabled = true;
  try {
    const response = await fetch(`/api/search?${parameters}`);
    const answer = await response.json();
    if (request !== latestRequest) return;
    if (!response.ok) throw new Error(answer.error?.message ?? response.statusText);
    if (page === 1) {
      hits.replaceChildren();
      describe(answer, performance.now() - start);
    }
    hits.append(...answer.hits.map(card));
    const last = Math.min(answer.total, deepest - answer.page_size);
    more.hidden = answer.closest || page * answer.page_size >= last;
    more.onclick = () => fetchPage(page + 1);
  } catch (error) {
    if (request !== latestRequest) return;
    more.hidden = true;
    showSummary(`The search failed: ${error.message}`, true);
  } finally {
    more.disabled = false;
  }
}

function search() {
  const query = form.q.value.trim();
  // Without a query, all products are listed.
  document.title = query ? `${query} · akin` : "akin: find products by meaning";
  return fetchPage(1);
}

/** Searches, and adds the search to the browser's history. */
function submitSearch() {
  const address = form.q.value.trim() ? `/?${new URLSearchParams(new FormData(form))}` : "/";
  if (address !== location.pathname + location.search) history.pushState(null, "", address);
  search();
}

function searchByAddress() {
  const parameters = new URLSearchParams(location.search);
  form.q.value = parameters.get("q") ?? "";
  form.mode.value = parameters.get("mode") ?? "hybrid";
  if (!form.mode.value) form.mode.value = "hybrid";
  search();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submitSearch();
});
form.mode.addEventListener("change", submitSearch);
addEventListener("popstate", searchByAddress);
searchByAddress();
