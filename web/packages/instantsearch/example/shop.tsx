import { createSearchClient } from "akin-instantsearch";
import type { Hit } from "instantsearch.js";
import { createRoot } from "react-dom/client";
import {
  Autocomplete,
  ClearRefinements,
  Configure,
  CurrentRefinements,
  HierarchicalMenu,
  Highlight,
  Hits,
  InstantSearch,
  Pagination,
  RangeInput,
  RefinementList,
  Snippet,
  SortBy,
  Stats,
  ToggleRefinement,
} from "react-instantsearch";

// The one line that an InstantSearch page changes.
const address = new URLSearchParams(location.search).get("akin") ?? "http://127.0.0.1:8080";
const searchClient = createSearchClient({ address });

type Product = Hit<{
  name: string;
  description: string;
  image_url: string;
  price: number | null;
  currency: string | null;
}>;

const SORTS = [
  { label: "Best match", value: "products" },
  { label: "Price: low to high", value: "products_price_asc" },
  { label: "Price: high to low", value: "products_price_desc" },
  { label: "Best rated", value: "products_rating" },
];

const CATEGORIES = ["category.lvl0", "category.lvl1"];

function Shop() {
  return (
    <InstantSearch
      searchClient={searchClient}
      indexName="products"
      future={{ preserveSharedStateOnUnmount: true }}
    >
      <Configure hitsPerPage={12} attributesToSnippet={["description:16"]} />
      <h1>A shop with InstantSearch over akin</h1>
      <Autocomplete
        placeholder="Find products in your own words"
        showQuerySuggestions={{ indexName: "products_suggestions" }}
        indices={[
          {
            indexName: "products",
            searchParameters: { hitsPerPage: 3 },
            headerComponent: () => <>Products</>,
            itemComponent: ({ item }) => <Highlight hit={item as Product} attribute="name" />,
            getQuery: (item) => item["name"] as string,
          },
        ]}
      />
      <div className="bar">
        <Stats />
        <SortBy items={SORTS} />
      </div>
      <CurrentRefinements />
      <div className="shop">
        <aside aria-label="Filters">
          <ClearRefinements />
          <h2>Category</h2>
          <HierarchicalMenu attributes={CATEGORIES} limit={20} />
          <h2>Brand</h2>
          <RefinementList attribute="brand" searchable searchablePlaceholder="Find a brand" limit={6} />
          <h2>Price</h2>
          <RangeInput attribute="price" />
          <h2>Offers</h2>
          <ToggleRefinement attribute="discounted" label="Reduced only" />
        </aside>
        <main>
          <Hits hitComponent={Card} />
          <Pagination />
        </main>
      </div>
    </InstantSearch>
  );
}

function Card({ hit }: { hit: Product }) {
  const picture = new URL(hit.image_url, `${address}/`).href;
  return (
    <article>
      <img src={picture} alt="" loading="lazy" />
      <h3>
        <Highlight hit={hit} attribute="name" />
      </h3>
      <p>
        <Snippet hit={hit} attribute="description" />
      </p>
      {hit.price !== null && (
        <p className="price">
          {hit.currency} {hit.price.toLocaleString("en")}
        </p>
      )}
    </article>
  );
}

const root = document.getElementById("root");
if (root) createRoot(root).render(<Shop />);
