import { useQuery } from "@tanstack/react-query";
import { Link, getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { type Product, clientOf, dataOf } from "@/shared/api/client";
import { answering } from "@/shared/lib/answering";
import { pairsOf } from "@/shared/lib/attributes";
import { webUrl } from "@/shared/lib/links";
import { Availability } from "@/shared/ui/availability";
import { Icon } from "@/shared/ui/icon";
import { Picture } from "@/shared/ui/picture";
import { Price } from "@/shared/ui/price";
import { Problem } from "@/shared/ui/problem";
import { CARD_GRID, CardSkeleton, ProductCard } from "@/shared/ui/product-card";
import { Stars } from "@/shared/ui/stars";

const route = getRouteApi("/products/$id");

/** A product, and the products most similar to it. */
export function ProductPage() {
  const { id } = route.useParams();
  const router = useRouter();
  const product = useQuery({
    queryKey: ["product", id],
    queryFn: ({ signal }) =>
      dataOf(clientOf().GET("/api/products/{id}", { params: { path: { id } }, signal })),
  });
  useEffect(() => {
    if (product.data) document.title = `${product.data.name} · akin`;
  }, [product.data]);
  return (
    <div {...answering({}, product)}>
      <button type="button" className="btn btn-ghost btn-sm mb-3" onClick={() => router.history.back()}>
        <Icon name="previous" className="size-4" />
        Back
      </button>
      {product.isError && (
        <Problem
          title="The product cannot be shown"
          error={product.error}
          onRetry={() => void product.refetch()}
        />
      )}
      {product.isPending && <ProductSkeleton />}
      {product.data && <Details product={product.data} />}
      {product.data && <Similar id={id} />}
    </div>
  );
}

function Details({ product }: { product: Product }) {
  const link = webUrl(product.link);
  return (
    <article className="bg-base-100 border-base-300 rounded-box grid gap-6 border p-4 md:grid-cols-2 md:p-6">
      <Picture url={product.image_url} className="rounded-box aspect-4/3 p-6" />
      <div className="flex flex-col items-start gap-3">
        <Path product={product} />
        <h1 className="text-2xl font-semibold text-balance">{product.name}</h1>
        {product.ratings !== null && <Stars rating={product.ratings} ratings={product.no_of_ratings} />}
        <Price product={product} large />
        <Availability availability={product.availability} />
        {link && (
          <a href={link} className="btn btn-primary" rel="noreferrer noopener">
            View in the shop
            <Icon name="out" className="size-4" />
          </a>
        )}
        {product.description && <p className="max-w-prose whitespace-pre-line">{product.description}</p>}
        <Attributes text={product.attributes} />
        <p className="muted text-sm">Product {product.product_id}</p>
      </div>
    </article>
  );
}

/** The category and the brand of a product, as links to all of their products. */
function Path({ product: { main_category, sub_category, brand } }: { product: Product }) {
  return (
    <nav aria-label="Category" className="flex flex-wrap items-center gap-2 text-sm">
      {main_category && (
        <Link to="/" search={{ main_category: [main_category] }} className="link">
          {main_category}
        </Link>
      )}
      {sub_category && (
        <>
          <Icon name="next" className="size-3" />
          <Link
            to="/"
            search={{
              ...(main_category && { main_category: [main_category] }),
              sub_category: [sub_category],
            }}
            className="link"
          >
            {sub_category}
          </Link>
        </>
      )}
      {brand && (
        <Link to="/" search={{ brand: [brand] }} className="badge badge-outline">
          {brand}
        </Link>
      )}
    </nav>
  );
}

/** The details of a product: `name: value; name: value`, or any other text as it is. */
function Attributes({ text }: { text: string }) {
  const pairs = pairsOf(text);
  if (!pairs) return <p className="max-w-prose">{text}</p>;
  if (!pairs.length) return null;
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
      {pairs.map(({ name, value }, index) => (
        <div key={index} className="contents">
          <dt className="muted first-letter:uppercase">{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Similar({ id }: { id: string }) {
  const similar = useQuery({
    queryKey: ["similar", id],
    queryFn: ({ signal }) =>
      dataOf(
        clientOf().GET("/api/products/{id}/similar", {
          params: { path: { id }, query: { limit: 8 } },
          signal,
        }),
      ),
  });
  if (similar.data?.hits.length === 0) return null;
  return (
    <section className="mt-8" {...answering({}, similar)}>
      <h2 className="mb-3 text-xl font-semibold">Similar products</h2>
      {similar.isError ? (
        <Problem
          title="Similar products cannot be shown"
          error={similar.error}
          onRetry={() => void similar.refetch()}
        />
      ) : (
        <ol className={CARD_GRID}>
          {similar.data?.hits.map(({ product }) => (
            <li key={product.product_id}>
              <ProductCard product={product} />
            </li>
          ))}
          {similar.isPending && [...Array(4).keys()].map((card) => <CardSkeleton key={card} />)}
        </ol>
      )}
    </section>
  );
}

function ProductSkeleton() {
  return (
    <div
      className="bg-base-100 border-base-300 rounded-box grid gap-6 border p-4 md:grid-cols-2 md:p-6"
      aria-hidden="true"
    >
      <div className="skeleton aspect-4/3" />
      <div className="flex flex-col gap-3">
        <div className="skeleton h-5 w-1/2" />
        <div className="skeleton h-8 w-full" />
        <div className="skeleton h-8 w-1/4" />
        <div className="skeleton h-24 w-full" />
      </div>
    </div>
  );
}
