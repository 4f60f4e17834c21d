const LABELS: Record<string, { label: string; style: string }> = {
  "in stock": { label: "In stock", style: "text-success" },
  "out of stock": { label: "Out of stock", style: "text-error" },
  preorder: { label: "Preorder", style: "text-info" },
  backorder: { label: "On backorder", style: "text-info" },
};

/** Says whether a product can be had now; nothing if that is not known. */
export function Availability({ availability }: { availability: string | undefined }) {
  if (!availability) return null;
  const { label, style } = LABELS[availability] ?? { label: availability, style: "muted" };
  return <p className={`text-sm font-medium ${style}`}>{label}</p>;
}
