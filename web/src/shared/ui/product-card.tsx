import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Product } from "@/shared/api/client";
import { Availability } from "./availability";
import { Picture } from "./picture";
import { Price } from "./price";
import { Stars } from "./stars";

/** A product in a grid; `children` are notes below it. */
export function ProductCard({ product, children }: { product: Product; children?: ReactNode }) {
  return (
    <article className="bg-base-100 border-base-300 rounded-box relative flex h-full flex-col overflow-hidden border transition-shadow focus-within:shadow-md hover:shadow-md">
      <Picture url={product.image_url} className="aspect-4/3 p-4" />
      <div className="flex flex-1 flex-col gap-1 p-3">
        <p className="muted truncate text-xs">
          {[product.brand, product.sub_category || product.main_category].filter(Boolean).join(" · ") ||
            "\u00a0"}
        </p>
        <h3 className="line-clamp-3 leading-snug font-medium">
          {/* The link covers the card. */}
          <Link
            to="/products/$id"
            params={{ id: product.product_id }}
            className="after:absolute after:inset-0 hover:underline"
          >
            {product.name}
          </Link>
        </h3>
        <div className="mt-auto pt-1">
          {product.ratings !== null && <Stars rating={product.ratings} ratings={product.no_of_ratings} />}
          <Price product={product} />
          {/* On a card, in stock is what one expects. */}
          {product.availability !== "in stock" && <Availability availability={product.availability} />}
        </div>
        {children}
      </div>
    </article>
  );
}

/** The place of a card before its product is there. */
export function CardSkeleton() {
  return (
    <div className="bg-base-100 border-base-300 rounded-box flex h-full flex-col overflow-hidden border">
      <div className="skeleton aspect-4/3 rounded-none" />
      <div className="flex flex-col gap-2 p-3">
        <div className="skeleton h-3 w-1/2" />
        <div className="skeleton h-4 w-full" />
        <div className="skeleton h-4 w-2/3" />
        <div className="skeleton mt-3 h-6 w-1/3" />
      </div>
    </div>
  );
}

/** The columns of product cards. */
export const CARD_GRID =
  "grid grid-cols-1 gap-3 min-[360px]:grid-cols-2 md:grid-cols-3 xl:grid-cols-4 sm:gap-4";
